"""The record of processing covers everything that is configured (GD-20, GD-21)."""

import re

import pytest

from audiences.consent.permissions import PERMISSION_TABLE
from campaigns.channels import registry
from campaigns.core.model.enums import Language
from campaigns.people.privacy.processing_record import build_record
from campaigns.store.people import personal_data
from tests.support.sample_workspace import SampleWorkspace

MAKERS = {
    "email": registry.EMAIL_PROVIDERS,
    "sms": registry.SMS_PROVIDERS,
    "post": registry.POST_PROVIDERS,
    "phone": registry.PHONE_PROVIDERS,
}


def drawn_up(workspace: SampleWorkspace):
    return build_record(workspace.engine.library.settings, workspace.engine.library.catalogue)


def configured(workspace: SampleWorkspace, channel: str, provider: str, more: str = "") -> None:
    path = workspace.root / "config" / "settings.yaml"
    text = path.read_text("utf-8")
    if f"{channel}: {{" in text:
        text = text.replace(f"{channel}: {{", f"{channel}: {{provider: {provider}, {more}")
    else:
        text = text.replace("channels:\n", f"channels:\n  {channel}: {{provider: {provider}}}\n")
    path.write_text(text, "utf-8")
    vars(workspace.engine).pop("library", None)


@pytest.mark.parametrize(("channel", "provider"), [(each, name) for each, names in MAKERS.items() for name in names])
def test_gd20_every_provider_that_can_be_configured_is_a_recipient(
    workspace: SampleWorkspace, channel: str, provider: str
):
    configured(workspace, channel, provider)
    found = {row["channel"]: row for row in drawn_up(workspace)["recipients"]}
    assert set(found) == set(MAKERS)
    called = {"post": "print_house", "phone": "call_centre"}.get(channel, provider)
    assert found[channel]["processor"] == called
    assert (found[channel]["region"] == "here") is (called == "folder")


def test_gd20_every_column_of_the_catalogue_and_every_table_about_members_is_in_the_record(workspace: SampleWorkspace):
    made = drawn_up(workspace)
    tables = workspace.engine.library.catalogue.tables
    columns = {(row["table"], row["column"]): row for row in made["data"]}
    assert set(columns) == {(name, column) for name, table in tables.items() for column in table.columns}
    for (table, name), row in columns.items():
        column = tables[table].columns[name]
        told = (column.data_class.value, column.meaning.text(Language.EN), column.source)
        assert (row["class"], row["meaning"], row["source"]) == told
    assert {row["table"] for row in made["ledger"]} == {table.name for table in personal_data.member_tables()}
    assert [row for row in made["ledger"] if not re.match(r"[A-Z].{20}", str(row["meaning"]))] == []


def test_gd20_every_cell_of_what_is_permitted_has_a_purpose_with_its_basis(workspace: SampleWorkspace):
    purposes = drawn_up(workspace)["purposes"]
    found = {(row["purpose"], row["for"] == "a partner", row["channel"]) for row in purposes}
    cells = {(purpose, partner, channel) for (purpose, partner), row in PERMISSION_TABLE.items() for channel in row}
    assert cells <= found
    assert all(row["basis"] for row in purposes)
    consent = {(row["purpose"], row["channel"]) for row in purposes if row["basis"] == "consent"}
    assert {("marketing", "email"), ("marketing", "sms"), ("newsletter", "email")} <= consent
    assert ("marketing", "post") not in consent


def test_gd20_gd03_every_table_has_its_retention(workspace: SampleWorkspace):
    kept = {row["what"]: row["kept_days"] for row in drawn_up(workspace)["retention"]}
    tables = workspace.engine.library.catalogue.tables
    assert set(tables) < set(kept)
    assert {name for name in tables if tables[name].retention is not None} == {n for n in tables if kept[n]}


@pytest.mark.parametrize(
    ("channel", "provider", "more", "leaves"),
    [
        ("email", "sendgrid", "", False),
        ("email", "sendgrid", "sendgrid: {base_url: 'https://api.sendgrid.com'}, ", True),
        ("sms", "twilio", "", True),
        ("sms", "twilio", "twilio: {base_url: 'https://api.dublin.ie1.twilio.com'}, ", False),
        ("email", "smtp", "", False),
    ],
)
def test_gd21_an_address_outside_the_union_is_a_transfer(
    workspace: SampleWorkspace, channel: str, provider: str, more: str, leaves: bool
):
    configured(workspace, channel, provider, more)
    assert [row["processor"] for row in drawn_up(workspace)["transfers"]] == ([provider] if leaves else [])


def test_gd20_the_controller_is_named(workspace: SampleWorkspace):
    said = {row["what"]: row["is"] for row in drawn_up(workspace)["controller"]}
    assert said["name"] == "Osuuskauppa Kylä (0000000-0)"
