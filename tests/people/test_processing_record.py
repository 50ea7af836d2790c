"""The record of processing activities covers all providers, columns, tables and permissions (GD-20, GD-21)."""

import re

import pytest

from audiences.consent.permissions import PERMISSION_TABLE
from campaigns.channels import registry
from campaigns.core.model.enums import Language
from campaigns.people.privacy.processing_record import build_record
from campaigns.store.people import personal_data
from tests.support.sample_workspace import SampleWorkspace

PROVIDERS = {
    "email": registry.EMAIL_PROVIDERS,
    "sms": registry.SMS_PROVIDERS,
    "post": registry.POST_PROVIDERS,
    "phone": registry.PHONE_PROVIDERS,
}


def processing_record(workspace: SampleWorkspace):
    return build_record(workspace.engine.context.repository.settings, workspace.engine.context.repository.catalogue)


def configure_provider(workspace: SampleWorkspace, channel: str, provider: str, extra: str = "") -> None:
    path = workspace.root / "config" / "settings.yaml"
    text = path.read_text("utf-8")
    if f"{channel}: {{" in text:
        text = text.replace(f"{channel}: {{", f"{channel}: {{provider: {provider}, {extra}")
    else:
        text = text.replace("channels:\n", f"channels:\n  {channel}: {{provider: {provider}}}\n")
    path.write_text(text, "utf-8")
    workspace.reload()


@pytest.mark.parametrize(
    ("channel", "provider"), [(channel, name) for channel, names in PROVIDERS.items() for name in names]
)
def test_gd20_every_configurable_provider_is_a_recipient(workspace: SampleWorkspace, channel: str, provider: str):
    configure_provider(workspace, channel, provider)
    recipients = {row["channel"]: row for row in processing_record(workspace)["recipients"]}
    assert set(recipients) == set(PROVIDERS)
    processor = {"post": "print_house", "phone": "call_centre"}.get(channel, provider)
    assert recipients[channel]["processor"] == processor
    assert (recipients[channel]["region"] == "here") is (processor == "folder")


def test_gd20_the_record_tells_of_profiling_by_purchases_and_how_to_object(workspace: SampleWorkspace):
    record = processing_record(workspace)
    profiling = {row["what"]: str(row["is"]) for row in record["profiling"]}
    assert "purchase lines" in profiling["data"]
    assert "forbid the use of purchase detail" in profiling["objection"]
    assert "partner" in profiling["left out"]
    catalogue = workspace.engine.context.repository.catalogue
    without = catalogue.model_copy(
        update={"tables": {name: table for name, table in catalogue.tables.items() if name != "purchases"}}
    )
    assert build_record(workspace.engine.context.repository.settings, without)["profiling"] == []


def test_gd20_the_record_holds_every_catalogue_column_and_member_table(workspace: SampleWorkspace):
    record = processing_record(workspace)
    tables = workspace.engine.context.repository.catalogue.tables
    columns = {(row["table"], row["column"]): row for row in record["data"]}
    assert set(columns) == {(name, column) for name, table in tables.items() for column in table.columns}
    for (table, name), row in columns.items():
        column = tables[table].columns[name]
        expected = (column.data_class.value, column.meaning.text(Language.EN), column.source)
        assert (row["class"], row["meaning"], row["source"]) == expected
    assert {row["table"] for row in record["ledger"]} == {table.name for table in personal_data.member_tables()}
    assert [row for row in record["ledger"] if not re.match(r"[A-Z].{20}", str(row["meaning"]))] == []


def test_gd20_every_permission_cell_has_a_purpose_with_its_basis(workspace: SampleWorkspace):
    purposes = processing_record(workspace)["purposes"]
    recorded = {(row["purpose"], row["for"] == "a partner", row["channel"]) for row in purposes}
    cells = {(purpose, partner, channel) for (purpose, partner), row in PERMISSION_TABLE.items() for channel in row}
    assert cells <= recorded
    assert all(row["basis"] for row in purposes)
    consent = {(row["purpose"], row["channel"]) for row in purposes if row["basis"] == "consent"}
    assert {("marketing", "email"), ("marketing", "sms"), ("newsletter", "email")} <= consent
    assert ("marketing", "post") not in consent


def test_gd20_gd03_every_table_has_its_retention(workspace: SampleWorkspace):
    kept_days = {row["what"]: row["kept_days"] for row in processing_record(workspace)["retention"]}
    tables = workspace.engine.context.repository.catalogue.tables
    assert set(tables) < set(kept_days)
    assert {name for name in tables if tables[name].retention is not None} == {n for n in tables if kept_days[n]}


@pytest.mark.parametrize(
    ("channel", "provider", "extra", "is_transfer"),
    [
        ("email", "sendgrid", "", False),
        ("email", "sendgrid", "sendgrid: {base_url: 'https://api.sendgrid.com'}, ", True),
        ("sms", "twilio", "", True),
        ("sms", "twilio", "twilio: {base_url: 'https://api.dublin.ie1.twilio.com'}, ", False),
        ("email", "smtp", "", False),
    ],
)
def test_gd21_a_provider_address_outside_the_eu_is_a_transfer(
    workspace: SampleWorkspace, channel: str, provider: str, extra: str, is_transfer: bool
):
    configure_provider(workspace, channel, provider, extra)
    assert [row["processor"] for row in processing_record(workspace)["transfers"]] == (
        [provider] if is_transfer else []
    )


def test_gd20_the_controller_is_named(workspace: SampleWorkspace):
    controller = {row["what"]: row["is"] for row in processing_record(workspace)["controller"]}
    assert controller["name"] == "Osuuskauppa Kylä (0000000-0)"
