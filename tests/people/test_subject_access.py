"""What a member is told that we hold: every column and every table that has anything of theirs (C-10, GD-10, GD-15)."""

import csv
import io
import json
import zipfile
from contextlib import closing
from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from audiences.warehouse.views import stored_tables
from campaigns.core.errors import UserError
from campaigns.core.model.enums import DataClass
from campaigns.people.privacy import erasure
from campaigns.people.privacy.export_files import column_names, csv_cell, to_csv_archive, to_json
from campaigns.people.privacy.processors import processors
from campaigns.people.privacy.subject_access import collect_export
from campaigns.store.people import personal_data
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO, LAST = MEMBERS[0], MEMBERS[-1]
_SECTIONS = {"members": ("contact", "profile"), "purchases": ("purchases",), "receipts": ("receipts",)}


def test_c10_every_column_of_the_catalogue_that_is_about_members_is_told(workspace: SampleWorkspace):
    told = collect_export(workspace.engine, AINO).sections
    for name, table in workspace.engine.library.catalogue.tables.items():
        if "member_id" not in table.columns:
            continue
        found = {column for section in _SECTIONS[name] for column in column_names(told[section])}
        assert set(table.columns) <= found, name


def test_c10_every_table_of_the_ledger_is_told_or_says_why_not():
    of_members = {table.name for table in personal_data.member_tables()}
    for table in SQLModel.metadata.sorted_tables:
        assert (table.name in of_members) is not (table.name in personal_data.TABLES_WITHOUT_MEMBERS), table.name


def test_c10_every_column_of_the_ledger_about_a_member_is_told_but_secrets(workspace: SampleWorkspace):
    told = collect_export(workspace.engine, AINO).sections
    for table in personal_data.member_tables():
        secret = personal_data.WITHHELD_COLUMNS.get(table.name, frozenset())
        assert secret <= set(table.c.keys()), table.name
        assert table.name in {*told, "contact", "choice_entry", "unit", *personal_data.TABLES_IN_MESSAGES}, table.name


def test_c10_every_table_of_the_warehouse_about_members_is_told(workspace: SampleWorkspace):
    told = collect_export(workspace.engine, AINO).sections
    names = {"members": "profile", "sent": "earlier_messages"}
    for table, types in stored_tables(workspace.engine.library.catalogue).items():
        if "member_id" in types and table != "tombstones":
            assert names.get(table, table) in told


def test_what_no_rule_may_read_is_told_to_whom_it_belongs(workspace: SampleWorkspace):
    bought = {row["product_id"] for row in collect_export(workspace.engine, LAST).sections["purchases"]}
    assert bought == {"BEER", "PHARMACY"}
    with closing(workspace.engine.library.warehouse.connect(workspace.clock.time)) as connection:
        of_member = "SELECT product_id FROM purchase_lines WHERE member_id = $1"
        assert connection.execute(of_member, [LAST]).fetchall() == [("BEER",)]


def test_nothing_of_anybody_else_is_told(workspace: SampleWorkspace):
    told = to_json(collect_export(workspace.engine, AINO)).decode()
    assert not [member for member in MEMBERS[1:] if member in told]


def test_choices_are_told_with_their_history_and_the_rules_that_take_the_member(workspace: SampleWorkspace):
    audience = workspace.root / "config" / "audiences" / "coffee.yaml"
    audience.write_text(
        "title: {fi: K, sv: K, en: C}\nmatch: {bought: {where: {product_category: COFFEE}}}\n", encoding="utf-8"
    )
    vars(workspace.engine).pop("library", None)
    told = collect_export(workspace.engine, AINO).sections
    assert [(row["choice"], row["state"]) for row in told["choice_history"]] == [("email_own", "on"), ("sms_own", "on")]
    assert told["choices"][0]["email_own"]
    assert [row["audience"] for row in told["audiences"]] == ["coffee"]
    workspace.record_choices(AINO, "no_purchase_detail")
    assert collect_export(workspace.engine, AINO).sections["audiences"] == []


def test_gd16_whoever_objects_is_in_no_audience(workspace: SampleWorkspace):
    (workspace.root / "config" / "audiences" / "all.yaml").write_text(
        "title: {fi: K, sv: K, en: A}\nmatch: {register: [owners, customers, household]}\n", encoding="utf-8"
    )
    vars(workspace.engine).pop("library", None)
    assert collect_export(workspace.engine, AINO).sections["audiences"]
    workspace.record_choices(AINO, "no_marketing")
    assert collect_export(workspace.engine, AINO).sections["audiences"] == []


def test_a_message_is_told_with_what_became_of_it(workspace: SampleWorkspace):
    run = workspace.start(
        "weekly",
        "purpose: marketing\naudience: {register: owners}\nchannels: [email]\n"
        'schedule: {at: "2018-01-01 10:30"}\ncontent: {email: hello}\n',
    )
    (message,) = collect_export(workspace.engine, AINO).sections["messages"]
    assert (message["campaign"], message["kind"], message["delivery_state"]) == (run.campaign, "send", "pending")


def test_whoever_was_erased_is_held_no_more(workspace: SampleWorkspace):
    erasure.erase(workspace.engine, AINO)
    with pytest.raises(UserError, match="no member of this id"):
        collect_export(workspace.engine, AINO)


def test_retention_and_processors_are_named(workspace: SampleWorkspace):
    told = collect_export(workspace.engine, AINO).sections
    kept = {row["what"]: row["kept_days"] for row in told["retention"]}
    assert kept["members"] is None
    assert kept["receipts"] == workspace.engine.library.catalogue.tables["receipts"].retention // timedelta(days=1)
    assert {row["channel"] for row in processors(workspace.engine.library.settings)} == {
        "email",
        "sms",
        "post",
        "phone",
    }


def test_json_and_csv_say_the_same(workspace: SampleWorkspace):
    whole = collect_export(workspace.engine, AINO)
    from_json = json.loads(to_json(whole))
    with zipfile.ZipFile(io.BytesIO(to_csv_archive(whole))) as archive:
        assert {name.removesuffix(".csv") for name in archive.namelist()} == set(whole.sections)
        for section, rows in whole.sections.items():
            sheet = archive.read(f"{section}.csv").decode("utf-8-sig")
            read = list(csv.reader(io.StringIO(sheet), delimiter=";"))
            assert len(from_json[section]) == len(rows) == len(read) - 1


def test_the_same_dossier_is_the_same_archive(workspace: SampleWorkspace):
    whole = collect_export(workspace.engine, AINO)
    assert to_csv_archive(whole) == to_csv_archive(whole)


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+358", "-2", "\t=1", " =1", "|x", "%x", "\r=1"])
def test_no_cell_of_a_sheet_is_a_formula(workspace: SampleWorkspace, name):
    workspace.change_contact(AINO, first_name=name)
    with zipfile.ZipFile(io.BytesIO(to_csv_archive(collect_export(workspace.engine, AINO)))) as archive:
        sheet = archive.read("contact.csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(sheet, newline=""), delimiter=";")
    assert row["first_name"] == f"'{name}"


def test_a_number_stays_a_number():
    assert csv_cell(-2) == "-2"
    assert csv_cell(None) == ""
    assert csv_cell(value=True) == "True"


def test_what_is_special_is_stored_nowhere(workspace: SampleWorkspace):
    tables = workspace.engine.library.catalogue.tables
    special = {
        name for table in tables.values() for name, c in table.columns.items() if c.data_class is DataClass.SPECIAL
    }
    with closing(workspace.engine.library.warehouse.connect(workspace.clock.time)) as connection:
        stored = {row[0] for row in connection.execute("DESCRIBE stored_members").fetchall()}
    assert not special & stored


def test_an_audience_that_is_out_of_order_holds_up_nobodys_right(
    workspace: SampleWorkspace, caplog: pytest.LogCaptureFixture
):
    (workspace.root / "config" / "audiences" / "broken.yaml").write_text("match: {nonsense: 1}\n", "utf-8")
    told = collect_export(workspace.engine, AINO).sections
    assert "broken" not in {row["audience"] for row in told["audiences"]}
    assert told["contact"]
    assert "broken.yaml:1" in caplog.text
