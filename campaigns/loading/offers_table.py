"""Offers out of a price feed: a CSV table made into the offers file; rows that are no offers are named, not lost."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import Final

from campaigns.errors import AuthorError, Place, Problem, nearest
from campaigns.loading.offers_file import load_offers, offer_problems
from campaigns.loading.shape import shaped
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.located import Located
from campaigns.spec.located import Path as Steps
from campaigns.spec.offer import Offer
from campaigns.spec.words import Language

_LOCALISED: Final = ("title", "text", "unit")
_NUMBERS: Final = ("price", "lowest_price_30d", "weight")
_PLAIN: Final = ("price", "lowest_price_30d", "valid_from", "valid_to")
_OPTIONAL: Final = ("lowest_price_30d", "product_type", "brand", "weight", *(f"unit_{each}" for each in Language))
COLUMNS: Final = (
    "id",
    *(f"{name}_{language}" for name in _LOCALISED for language in Language),
    *("price", "lowest_price_30d", "valid_from", "valid_to", "department", "product_category", "product_type"),
    *("brand", "image", "weight"),
)


@dataclass(frozen=True, slots=True)
class OffersRead:
    """What a table held: its offers, the problems of the rows that are none, and how many rows it had."""

    offers: tuple[Offer, ...]
    problems: tuple[Problem, ...]
    read: int

    def write_rejects(self, path: Path) -> bool:
        """List the problems in a CSV file, replacing an earlier one; false when there are none."""
        path.unlink(missing_ok=True)
        if not self.problems:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [("line", "column", "reason"), *((each.place.line, "", each.message) for each in self.problems)]
            )
        return True


def read_offers(path: Path, catalogue: Catalogue) -> OffersRead:
    """The offers of a CSV file (UTF-8, comma or semicolon, the columns of `COLUMNS`).

    AuthorError when the file cannot be read or its header is wrong.
    """
    rows = list(_rows(path))
    problems: list[Problem] = []
    found = [(offer, at) for at in rows if (offer := shaped(Offer, at, problems)) is not None]
    problems += offer_problems(found, catalogue)
    wrong = {problem.place.line for problem in problems}
    offers = tuple(offer for offer, at in found if at.place.line not in wrong)
    return OffersRead(offers, tuple(problems), len(rows))


def write_offers(offers: Iterable[Offer], path: Path, catalogue: Catalogue) -> None:
    """Write the offers file anew, by id, and let it take its place only when it reads back as it should."""
    draft = path.with_suffix(".new.yaml")
    lines = ["# Written by `viesti import offers`: edit the price feed instead.", "offers:"]
    for offer in sorted(offers, key=lambda each: each.id):
        values = offer.model_dump(mode="json", exclude_none=True)
        lines += [f"{'- ' if name == 'id' else '  '}{name}: {_written(name, value)}" for name, value in values.items()]
    draft.write_text("\n".join(lines) + "\n", "utf-8")
    try:
        load_offers(draft, catalogue)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _written(name: str, value: object) -> str:
    """A value as YAML: texts in quotes, prices and days as they are."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {json.dumps(text, ensure_ascii=False)}" for key, text in value.items()) + "}"
    return str(value) if name in _PLAIN else json.dumps(value, ensure_ascii=False)


def _rows(path: Path) -> Iterator[Located]:
    """Each row as an offer's keys, with the line on which it stands."""
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AuthorError.about(str(path), "the file is not UTF-8 text", "encoding", "save it as UTF-8") from error
    except OSError as error:
        raise AuthorError.about(str(path), "the file cannot be read", "unreadable", "look at its name") from error
    header = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ",")
    names = [name.strip() for name in next(reader, [])]
    _check_header(path, names)
    for cells in reader:
        if cells:
            values = _values(dict(zip(names, cells, strict=False)))
            places: dict[Steps, tuple[int, int]] = {(name,): (reader.line_num, 1) for name in values}
            places[()] = (reader.line_num, 1)
            yield Located(str(path), values, places, places)


def _check_header(path: Path, names: list[str]) -> None:
    place = Place(str(path), 1, 1)
    required = [name for name in COLUMNS if name not in _OPTIONAL]
    problems = [
        *(
            Problem(place, f"the column `{name}` is missing", "missing_column", "add it to the header")
            for name in required
            if name not in names
        ),
        *(
            Problem(place, f"`{name}` is not a column of this file", "unknown_column", nearest(name, COLUMNS))
            for name in names
            if name not in COLUMNS
        ),
    ]
    if problems:
        raise AuthorError(problems)


def _values(cells: Mapping[str, str]) -> dict[str, object]:
    written = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    values: dict[str, object] = {
        name: _number(cell) if name in _NUMBERS else cell
        for name, cell in written.items()
        if name.rpartition("_")[0] not in _LOCALISED
    }
    for name in _LOCALISED:
        said = {
            language.value: written[f"{name}_{language}"] for language in Language if f"{name}_{language}" in written
        }
        if said:
            values[name] = said
    return values


def _number(cell: str) -> object:
    """A decimal or whole number; a text that is none stays one, for its problem to show."""
    try:
        number = Decimal(cell.replace(",", "."))
    except InvalidOperation:
        return cell
    return int(number) if number == number.to_integral_value() and "." not in cell and "," not in cell else number
