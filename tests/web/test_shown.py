"""What is held, in words that its member understands: no section and no column under a name of ours (GD-10)."""

from datetime import UTC, datetime

import pytest

from campaigns.dossier import Dossier, dossier
from campaigns.spec.words import Language
from campaigns.store import held
from campaigns.web.pages import Pages
from campaigns.web.shown import Shown
from tests.web.town import AINO, Town

AT = datetime(2018, 1, 1, 9, tzinfo=UTC)
_RENAMED = {"choice_entry": "choice_history"}


@pytest.fixture
def shown(town: Town) -> Shown:
    return Shown(Pages(town.engine.library.settings), town.engine.library.catalogue)


@pytest.mark.parametrize("language", Language)
def test_every_table_and_column_of_the_ledger_has_a_word_in_each_language(town: Town, shown: Shown, language: Language):
    tables = [table for table in held.tables_of_members() if table.name not in {*held.ELSEWHERE, "unit", "contact"}]
    rows = {
        _RENAMED.get(table.name, table.name): {
            column.name: None
            for column in table.c
            if column.name not in held.WITHHELD.get(table.name, ()) and column.name != "agent"
        }
        for table in tables
    }
    for section in shown.sections(Dossier(AINO, AT, {name: [row] for name, row in rows.items()}), language):
        assert section.title != section.name.replace("_", " ")
        unnamed = {
            name
            for name, title in zip(rows[section.name], section.columns, strict=True)
            if title == name.replace("_", " ")
        }
        assert unnamed == set(), section.name


@pytest.mark.parametrize("language", Language)
def test_what_is_told_of_messages_has_a_word_in_each_language(town: Town, shown: Shown, language: Language):
    town.send(town.run("offers"))
    told = dossier(town.engine, AINO).sections["messages"]
    (section,) = shown.sections(Dossier(AINO, AT, {"messages": told}), language)
    assert [name for name, title in zip(told[0], section.columns, strict=True) if title == name.replace("_", " ")] == []
