"""Data pages: every section, column and code has a label in the member's language (GD-10)."""

import ast
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

import campaigns
from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from campaigns.core.model.enums import Choice, Language
from campaigns.people.desk import changes
from campaigns.people.privacy.subject_access import SubjectAccessExport, collect_export
from campaigns.store.people import personal_data
from campaigns.web.members.code_labels import AUDIT_DETAIL_LABELS, COLUMN_LABELS
from campaigns.web.members.data_pages import DataPages
from campaigns.web.page_renderer import PageRenderer, read_text_file
from tests.support.web_client import AINO, WebWorkspace

AT = datetime(2018, 1, 1, 9, tzinfo=UTC)
_RENAMED = {"choice_entry": "choice_history"}


@pytest.fixture
def data_pages(web_workspace: WebWorkspace) -> DataPages:
    return DataPages(
        PageRenderer(web_workspace.engine.context.repository.settings),
        web_workspace.engine.context.repository.catalogue,
    )


@pytest.mark.parametrize("language", Language)
def test_every_ledger_table_and_column_has_a_label_in_each_language(
    web_workspace: WebWorkspace, data_pages: DataPages, language: Language
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
    for section in data_pages.sections(
        SubjectAccessExport(AINO, AT, {name: [row] for name, row in rows.items()}), language
    ):
        assert section.title != section.name.replace("_", " ")
        unnamed = {
            name
            for name, title in zip(_columns_without_member_id(rows[section.name]), section.columns, strict=True)
            if title == name.replace("_", " ")
        }
        assert unnamed == set(), section.name


@pytest.mark.parametrize("language", Language)
def test_every_message_column_has_a_label_in_each_language(
    web_workspace: WebWorkspace, data_pages: DataPages, language: Language
):
    web_workspace.send(web_workspace.run("offers"))
    rows = collect_export(web_workspace.engine.queries, AINO).sections["messages"]
    (section,) = data_pages.sections(SubjectAccessExport(AINO, AT, {"messages": rows}), language)
    named = zip(_columns_without_member_id(rows[0]), section.columns, strict=True)
    assert [name for name, title in named if title == name.replace("_", " ")] == []


def _columns_without_member_id(row: Mapping[str, object]) -> list[str]:
    """Columns of a row without the member id, which is shown once, with the contact."""
    return [name for name in row if name != "member_id"]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (Language.FI, ["20.12.2017 22:30", "3,95", "ei", "24.3.1957", "40,80", "2"]),
        (Language.SV, ["20.12.2017 22:30", "3,95", "nej", "24.3.1957", "40,80", "2"]),
        (Language.EN, ["20 Dec 2017 22:30", "3.95", "no", "24 Mar 1957", "40.80", "2"]),
    ],
)
def test_dates_numbers_and_booleans_are_formatted_for_the_language(
    data_pages: DataPages, language: Language, expected: list[str]
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
    (section,) = data_pages.sections(SubjectAccessExport(AINO, AT, {"anything": [row]}), language)
    assert [value for _, value in section.rows[0]] == expected


def test_purchases_begin_with_the_product_and_omit_the_member_number(
    web_workspace: WebWorkspace, data_pages: DataPages
):
    export = collect_export(web_workspace.engine.queries, AINO)
    (section,) = data_pages.sections(
        SubjectAccessExport(AINO, AT, {"purchases": export.sections["purchases"]}), Language.EN
    )
    purchase = dict(export.sections["purchases"][0])
    first = [value for _, value in section.rows[0]][1:4]
    assert first == [purchase["product_type"], f"{purchase['quantity']:.0f}", f"{purchase['amount']:.2f}"]
    assert AINO not in {value for row in section.rows for _, value in row}
    assert section.all == len(export.sections["purchases"]) > 0


def test_rows_of_another_member_number_show_it(data_pages: DataPages):
    rows = [{"member_id": AINO, "a": 1}, {"member_id": "m99", "a": 2}]
    (section,) = data_pages.sections(SubjectAccessExport(AINO, AT, {"anything": rows}), Language.EN)
    assert [row[0][1] for row in section.rows] == [AINO, "m99"]


@pytest.mark.parametrize("language", Language)
def test_every_code_has_a_label_in_each_language(language: Language):
    vocabularies = {
        **COLUMN_LABELS,
        **{("audit", name): vocabulary for name, vocabulary in AUDIT_DETAIL_LABELS.items()},
    }
    brands = {"json", "csv"}
    unlabelled = {
        (column, str(code))
        for column, vocabulary in vocabularies.items()
        for code in vocabulary.codes
        if code not in brands and vocabulary.label(code, language) == str(code)
    }
    assert unlabelled == set()


@pytest.mark.parametrize("language", Language)
def test_every_audited_action_on_a_member_has_a_label(language: Language):
    actions = set(audited_member_actions())
    assert {"erase", "merge", "find", "close_request", "mark", "sign_up"} <= actions
    assert {action for action in actions if COLUMN_LABELS["audit", "action"].label(action, language) == action} == set()
    labelled = {key.removeprefix("action_") for key in read_text_file("code_labels.yaml") if key.startswith("action_")}
    assert labelled == actions


def audited_member_actions() -> Iterator[str]:
    """Audit actions on members, read from the modules that name a member as the subject."""
    for file in Path(campaigns.__file__).parent.rglob("*.py"):
        text = file.read_text("utf-8")
        calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
        for call in calls if "audit.subject_of_member(" in text else ():
            function = ast.unparse(call.func)
            position = {"audit.record": 3, "_note": 2}.get(function)
            arguments = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
            about_a_member = position is not None and (
                function == "_note" or arguments[position + 1] not in ("all", "nobody")
            )
            if position is not None and about_a_member and isinstance(action := arguments[position], str):
                yield action


@pytest.mark.parametrize(
    ("language", "labels"),
    [
        (
            Language.FI,
            ("asiakasomistaja", "Mainoskirjeet", "pois", "puhelimessa", "Valintoja muutettiin", "Turvakielto"),
        ),
        (Language.SV, ("ägarkund", "Reklambrev", "av", "i telefon", "Val ändrades", "Spärrmarkering")),
        (Language.EN, ("owner", "Advertising letters", "off", "on the telephone", "Choices were changed", "Secret")),
    ],
)
def test_the_page_shows_labels_instead_of_codes(
    web_workspace: WebWorkspace, data_pages: DataPages, language: Language, labels: tuple[str, ...]
):
    at = web_workspace.engine.context.clock.now()
    with web_workspace.engine.context.ledger.write() as connection:
        choices.record_choices(connection, [ConsentEntry(AINO, "newsletter:food", False, at, ConsentSource.WEB)])
    changes.change_choices(
        web_workspace.engine.context, AINO, [ConsentEntry(AINO, Choice.NO_DIRECT_MAIL, True, at, ConsentSource.PHONE)]
    )
    changes.mark(web_workspace.engine.context, AINO, Choice.ADDRESS_SECRET, ConsentSource.PHONE, on=True)
    page = data_pages.file_content(collect_export(web_workspace.engine.queries, AINO), "html", language).decode()
    assert [label for label in labels if label not in page] == []
    codes = ("no_direct_mail", "address_secret", "change_choices", "newsletter:", "|food|", "email_own", "<dd>owners<")
    assert [code for code in codes if code in page] == []
