"""What is held, in words that its member understands: no section and no column under a name of ours (GD-10)."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audiences import choices
from audiences.stance import Entry, Source
from campaigns import dossier as making
from campaigns.desk import changing
from campaigns.dossier import Dossier, dossier
from campaigns.spec.words import Choice, Language
from campaigns.store import held
from campaigns.web.coded import CODED, DETAILS
from campaigns.web.pages import Pages, read_words
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


@pytest.mark.parametrize("language", Language)
def test_every_code_has_words_in_each_language(language: Language):
    vocabularies = {**CODED, **{("audit", name): vocabulary for name, vocabulary in DETAILS.items()}}
    brands = {"json", "csv"}
    wordless = {
        (place, str(code))
        for place, vocabulary in vocabularies.items()
        for code in vocabulary.codes
        if code not in brands and vocabulary.word(code, language) == str(code)
    }
    assert wordless == set()


@pytest.mark.parametrize("language", Language)
def test_every_act_on_a_member_that_the_audit_log_keeps_has_words(language: Language):
    acts = set(acts_on_members())
    assert {"erase", "merge", "find", "close_request", "mark", "sign_up"} <= acts
    assert {act for act in acts if CODED["audit", "action"].word(act, language) == act} == set()
    told = {key.removeprefix("action_") for key in read_words("coded.yaml") if key.startswith("action_")}
    assert told == acts


def acts_on_members() -> Iterator[str]:
    """The names of acts, as the modules that know what members are called in the audit log write them down."""
    for file in Path(making.__file__).parent.rglob("*.py"):
        text = file.read_text("utf-8")
        calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
        for call in calls if "audit.of_member(" in text else ():
            named = ast.unparse(call.func)
            place = {"audit.note": 3, "_note": 2}.get(named)
            given = [each.value if isinstance(each, ast.Constant) else None for each in call.args]
            about_a_member = place is not None and (named == "_note" or given[place + 1] not in ("all", "nobody"))
            if place is not None and about_a_member and isinstance(act := given[place], str):
                yield act


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            Language.FI,
            ("asiakasomistaja", "Mainoskirjeet", "pois", "puhelimessa", "Valintoja muutettiin", "Turvakielto"),
        ),
        (Language.SV, ("ägarkund", "Reklambrev", "av", "i telefon", "Val ändrades", "Spärrmarkering")),
        (Language.EN, ("owner", "Advertising letters", "off", "on the telephone", "Choices were changed", "Secret")),
    ],
)
def test_a_member_reads_words_where_codes_are_kept(
    town: Town, shown: Shown, language: Language, words: tuple[str, ...]
):
    at = town.engine.clock.now()
    with town.engine.ledger.write() as connection:
        choices.record(connection, [Entry(AINO, "newsletter:food", False, at, Source.WEB)])
    changing.change_choices(town.engine, AINO, [Entry(AINO, Choice.NO_DIRECT_MAIL, True, at, Source.PHONE)])
    changing.mark(town.engine, AINO, Choice.ADDRESS_SECRET, Source.PHONE, on=True)
    page = shown.file(dossier(town.engine, AINO), "html", language).decode()
    assert [word for word in words if word not in page] == []
    codes = ("no_direct_mail", "address_secret", "change_choices", "newsletter:", "|food|", "email_own", "<dd>owners<")
    assert [code for code in codes if code in page] == []
