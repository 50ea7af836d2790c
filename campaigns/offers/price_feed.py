"""Offers from a price feed: a CSV table becomes the offers file; invalid rows are reported, not lost."""

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Final

from audiences.imports.chunk import check_column_count
from audiences.imports.csv_reader import recognise_delimiter
from audiences.imports.import_report import ImportReport
from audiences.imports.text_encoding import text_codec
from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.core.private_files import inherited_umask, make_private_folder, open_private
from campaigns.core.regular_files import open_regular
from campaigns.core.yaml.located import Located, NodePath
from campaigns.core.yaml.scalar import parse_scalar
from campaigns.core.yaml.validate import validate
from campaigns.workspace.context import Context
from campaigns.workspace.offer_goods import OfferGoods
from campaigns.workspace.offers_file import load_offers, offer_problems
from campaigns.workspace.value_labels import ColumnLabels, write_feed_labels

_LOCALISED: Final = ("title", "text", "unit")
_LABELLED: Final = ("department", "product_category")
_LABEL_COLUMNS: Final = tuple(f"{name}_{language}" for name in _LABELLED for language in Language)
_NUMBERS: Final = ("price", "lowest_price_30d", "weight")
_UNQUOTED: Final = ("price", "lowest_price_30d", "valid_from", "valid_to")
_OPTIONAL: Final = (
    "lowest_price_30d",
    "product_type",
    "brand",
    "weight",
    *(f"unit_{language}" for language in Language),
    *_LABEL_COLUMNS,
)
_UNWRITABLE: Final = re.compile(r"[^\t\n -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_SIZE: Final = 64 * 1024 * 1024
PRICE_FEED_COLUMNS: Final = (
    "id",
    *(f"{name}_{language}" for name in _LOCALISED for language in Language),
    *("price", "lowest_price_30d", "valid_from", "valid_to", "department", "product_category", "product_type"),
    *("brand", "image", "weight"),
    *_LABEL_COLUMNS,
)


@dataclass(frozen=True, slots=True)
class PriceFeed:
    """Result of reading a price feed: its offers, the problems of invalid rows, its number of rows.

    `labels` are the names of departments and categories for members, where the feed has them.
    """

    offers: tuple[Offer, ...]
    problems: tuple[Problem, ...]
    row_count: int
    labels: ColumnLabels = field(default_factory=dict)

    def write_rejects(self, path: Path) -> bool:
        """Write the problems to a CSV file, replacing an earlier one; return False when there are none."""
        path.unlink(missing_ok=True)
        if not self.problems:
            return False
        make_private_folder(path.parent)
        descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [
                    ("line", "column", "reason"),
                    *((problem.place.line, "", problem.message) for problem in self.problems),
                ]
            )
        return True


def import_offers(context: Context, file: Path) -> ImportReport:
    """Replace the workspace's offers file by a price feed; invalid rows are written to `data/rejects` with a reason.

    A feed without a valid row replaces nothing.
    """
    repository, workspace = context.repository, context.workspace
    feed = read_price_feed(file, repository.catalogue, repository.goods_protection.offer_goods)
    earlier = () if repository.offer_problems() else repository.offers  # a feed mends a broken file
    unchanged = len(set(feed.offers) & set(earlier))
    if feed.offers:
        write_offers_file(feed.offers, workspace.offers, repository.catalogue)
        write_feed_labels(workspace.labels, feed.labels)
    rejects = workspace.data / "rejects" / f"offers-{file.stem}.csv"
    rejected = feed.row_count - len(feed.offers)
    rejects_file = rejects if feed.write_rejects(rejects) else None
    return ImportReport(feed.row_count, len(feed.offers) - unchanged, unchanged, rejected, rejects_path=rejects_file)


def read_price_feed(path: Path, catalogue: Catalogue, goods: OfferGoods | None = None) -> PriceFeed:
    """Return the offers of a CSV file (encoding and delimiter are recognised; the columns of `PRICE_FEED_COLUMNS`).

    With `goods`, rows of goods that the product register does not know, or that may be sensitive, are invalid.
    Raise UserError when the file cannot be read or its header is wrong.
    """
    rows = list(_rows(path))
    problems = [problem for at in rows if (problem := _unwritable_character(at)) is not None]
    unwritable_lines = {problem.place.line for problem in problems}
    writable = [at for at in rows if at.place.line not in unwritable_lines]
    labels = _labels(writable, problems)
    located_offers = [
        (offer, at) for at in map(_without_labels, writable) if (offer := validate(Offer, at, problems)) is not None
    ]
    problems += offer_problems(located_offers, catalogue)
    problems += _unshown_goods(located_offers, goods) if goods is not None else ()
    invalid_lines = {problem.place.line for problem in problems}
    offers = tuple(offer for offer, at in located_offers if at.place.line not in invalid_lines)
    return PriceFeed(offers, tuple(problems), len(rows), labels)


def _unwritable_character(at: Located) -> Problem | None:
    """Return the problem of a row with a character that the files written from it could not hold."""
    cells: Mapping[str, object] = at.value  # type: ignore[assignment]  # `_rows` yields mappings
    for name, cell in cells.items():
        for text in cell.values() if isinstance(cell, dict) else [cell]:
            match = _UNWRITABLE.search(text) if isinstance(text, str) else None
            if match is not None:
                message = f"the character U+{ord(match[0]):04X} may not stand in `{name}`"
                return Problem(at.place, message, "control_character", "remove it, or retype the cell")
    return None


def _labels(rows: Iterable[Located], problems: list[Problem]) -> ColumnLabels:
    """Return the labels in the rows, the first of a value; report labels that lack a language."""
    labels: dict[str, dict[str, Localised]] = {name: {} for name in _LABELLED}
    for at in rows:
        cells: Mapping[str, str] = at.value  # type: ignore[assignment]  # `_rows` yields mappings
        for name in _LABELLED:
            texts = {language.value: cells.get(f"{name}_{language}") for language in Language}
            if not any(texts.values()) or name not in cells:
                continue
            if not all(texts.values()):
                message = f"a label of `{name}` needs Finnish, Swedish and English"
                problems.append(Problem(at.place, message, "incomplete_label", "fill in all three, or none"))
            else:
                labels[name].setdefault(str(cells[name]), Localised.model_validate(texts))
    return labels


def _without_labels(at: Located) -> Located:
    cells: Mapping[str, object] = at.value  # type: ignore[assignment]  # `_rows` yields mappings
    return replace(at, value={name: value for name, value in cells.items() if name not in _LABEL_COLUMNS})


def _unshown_goods(located_offers: Iterable[tuple[Offer, Located]], goods: OfferGoods) -> Iterator[Problem]:
    for offer, at in located_offers:
        reason = goods.reason(offer)
        if reason is not None and reason[0] in ("unknown_goods", "doubtful_goods"):  # others are found without it
            yield Problem(at.part("product_category").place, reason[1], reason[0], reason[2])


def write_offers_file(offers: Iterable[Offer], path: Path, catalogue: Catalogue) -> None:
    """Write the offers file, sorted by id; replace the old one only when the new one loads without problems."""
    draft = path.with_suffix(".new.yaml")
    lines = ["# Written by `viesti import offers`: edit the price feed instead.", "offers:"]
    for offer in sorted(offers, key=lambda offer: offer.id):
        values = offer.model_dump(mode="json", exclude_none=True)
        lines += [
            f"{'- ' if name == 'id' else '  '}{name}: {_yaml_value(name, value)}" for name, value in values.items()
        ]
    with inherited_umask():
        draft.write_text("\n".join(lines) + "\n", "utf-8")
    try:
        load_offers(draft, catalogue)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _yaml_value(name: str, value: object) -> str:
    """Return a value as YAML: texts in quotes, prices and dates plain."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {json.dumps(text, ensure_ascii=False)}" for key, text in value.items()) + "}"
    return str(value) if name in _UNQUOTED else json.dumps(value, ensure_ascii=False)


def _rows(path: Path) -> Iterator[Located]:
    """Yield each row as the keys of an offer, with its line."""
    try:
        with open_regular(path) as file:
            content = file.read(_MAX_SIZE + 1)
    except OSError as error:
        raise UserError.about(str(path), "the file cannot be read", "unreadable", "look at its name") from error
    if len(content) > _MAX_SIZE:
        raise UserError.about(str(path), "the file is larger than any price feed", "too_large", "is it the right one?")
    text = content.decode(text_codec(path, None)).replace("\r\n", "\n")
    delimiter = recognise_delimiter(text.partition("\n")[0])
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_header(path, names)
        for cells in reader:
            if cells:
                values = _values(dict(zip(names, cells, strict=False)))
                places: dict[NodePath, tuple[int, int]] = {(name,): (reader.line_num, 1) for name in values}
                places[()] = (reader.line_num, 1)
                yield Located(str(path), values, places, places)
    except csv.Error as error:
        place = FilePosition(str(path), max(reader.line_num, 1), 1)
        message = f"a field is longer than {csv.field_size_limit()} characters"
        raise UserError([Problem(place, message, "field_too_long", "is a quote before it never closed?")]) from error


def _check_header(path: Path, names: list[str]) -> None:
    place = FilePosition(str(path), 1, 1)
    check_column_count(path, names)
    required = [name for name in PRICE_FEED_COLUMNS if name not in _OPTIONAL]
    problems = [
        *(
            Problem(place, f"the column `{name}` is missing", "missing_column", "add it to the header")
            for name in required
            if name not in names
        ),
        *(
            Problem(
                place,
                f"`{name}` is not a column of this file",
                "unknown_column",
                closest_match(name, PRICE_FEED_COLUMNS),
            )
            for name in names
            if name not in PRICE_FEED_COLUMNS
        ),
    ]
    if problems:
        raise UserError(problems)


def _values(cells: Mapping[str, str]) -> dict[str, object]:
    texts = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    values: dict[str, object] = {
        name: _number(cell) if name in _NUMBERS else cell
        for name, cell in texts.items()
        if name.rpartition("_")[0] not in _LOCALISED
    }
    for name in _LOCALISED:
        translations = {
            language.value: texts[f"{name}_{language}"] for language in Language if f"{name}_{language}" in texts
        }
        if translations:
            values[name] = translations
    return values


def _number(cell: str) -> object:
    """Return a decimal or whole number; other text is returned unchanged and fails validation later.

    Numbers are those of YAML, which have a bound: `1e999999999` would take all the memory there is.
    """
    number = parse_scalar(cell.replace(",", "."))
    return number if isinstance(number, int | Decimal) and not isinstance(number, bool) else cell
