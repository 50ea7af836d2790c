"""A self-service change overrides older imported values and gives way to newer ones."""

from datetime import timedelta

import pytest

from audiences.people import contacts, self_service_changes
from audiences.tables import SELF_SERVICE_CHANGE
from campaigns.people.privacy import erasure
from campaigns.store.ledger.connection import Ledger
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO = MEMBERS[0]
OLD, OWN, NEWER = f"{AINO}@example.org", "own@example.org", "newer@example.org"


def change_contact(workspace: SampleWorkspace, member: str = AINO, **changes: str | None) -> None:
    with workspace.engine.context.ledger.write() as connection:
        before = {**workspace.contact(member), "member_id": member}
        self_service_changes.record_change(connection, before, changes, workspace.clock.time)
        contacts.upsert_contacts(connection, [{"member_id": member, **changes}], "fi")


def import_member(workspace: SampleWorkspace, **row: str) -> None:
    workspace.import_rows("members", [{"member_id": AINO, "register": "owners", **row}])


def recorded_fields(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        return sorted(row.field for row in connection.execute(SELF_SERVICE_CHANGE.select()))


def test_import_of_the_former_values_changes_nothing(workspace: SampleWorkspace):
    change_contact(workspace, email=OWN, language="en")
    for _ in range(2):
        import_member(workspace, email=OLD, language="sv", city="Uusikylä")
    contact = workspace.contact(AINO)
    assert (contact["email"], contact["language"], contact["city"]) == (OWN, "en", "Uusikylä")
    assert recorded_fields(workspace.engine.context.ledger) == ["email", "language"]


def test_newer_value_of_the_source_wins(workspace: SampleWorkspace):
    change_contact(workspace, email=OWN)
    import_member(workspace, email=NEWER)
    assert workspace.contact(AINO)["email"] == NEWER
    assert recorded_fields(workspace.engine.context.ledger) == []


def test_imports_apply_again_after_the_source_has_the_members_value(workspace: SampleWorkspace):
    change_contact(workspace, email=OWN)
    import_member(workspace, email=OWN)
    assert recorded_fields(workspace.engine.context.ledger) == []
    import_member(workspace, email=OLD)
    assert workspace.contact(AINO)["email"] == OLD


@pytest.mark.parametrize(
    ("minutes", "email", "wins"),
    [(-1, OLD, OWN), (-1, NEWER, OWN), (0, NEWER, OWN), (1, NEWER, NEWER), (1, OLD, OLD)],
)
def test_row_with_a_change_time_is_judged_by_that_time(workspace: SampleWorkspace, minutes, email, wins):
    change_contact(workspace, email=OWN)
    changed_at = workspace.clock.time
    workspace.clock.advance(minutes=5)
    changed_text = (changed_at + timedelta(minutes=minutes)).isoformat()
    import_member(workspace, email=email, contact_changed_at=changed_text)
    assert workspace.contact(AINO)["email"] == wins


def test_every_former_value_of_the_member_is_old(workspace: SampleWorkspace):
    change_contact(workspace, email="first@example.org")
    change_contact(workspace, email=OWN)
    for stale in ("first@example.org", OLD):
        import_member(workspace, email=stale)
        assert workspace.contact(AINO)["email"] == OWN
    change_contact(workspace, email=OLD)
    import_member(workspace, email=OWN)
    assert workspace.contact(AINO)["email"] == OLD


def test_removed_phone_number_is_not_restored_by_an_import(workspace: SampleWorkspace):
    change_contact(workspace, phone=None)
    import_member(workspace, phone="+358401230001")
    assert workspace.contact(AINO)["phone"] is None


def test_other_members_are_imported_as_before(workspace: SampleWorkspace):
    change_contact(workspace, email=OWN)
    workspace.import_rows("members", [{"member_id": MEMBERS[1], "register": "owners", "email": NEWER}])
    assert workspace.contact(MEMBERS[1])["email"] == NEWER
    assert workspace.contact(AINO)["email"] == OWN


def test_gd12_erasure_deletes_the_members_changes(workspace: SampleWorkspace):
    change_contact(workspace, email=OWN)
    erasure.erase(workspace.engine.context, AINO)
    assert recorded_fields(workspace.engine.context.ledger) == []
