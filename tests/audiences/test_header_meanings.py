"""Proposals know a column by what the catalogue says of it, in any language: columns of one's own as well."""

from pathlib import Path
from typing import Final

import pytest

from audiences.imports.column_kinds import column_kinds
from audiences.imports.import_file import FILE_KINDS
from audiences.imports.proposal import propose_mapping
from audiences.imports.table_reader import open_reader
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.settings_file import load_settings

ROOT: Final = Path(__file__).parents[2]
CATALOGUE: Final = load_catalogue(ROOT / "campaigns" / "workspace" / "starter" / "config" / "catalogue.yaml")
SETTINGS: Final = load_settings(ROOT / "config" / "settings.yaml")


@pytest.mark.parametrize("header", ["Liittymispäivä", "anslutningsdag", "DAY OF JOINING", "joined"])
def test_a_header_that_says_what_the_catalogue_says_is_its_column(tmp_path: Path, header: str) -> None:
    file = tmp_path / "members.csv"
    file.write_text(f"Asiakasnumero;{header}\n1;31.12.2024\n", "utf-8")
    kinds, kind = column_kinds("members", CATALOGUE, SETTINGS), FILE_KINDS["members"]
    proposal = propose_mapping("members", file.name, open_reader(file), kind.columns(CATALOGUE), kind.required, kinds)
    assert f"{header}: joined" in proposal.text
    assert 'joined: "d.M.yyyy"' in proposal.text
