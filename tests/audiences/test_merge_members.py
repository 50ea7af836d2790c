"""Merging two ids of one person: refusals of either hold (C-12); purchases and messages move over."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from sqlalchemy import insert, select
from sqlmodel import SQLModel

from audiences.consent.choices import consent_state_of, record_choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState, is_permission, reduce_entries
from audiences.people.merge_members import merge_members
from audiences.tables import CHOICE_ENTRY, CONTACT, HOLDOUT_UNIT
from campaigns.core.errors import UserError
from campaigns.people.privacy import merging
from campaigns.store.ledger.connection import Ledger
from campaigns.workspace.import_data import import_data
from tests.support.examples import examples
from tests.support.random_choices import CHOICES, RECORDS, START
from tests.support.sample_workspace import SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""


def _refuses(record: list[ConsentEntry], choice: str) -> bool:
    """Return whether the record closes a choice and does not open it again."""
    return any(entry.choice == choice and not entry.is_opt_in for entry in record) and not _allows(
        reduce_entries(record), choice
    )


def _allows(state: ConsentState, choice: str) -> bool:
    on = {*state.on, *(f"newsletter:{name}" for name in state.newsletters)}
    return (choice in on) is is_permission(choice)


@settings(max_examples=examples(30), deadline=None)
@given(RECORDS, RECORDS)
def test_c12_law_refusal_in_either_record_holds_for_the_merged_member(
    record: list[ConsentEntry], other: list[ConsentEntry]
) -> None:
    other_entries = [replace(entry, member_id="other") for entry in other]
    with TemporaryDirectory() as folder, closing(Ledger.from_path(Path(folder) / "ledger.sqlite")) as ledger:
        SQLModel.metadata.create_all(ledger.engine)
        with ledger.write() as connection:
            contacts = [{"member_id": member, "register": "owners", "language": "fi"} for member in ("m", "other")]
            connection.execute(insert(CONTACT), contacts)
            record_choices(connection, [*record, *other_entries])
            merge_members(connection, "other", "m", START + timedelta(days=9))
            state = consent_state_of(connection, "m")
            members = set(connection.execute(select(CHOICE_ENTRY.c.member_id)).scalars())
    refused = [choice for choice in CHOICES if _refuses(record, choice) or _refuses(other_entries, choice)]
    assert [choice for choice in refused if _allows(state, choice)] == []
    assert members <= {"m"}


def test_c12_import_after_a_merge_restores_no_permission(workspace: SampleWorkspace) -> None:
    workspace.record_choices("m07", "email_own", on=False)
    workspace.clock.advance(days=1)
    merging.merge(workspace.engine.context, "m07", "m05", approved=True)
    workspace.clock.advance(days=1)
    imported = ConsentEntry("m05", "email_own", on=True, at=workspace.clock.time, source=ConsentSource.IMPORT)
    with workspace.engine.context.ledger.write() as connection:
        record_choices(connection, [imported])
    assert workspace.contact("m05")["email_own"] is False


def _purchases(workspace: SampleWorkspace, member: str) -> list[tuple[int, str]]:
    with workspace.engine.context.repository.warehouse.connect(workspace.clock.time) as connection:
        query = (
            "SELECT count(*), string_agg(product_id, ' ' ORDER BY product_id) FROM purchase_lines WHERE member_id = $1"
        )
        return list(connection.execute(query, [member]).fetchall())


def test_purchases_of_the_duplicate_move_and_are_counted_once(workspace: SampleWorkspace) -> None:
    assert _purchases(workspace, "m08") == [(1, "COFFEE")]
    moved = merging.merge(workspace.engine.context, "m01", "m08", approved=True)
    assert moved == 4  # two lines, two receipts
    assert _purchases(workspace, "m08") == [(3, "CHEESE COFFEE COFFEE")]
    assert _purchases(workspace, "m01") == [(0, None)]


def test_duplicate_id_disappears(workspace: SampleWorkspace) -> None:
    merging.merge(workspace.engine.context, "m07", "m05", approved=True)
    with pytest.raises(UserError, match="no member"):
        workspace.contact("m07")
    run, _ = workspace.plan("hi", MARKETING)
    assert "m07" not in workspace.decisions(run)
    assert len(workspace.decisions(run)) == 23


def test_contact_gaps_are_filled_and_no_field_is_replaced(workspace: SampleWorkspace) -> None:
    workspace.change_contact("m05", phone=None, street=None, postal_code="99999", city=None, address_key=None)
    other = workspace.contact("m07")
    merging.merge(workspace.engine.context, "m07", "m05", approved=True)
    merged = workspace.contact("m05")
    assert merged["email"] == "m05@example.org"
    assert (merged["phone"], merged["street"], merged["city"]) == (other["phone"], other["street"], other["city"])
    assert (merged["postal_code"], merged["address_key"]) == (other["postal_code"], other["address_key"])


def test_messages_to_the_duplicate_count_for_the_member(workspace: SampleWorkspace) -> None:
    workspace.record_choices("m05", "email_own", on=False)
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert workspace.end_states(run)["m07"] == ("accepted", None)
    workspace.clock.advance(minutes=5)
    workspace.record_choices("m05", "email_own")
    merging.merge(workspace.engine.context, "m07", "m05", approved=True)
    assert workspace.decisions(run)["m05"]["reason"] == "consent_withdrawn"
    second, _ = workspace.plan(
        "next", f"{MARKETING}limits: {{per_member: {{messages: 1, per: day}}}}\n", workspace.clock.time
    )
    assert workspace.skips(second)["m05"] == "frequency_cap"


def test_person_planned_twice_gets_one_message(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    merging.merge(workspace.engine.context, "m07", "m05", approved=True)
    workspace.send(run)
    assert workspace.end_states(run)["m05"] == ("accepted", None)
    assert workspace.end_states(run)["m07"] == ("withdrawn", "not_processed")


def test_holdout_unit_of_the_duplicate_passes_to_the_member(workspace: SampleWorkspace) -> None:
    merging.merge(workspace.engine.context, "m03", "m05", approved=True)  # m03 and m04 share a household
    with workspace.engine.context.ledger.read() as connection:
        units = {row.member_id: row.number for row in connection.execute(select(HOLDOUT_UNIT))}
    assert units["m04"] == units["m05"]
    assert "m03" not in units


def test_import_of_the_duplicate_is_rejected(workspace: SampleWorkspace) -> None:
    merging.merge(workspace.engine.context, "m07", "m05", approved=True)
    file = workspace.root / "again.csv"
    file.write_text("member_id,register\nm07,owners\n", encoding="utf-8")
    assert import_data(workspace.engine.context, "members", file).rejected == 1


@pytest.mark.parametrize(("member", "into"), [("m05", "m05"), ("m05", "nobody"), ("nobody", "m05")])
def test_invalid_merge_is_refused_and_changes_nothing(workspace: SampleWorkspace, member: str, into: str) -> None:
    with pytest.raises(UserError):
        merging.merge(workspace.engine.context, member, into, approved=True)
    assert workspace.contact("m05")["email"] == "m05@example.org"
    assert _purchases(workspace, "m05") == [(2, "CHEESE COFFEE")]
