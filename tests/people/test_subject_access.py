"""Subject access exports hold every column and table with data about the member (C-10, GD-10, GD-15)."""

import csv
import io
import json
import zipfile
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import SQLModel

from audiences.warehouse.views import stored_tables
from campaigns.core.errors import UserError
from campaigns.core.model.enums import DataClass
from campaigns.people.privacy import erasure
from campaigns.people.privacy.export_files import column_names, csv_cell, to_csv_archive, to_json
from campaigns.people.privacy.processors import processors
from campaigns.people.privacy.subject_access import collect_export
from campaigns.store.people import personal_data
from campaigns.store.runs.run_tables import DECISION
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO, LAST = MEMBERS[0], MEMBERS[-1]
_SECTIONS = {"members": ("contact", "profile"), "purchases": ("purchases",), "receipts": ("receipts",)}


def test_c10_the_export_holds_every_catalogue_column_about_members(workspace: SampleWorkspace):
    sections = collect_export(workspace.engine.queries, AINO).sections
    for name, table in workspace.engine.context.repository.catalogue.tables.items():
        if "member_id" not in table.columns:
            continue
        columns = {column for section in _SECTIONS[name] for column in column_names(sections[section])}
        assert set(table.columns) <= columns, name


def test_c10_every_ledger_table_is_exported_or_listed_as_without_members():
    member_tables = {table.name for table in personal_data.member_tables()}
    for table in SQLModel.metadata.sorted_tables:
        assert (table.name in member_tables) is not (table.name in personal_data.TABLES_WITHOUT_MEMBERS), table.name


def test_c10_the_export_holds_every_ledger_table_about_members_except_secret_columns(workspace: SampleWorkspace):
    sections = collect_export(workspace.engine.queries, AINO).sections
    for table in personal_data.member_tables():
        secret = personal_data.WITHHELD_COLUMNS.get(table.name, frozenset())
        assert secret <= set(table.c.keys()), table.name
        assert table.name in {*sections, "contact", "choice_entry", "unit", *personal_data.TABLES_IN_MESSAGES}, (
            table.name
        )


def test_c10_the_export_holds_every_warehouse_table_about_members(workspace: SampleWorkspace):
    sections = collect_export(workspace.engine.queries, AINO).sections
    names = {"members": "profile", "sent": "earlier_messages"}
    for table, types in stored_tables(workspace.engine.context.repository.catalogue).items():
        if "member_id" in types and table != "tombstones":
            assert names.get(table, table) in sections


def test_the_export_holds_purchases_that_no_rule_may_read(workspace: SampleWorkspace):
    products = {row["product_id"] for row in collect_export(workspace.engine.queries, LAST).sections["purchases"]}
    assert products == {"BEER", "PHARMACY"}
    with closing(workspace.engine.context.repository.warehouse.connect(workspace.clock.time)) as connection:
        query = "SELECT product_id FROM purchase_lines WHERE member_id = $1"
        assert connection.execute(query, [LAST]).fetchall() == [("BEER",)]


def test_the_export_holds_nothing_about_other_members(workspace: SampleWorkspace):
    text = to_json(collect_export(workspace.engine.queries, AINO)).decode()
    assert not [member for member in MEMBERS[1:] if member in text]


def test_the_export_holds_choices_their_history_and_matching_audiences(workspace: SampleWorkspace):
    audience = workspace.root / "config" / "audiences" / "coffee.yaml"
    audience.write_text(
        "title: {fi: K, sv: K, en: C}\nmatch: {bought: {where: {product_category: COFFEE}}}\n", encoding="utf-8"
    )
    workspace.reload()
    sections = collect_export(workspace.engine.queries, AINO).sections
    assert [(row["choice"], row["state"]) for row in sections["choice_history"]] == [
        ("email_own", "on"),
        ("sms_own", "on"),
    ]
    assert sections["choices"][0]["email_own"]
    assert [row["audience"] for row in sections["audiences"]] == ["coffee"]
    workspace.record_choices(AINO, "no_purchase_detail")
    assert collect_export(workspace.engine.queries, AINO).sections["audiences"] == []


def test_gd16_an_objecting_member_is_in_no_audience(workspace: SampleWorkspace):
    (workspace.root / "config" / "audiences" / "all.yaml").write_text(
        "title: {fi: K, sv: K, en: A}\nmatch: {register: [owners, customers, household]}\n", encoding="utf-8"
    )
    workspace.reload()
    assert collect_export(workspace.engine.queries, AINO).sections["audiences"]
    workspace.record_choices(AINO, "no_marketing")
    assert collect_export(workspace.engine.queries, AINO).sections["audiences"] == []


def test_the_export_holds_messages_with_their_delivery_state(workspace: SampleWorkspace):
    run = workspace.start(
        "weekly",
        "purpose: marketing\naudience: {register: owners}\nchannels: [email]\n"
        'schedule: {at: "2018-01-01 10:30"}\ncontent: {email: hello}\n',
    )
    (message,) = collect_export(workspace.engine.queries, AINO).sections["messages"]
    assert (message["campaign"], message["kind"], message["delivery_state"]) == (run.campaign, "send", "pending")


def test_c10_the_export_says_in_three_languages_why_each_offer_was_chosen(workspace: SampleWorkspace):
    run = workspace.start(
        "weekly",
        "purpose: marketing\naudience: {register: owners}\nchannels: [email]\noffers: {at_most: 3}\n"
        'schedule: {at: "2018-01-01 10:30"}\ncontent: {email: offers}\n',
    )
    with workspace.engine.context.ledger.write() as connection:
        of_member = (DECISION.c.run_number == run.number) & (DECISION.c.member_id == AINO)
        places = [run.counts["offer_ids"].index(offer_id) for offer_id in run.evidence["offer_names"]]
        kept = f"{places[0]}r12,21 {places[1]}n {places[2]}"
        connection.execute(update(DECISION).where(of_member).values(offers=kept))
    (message,) = collect_export(workspace.engine.queries, AINO).sections["messages"]
    first_id = next(iter(run.evidence["offer_names"]))
    first, second, third = list(run.evidence["offer_names"].values())[:3]
    assert set(message["offer_reasons"]) == {"fi", "sv", "en"}
    assert message["offer_reasons"]["en"] == (
        f"{first['title']['en']}: because you buy goods like this about every 12 days; last 3 weeks ago; "
        f"{second['title']['en']}: something new for you; {third['title']['en']}"
    )
    assert message["offers"][0] == {"offer": first_id, "reason": "regular", "every_days": 12, "days_ago": 21}
    assert not {"evidence", "counts", "offer_names"} & set(message)


def test_the_export_names_the_offers_of_a_message(workspace: SampleWorkspace):
    run, _ = workspace.plan(
        "weekly",
        "purpose: marketing\naudience: {register: owners}\nchannels: [email]\noffers: {at_most: 2}\n"
        'schedule: {at: "2018-01-01 10:30"}\ncontent: {email: offers}\n',
    )
    (message,) = collect_export(workspace.engine.queries, AINO).sections["messages"]
    offers = [each["offer"] for each in message["offers"]]
    assert len(offers) == 2
    assert set(offers) <= set(run.counts["offer_ids"])
    assert "counts" not in message


def test_an_export_of_an_erased_member_is_refused(workspace: SampleWorkspace):
    erasure.erase(workspace.engine.context, AINO)
    with pytest.raises(UserError, match="no member of this id"):
        collect_export(workspace.engine.queries, AINO)


def test_the_export_names_retention_and_processors(workspace: SampleWorkspace):
    sections = collect_export(workspace.engine.queries, AINO).sections
    kept_days = {row["what"]: row["kept_days"] for row in sections["retention"]}
    assert kept_days["members"] is None
    assert kept_days["receipts"] == workspace.engine.context.repository.catalogue.tables[
        "receipts"
    ].retention // timedelta(days=1)
    assert {row["channel"] for row in processors(workspace.engine.context.repository.settings)} == {
        "email",
        "sms",
        "post",
        "phone",
    }


def test_json_and_csv_hold_the_same_rows(workspace: SampleWorkspace):
    export = collect_export(workspace.engine.queries, AINO)
    from_json = json.loads(to_json(export))
    with zipfile.ZipFile(io.BytesIO(to_csv_archive(export))) as archive:
        assert {name.removesuffix(".csv") for name in archive.namelist()} == set(export.sections)
        for section, rows in export.sections.items():
            sheet = archive.read(f"{section}.csv").decode("utf-8-sig")
            csv_rows = list(csv.reader(io.StringIO(sheet), delimiter=";"))
            assert len(from_json[section]) == len(rows) == len(csv_rows) - 1


def test_the_csv_archive_of_an_export_is_reproducible(workspace: SampleWorkspace):
    export = collect_export(workspace.engine.queries, AINO)
    assert to_csv_archive(export) == to_csv_archive(export)


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "+358", "-2", "\t=1", " =1", "|x", "%x", "\r=1"])
def test_csv_cells_are_never_formulas(workspace: SampleWorkspace, name):
    workspace.change_contact(AINO, first_name=name)
    with zipfile.ZipFile(io.BytesIO(to_csv_archive(collect_export(workspace.engine.queries, AINO)))) as archive:
        sheet = archive.read("contact.csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(sheet, newline=""), delimiter=";")
    assert row["first_name"] == f"'{name}"


def test_csv_cells_keep_numbers_unchanged():
    assert csv_cell(-2) == "-2"
    assert csv_cell(None) == ""
    assert csv_cell(value=True) == "True"


def test_special_category_columns_are_not_stored(workspace: SampleWorkspace):
    tables = workspace.engine.context.repository.catalogue.tables
    special = {
        name
        for table in tables.values()
        for name, column in table.columns.items()
        if column.data_class is DataClass.SPECIAL
    }
    with closing(workspace.engine.context.repository.warehouse.connect(workspace.clock.time)) as connection:
        stored = {row[0] for row in connection.execute("DESCRIBE stored_members").fetchall()}
    assert not special & stored


def test_a_broken_audience_does_not_block_an_export(workspace: SampleWorkspace, caplog: pytest.LogCaptureFixture):
    (workspace.root / "config" / "audiences" / "broken.yaml").write_text("match: {nonsense: 1}\n", "utf-8")
    sections = collect_export(workspace.engine.queries, AINO).sections
    assert "broken" not in {row["audience"] for row in sections["audiences"]}
    assert sections["contact"]
    assert "broken.yaml:1" in caplog.text
