"""Offers from a price feed: a CSV table becomes the offers file; invalid rows are reported, not lost."""

import csv
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from audiences.imports.import_report import ImportReport, RejectReason
from audiences.imports.mapping import ImportMapping
from campaigns.core.errors import Problem
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.core.private_files import inherited_umask, make_private_folder, open_private
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.validate import validate
from campaigns.offers.price_feed_rows import LABEL_COLUMNS, LABELLED, column_of, feed_rows, open_feed
from campaigns.workspace.context import Context
from campaigns.workspace.offer_goods import OfferGoods
from campaigns.workspace.offers_file import load_offers, offer_problems
from campaigns.workspace.value_labels import ColumnLabels, write_feed_labels

_UNQUOTED: Final = ("price", "lowest_price_30d", "valid_from", "valid_to")
_FOUND_IN_REGISTER: Final = ("unknown_goods", "doubtful_goods")  # others are found without it
_UNWRITABLE: Final = re.compile(r"[^\t\n -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class PriceFeed:
    """Result of reading a price feed: its offers, the problems of invalid rows, its number of rows.

    `description` says what the file is. `labels` are the names of departments and categories for members, where the
    feed has them.
    """

    offers: tuple[Offer, ...]
    problems: tuple[Problem, ...]
    row_count: int
    description: str = ""
    labels: ColumnLabels = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[RejectReason, ...]:
        """Return the reasons of invalid rows, the most frequent first."""
        lines: dict[tuple[str, str], list[int]] = {}
        for problem in self.problems:
            lines.setdefault((column_of(problem), problem.message), []).append(problem.place.line)
        reasons = [RejectReason(*cause, len(set(listed)), min(listed)) for cause, listed in lines.items()]
        return tuple(sorted(reasons, key=lambda reason: (-reason.rows, reason.first_line)))

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
                    *((problem.place.line, column_of(problem), problem.message) for problem in self.problems),
                ]
            )
        return True


def import_offers(context: Context, file: Path, mapping: ImportMapping | None = None) -> ImportReport:
    """Replace the workspace's offers file by a price feed; invalid rows are written to `data/rejects` with a reason.

    A feed without a valid row replaces nothing.
    """
    repository, workspace = context.repository, context.workspace
    goods, sites = repository.goods_protection.offer_goods, repository.settings.offer_sites
    feed = read_price_feed(file, repository.catalogue, goods, mapping, sites)
    earlier = () if repository.offer_problems() else repository.offers  # a feed mends a broken file
    unchanged = len(set(feed.offers) & set(earlier))
    if feed.offers:
        write_offers_file(feed.offers, workspace.offers, repository.catalogue)
        write_feed_labels(workspace.labels, feed.labels)
    rejects = workspace.data / "rejects" / f"offers-{file.stem}.csv"
    rejected = feed.row_count - len(feed.offers)
    rejects_file = rejects if feed.write_rejects(rejects) else None
    return ImportReport(
        feed.row_count,
        len(feed.offers) - unchanged,
        unchanged,
        rejected,
        reasons=feed.reasons,
        format=feed.description,
        rejects_path=rejects_file,
    )


def read_price_feed(
    path: Path,
    catalogue: Catalogue,
    goods: OfferGoods | None = None,
    mapping: ImportMapping | None = None,
    sites: Collection[str] | None = None,
) -> PriceFeed:
    """Return the offers of a CSV, Excel or Parquet file, whose columns are `PRICE_FEED_COLUMNS` or mapped to them.

    With `goods`, rows of goods that the product register does not know, or that may be sensitive, are invalid; with
    `sites`, rows that lead elsewhere, and rows of goods that have another price on the same day in a row before.
    Raise UserError when the file cannot be read or its header is wrong.
    """
    problems: list[Problem] = []
    reader = open_feed(path, mapping)
    rows = list(feed_rows(path, reader, mapping, problems))
    row_count = len(rows) + len(problems)
    problems += [problem for at in rows if (problem := _unwritable_character(at)) is not None]
    unwritable_lines = {problem.place.line for problem in problems}
    writable = [at for at in rows if at.place.line not in unwritable_lines]
    labels = _labels(writable, problems)
    located_offers = [
        (offer, at) for at in map(_without_labels, writable) if (offer := validate(Offer, at, problems)) is not None
    ]
    problems += offer_problems(located_offers, catalogue, sites)
    problems += _unshown_goods(located_offers, goods) if goods is not None else ()
    invalid_lines = {problem.place.line for problem in problems}
    offers = tuple(offer for offer, at in located_offers if at.place.line not in invalid_lines)
    return PriceFeed(offers, tuple(problems), row_count, reader.description, labels)


def _unwritable_character(at: Located) -> Problem | None:
    """Return the problem of a row with a character that the files written from it could not hold."""
    cells: Mapping[str, object] = at.value  # type: ignore[assignment]  # `feed_rows` yields mappings
    for name, cell in cells.items():
        for text in cell.values() if isinstance(cell, dict) else cell if isinstance(cell, list) else [cell]:
            match = _UNWRITABLE.search(text) if isinstance(text, str) else None
            if match is not None:
                message = f"the character U+{ord(match[0]):04X} may not stand in `{name}`"
                return Problem(at.place, message, "control_character", "remove it, or retype the cell")
    return None


def _labels(rows: Iterable[Located], problems: list[Problem]) -> ColumnLabels:
    """Return the labels in the rows, the first of a value; report labels that lack a language."""
    labels: dict[str, dict[str, Localised]] = {name: {} for name in LABELLED}
    for at in rows:
        cells: Mapping[str, str] = at.value  # type: ignore[assignment]  # `feed_rows` yields mappings
        for name in LABELLED:
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
    cells: Mapping[str, object] = at.value  # type: ignore[assignment]  # `feed_rows` yields mappings
    return replace(at, value={name: value for name, value in cells.items() if name not in LABEL_COLUMNS})


def _unshown_goods(located_offers: Iterable[tuple[Offer, Located]], goods: OfferGoods) -> Iterator[Problem]:
    for offer, at in located_offers:
        fault = goods.fault(offer)
        if fault is not None and (fault.part == "products" or fault.code in _FOUND_IN_REGISTER):
            yield Problem(at.part(fault.part).place, fault.reason, fault.code, fault.hint)


def write_offers_file(offers: Iterable[Offer], path: Path, catalogue: Catalogue) -> None:
    """Write the offers file, sorted by id; replace the old one only when the new one loads without problems."""
    draft = path.with_suffix(".new.yaml")
    lines = ["# Written by `viesti import offers`: edit the price feed instead.", "offers:"]
    for offer in sorted(offers, key=lambda offer: offer.id):
        values = {
            name: value for name, value in offer.model_dump(mode="json", exclude_none=True).items() if value != []
        }
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
