"""What a member changed with us holds against an import that knows less, and gives way to one that knows more."""

import pytest

from audiences.people import contacts, self_service_changes
from audiences.tables import SELF_SERVICE_CHANGE
from campaigns.people.privacy import erasure
from campaigns.store.ledger.connection import Ledger
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

AINO = MEMBERS[0]
OLD, OWN, NEWER = f"{AINO}@example.org", "own@example.org", "newer@example.org"


def change(workspace: SampleWorkspace, member: str = AINO, **wanted: str | None) -> None:
    with workspace.engine.ledger.write() as connection:
        before = {**workspace.contact(member), "member_id": member}
        self_service_changes.record_change(connection, before, wanted, workspace.clock.time)
        contacts.upsert_contacts(connection, [{"member_id": member, **wanted}], "fi")


def bring(workspace: SampleWorkspace, **row: str) -> None:
    workspace.import_rows("members", [{"member_id": AINO, "register": "owners", **row}])


def kept(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        return sorted(row.field for row in connection.execute(SELF_SERVICE_CHANGE.select()))


def test_an_import_of_what_was_before_changes_nothing(workspace: SampleWorkspace):
    change(workspace, email=OWN, language="en")
    for _ in range(2):
        bring(workspace, email=OLD, language="sv", city="Uusikylä")
    told = workspace.contact(AINO)
    assert (told["email"], told["language"], told["city"]) == (OWN, "en", "Uusikylä")
    assert kept(workspace.engine.ledger) == ["email", "language"]


def test_what_the_source_learns_later_wins(workspace: SampleWorkspace):
    change(workspace, email=OWN)
    bring(workspace, email=NEWER)
    assert workspace.contact(AINO)["email"] == NEWER
    assert kept(workspace.engine.ledger) == []


def test_once_the_source_has_caught_up_it_leads_again(workspace: SampleWorkspace):
    change(workspace, email=OWN)
    bring(workspace, email=OWN)
    assert kept(workspace.engine.ledger) == []
    bring(workspace, email=OLD)
    assert workspace.contact(AINO)["email"] == OLD


@pytest.mark.parametrize(
    ("minutes", "email", "wins"),
    [(-1, OLD, OWN), (-1, NEWER, OWN), (0, NEWER, OWN), (1, NEWER, NEWER), (1, OLD, OLD)],
)
def test_a_row_that_says_when_it_was_changed_is_judged_by_that(workspace: SampleWorkspace, minutes, email, wins):
    change(workspace, email=OWN)
    changed_at = workspace.clock.time
    workspace.clock.advance(minutes=5)
    told = changed_at.replace(minute=changed_at.minute).timestamp() + minutes * 60
    written = changed_at.fromtimestamp(told, changed_at.tzinfo).isoformat()
    bring(workspace, email=email, contact_changed_at=written)
    assert workspace.contact(AINO)["email"] == wins


def test_whatever_the_member_had_before_is_old(workspace: SampleWorkspace):
    change(workspace, email="first@example.org")
    change(workspace, email=OWN)
    for stale in ("first@example.org", OLD):
        bring(workspace, email=stale)
        assert workspace.contact(AINO)["email"] == OWN
    change(workspace, email=OLD)
    bring(workspace, email=OWN)
    assert workspace.contact(AINO)["email"] == OLD


def test_a_number_that_the_member_removed_is_not_brought_back(workspace: SampleWorkspace):
    change(workspace, phone=None)
    bring(workspace, phone="+358401230001")
    assert workspace.contact(AINO)["phone"] is None


def test_others_are_imported_as_ever(workspace: SampleWorkspace):
    change(workspace, email=OWN)
    workspace.import_rows("members", [{"member_id": MEMBERS[1], "register": "owners", "email": NEWER}])
    assert workspace.contact(MEMBERS[1])["email"] == NEWER
    assert workspace.contact(AINO)["email"] == OWN


def test_gd12_an_erased_members_changes_go_with_them(workspace: SampleWorkspace):
    change(workspace, email=OWN)
    erasure.erase(workspace.engine, AINO)
    assert kept(workspace.engine.ledger) == []
