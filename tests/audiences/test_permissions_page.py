"""The pages about permissions and imports agree with the code."""

import re
from pathlib import Path
from typing import Final

import pytest

from audiences.consent.consent_state import ConsentSource
from audiences.consent.permissions import permission_condition
from audiences.imports.import_file import FILE_KINDS
from campaigns.core.model.enums import Channel, Choice, Purpose
from campaigns.offers.price_feed import read_price_feed
from tests.support.import_target import CATALOGUE, ImportTarget

DOCS: Final = Path(__file__).parents[2] / "docs"
PERMISSIONS: Final = (DOCS / "permissions.md").read_text(encoding="utf-8")
EXAMPLES: Final = dict(
    re.findall(
        r"^## (\w+)\n\n```csv\n(.*?)```", (DOCS / "importing.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_has_dashes_where_no_permission_exists() -> None:
    section = PERMISSIONS.partition("## What it permits")[2].partition("Over every row")[0]
    rows = [_cells(line) for line in section.splitlines() if line.startswith("| `")]
    documented = {}
    for first, *cells in rows:
        purpose, partner = Purpose(first.split("`")[1]), "partner" in first
        for channel, cell in zip(Channel, cells, strict=True):
            documented[purpose, partner, channel] = cell != "–"
    implemented = {
        (purpose, partner, channel): permission_condition(purpose, channel, partner=partner, newsletter="food")
        is not None
        for purpose in Purpose
        for partner in (False, True)
        for channel in Channel
    }
    assert {cell for cell, possible in documented.items() if possible} == {
        cell for cell, possible in implemented.items() if possible
    }
    assert {purpose for purpose, _, _ in documented} == set(Purpose)


@pytest.mark.parametrize("value", [*Choice, *ConsentSource])
def test_every_choice_and_source_is_explained(value: str) -> None:
    assert f"`{value}`" in PERMISSIONS


def test_every_file_kind_has_an_example() -> None:
    assert set(EXAMPLES) == {*FILE_KINDS, "offers"}


def test_offers_example_is_a_valid_price_feed(tmp_path: Path) -> None:
    feed = tmp_path / "offers.csv"
    feed.write_text(EXAMPLES["offers"], encoding="utf-8")
    price_feed = read_price_feed(feed, CATALOGUE)
    assert (len(price_feed.offers), price_feed.row_count, price_feed.problems) == (1, 1, ())


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_example_files_can_be_imported(target: ImportTarget, kind: str) -> None:
    example = EXAMPLES[kind]
    report = target.import_content(kind, example)
    assert report.stored == report.read == example.count("\n") - 1
    assert report.rejects_path is None
