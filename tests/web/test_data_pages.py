"""What is held, in words that its member understands: no section and no column under a name of ours (GD-10)."""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from campaigns.core.model.enums import Choice, Language
from campaigns.people.desk import changes
from campaigns.people.privacy import subject_access as making
from campaigns.people.privacy.subject_access import SubjectAccessExport, collect_export
from campaigns.store.people import personal_data
from campaigns.web.members.code_labels import AUDIT_DETAIL_LABELS, COLUMN_LABELS
from campaigns.web.members.data_pages import DataPages
from campaigns.web.page_renderer import PageRenderer, read_text_file
from tests.support.web_client import AINO, WebWorkspace

AT = datetime(2018, 1, 1, 9, tzinfo=UTC)
_RENAMED = {"choice_entry": "choice_history"}


@pytest.fixture
def shown(web_workspace: WebWorkspace) -> DataPages:
    return DataPages(PageRenderer(web_workspace.engine.library.settings), web_workspace.engine.library.catalogue)


@pytest.mark.parametrize("language", Language)
def test_every_table_and_column_of_the_ledger_has_a_word_in_each_language(
    web_workspace: WebWorkspace, shown: DataPages, language: Language
):
    tables = [
        table
        for table in personal_data.member_tables()
        if table.name not in {*personal_data.TABLES_IN_MESSAGES, "unit", "contact"}
    ]
    rows = {
        _RENAMED.get(table.name, table.name): {
            column.name: None
            for column in table.c
            if column.name not in personal_data.WITHHELD_COLUMNS.get(table.name, ()) and column.name != "agent"
        }
        for table in tables
    }
    for section in shown.sections(SubjectAccessExport(AINO, AT, {name: [row] for name, row in rows.items()}), language):
        assert section.title != section.name.replace("_", " ")
        unnamed = {
            name
            for name, title in zip(_without_number(rows[section.name]), section.columns, strict=True)
            if title == name.replace("_", " ")
        }
        assert unnamed == set(), section.name


@pytest.mark.parametrize("language", Language)
def test_what_is_told_of_messages_has_a_word_in_each_language(
    web_workspace: WebWorkspace, shown: DataPages, language: Language
):
    web_workspace.send(web_workspace.run("offers"))
    told = collect_export(web_workspace.engine, AINO).sections["messages"]
    (section,) = shown.sections(SubjectAccessExport(AINO, AT, {"messages": told}), language)
    named = zip(_without_number(told[0]), section.columns, strict=True)
    assert [name for name, title in named if title == name.replace("_", " ")] == []


def _without_number(row: Mapping[str, object]) -> list[str]:
    """The columns of a row without whose it is, which stands once, with the contact."""
    return [name for name in row if name != "member_id"]


@pytest.mark.parametrize(
    ("language", "written"),
    [
        (Language.FI, ["20.12.2017 22:30", "3,95", "ei", "24.3.1957", "40,80", "2"]),
        (Language.SV, ["20.12.2017 22:30", "3,95", "nej", "24.3.1957", "40,80", "2"]),
        (Language.EN, ["20 Dec 2017 22:30", "3.95", "no", "24 Mar 1957", "40.80", "2"]),
    ],
)
def test_days_numbers_and_yes_and_no_are_written_as_the_language_does(
    shown: DataPages, language: Language, written: list[str]
):
    at = datetime(2017, 12, 20, 20, 30, tzinfo=UTC)
    row = {
        "a": at,
        "b": Decimal("3.9500"),
        "c": False,
        "d": date(1957, 3, 24),
        "e": Decimal("40.80"),
        "f": Decimal("2.000"),
    }
    (section,) = shown.sections(SubjectAccessExport(AINO, AT, {"anything": [row]}), language)
    assert [value for _, value in section.rows[0]] == written


def test_a_purchase_begins_with_what_it_was_and_does_not_repeat_whose(web_workspace: WebWorkspace, shown: DataPages):
    held = collect_export(web_workspace.engine, AINO)
    (section,) = shown.sections(SubjectAccessExport(AINO, AT, {"purchases": held.sections["purchases"]}), Language.EN)
    kept = dict(held.sections["purchases"][0])
    first = [value for _, value in section.rows[0]][1:4]
    assert first == [kept["product_type"], f"{kept['quantity']:.0f}", f"{kept['amount']:.2f}"]
    assert AINO not in {value for row in section.rows for _, value in row}
    assert section.all == len(held.sections["purchases"]) > 0


def test_rows_of_another_number_say_whose_they_are(shown: DataPages):
    rows = [{"member_id": AINO, "a": 1}, {"member_id": "m99", "a": 2}]
    (section,) = shown.sections(SubjectAccessExport(AINO, AT, {"anything": rows}), Language.EN)
    assert [row[0][1] for row in section.rows] == [AINO, "m99"]


@pytest.mark.parametrize("language", Language)
def test_every_code_has_words_in_each_language(language: Language):
    vocabularies = {
        **COLUMN_LABELS,
        **{("audit", name): vocabulary for name, vocabulary in AUDIT_DETAIL_LABELS.items()},
    }
    brands = {"json", "csv"}
    wordless = {
        (place, str(code))
        for place, vocabulary in vocabularies.items()
        for code in vocabulary.codes
        if code not in brands and vocabulary.label(code, language) == str(code)
    }
    assert wordless == set()


@pytest.mark.parametrize("language", Language)
def test_every_act_on_a_member_that_the_audit_log_keeps_has_words(language: Language):
    acts = set(acts_on_members())
    assert {"erase", "merge", "find", "close_request", "mark", "sign_up"} <= acts
    assert {act for act in acts if COLUMN_LABELS["audit", "action"].label(act, language) == act} == set()
    told = {key.removeprefix("action_") for key in read_text_file("coded.yaml") if key.startswith("action_")}
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
    web_workspace: WebWorkspace, shown: DataPages, language: Language, words: tuple[str, ...]
):
    at = web_workspace.engine.clock.now()
    with web_workspace.engine.ledger.write() as connection:
        choices.record_choices(connection, [ConsentEntry(AINO, "newsletter:food", False, at, ConsentSource.WEB)])
    changes.change_choices(
        web_workspace.engine, AINO, [ConsentEntry(AINO, Choice.NO_DIRECT_MAIL, True, at, ConsentSource.PHONE)]
    )
    changes.mark(web_workspace.engine, AINO, Choice.ADDRESS_SECRET, ConsentSource.PHONE, on=True)
    page = shown.file_content(collect_export(web_workspace.engine, AINO), "html", language).decode()
    assert [word for word in words if word not in page] == []
    codes = ("no_direct_mail", "address_secret", "change_choices", "newsletter:", "|food|", "email_own", "<dd>owners<")
    assert [code for code in codes if code in page] == []
