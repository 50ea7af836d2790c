"""What a member changed with us holds against an import that knows less, and gives way to one that knows more."""

import pytest

from audiences.people import contacts, self_service_changes
from audiences.tables import SELF_SERVICE_CHANGE
from campaigns.people.privacy import erasure
from campaigns.store.ledger.connection import Ledger
from tests.support.sample_workspace import MEMBERS, Village

AINO = MEMBERS[0]
OLD, OWN, NEWER = f"{AINO}@example.org", "own@example.org", "newer@example.org"


def change(village: Village, member: str = AINO, **wanted: str | None) -> None:
    with village.engine.ledger.write() as connection:
        before = {**village.contact(member), "member_id": member}
        self_service_changes.record_change(connection, before, wanted, village.hands.at)
        contacts.upsert_contacts(connection, [{"member_id": member, **wanted}], "fi")


def bring(village: Village, **row: str) -> None:
    village.bring("members", [{"member_id": AINO, "register": "owners", **row}])


def kept(ledger: Ledger) -> list[str]:
    with ledger.read() as connection:
        return sorted(row.field for row in connection.execute(SELF_SERVICE_CHANGE.select()))


def test_an_import_of_what_was_before_changes_nothing(village: Village):
    change(village, email=OWN, language="en")
    for _ in range(2):
        bring(village, email=OLD, language="sv", city="Uusikylä")
    told = village.contact(AINO)
    assert (told["email"], told["language"], told["city"]) == (OWN, "en", "Uusikylä")
    assert kept(village.engine.ledger) == ["email", "language"]


def test_what_the_source_learns_later_wins(village: Village):
    change(village, email=OWN)
    bring(village, email=NEWER)
    assert village.contact(AINO)["email"] == NEWER
    assert kept(village.engine.ledger) == []


def test_once_the_source_has_caught_up_it_leads_again(village: Village):
    change(village, email=OWN)
    bring(village, email=OWN)
    assert kept(village.engine.ledger) == []
    bring(village, email=OLD)
    assert village.contact(AINO)["email"] == OLD


@pytest.mark.parametrize(
    ("minutes", "email", "wins"),
    [(-1, OLD, OWN), (-1, NEWER, OWN), (0, NEWER, OWN), (1, NEWER, NEWER), (1, OLD, OLD)],
)
def test_a_row_that_says_when_it_was_changed_is_judged_by_that(village: Village, minutes, email, wins):
    change(village, email=OWN)
    changed_at = village.hands.at
    village.hands.go(minutes=5)
    told = changed_at.replace(minute=changed_at.minute).timestamp() + minutes * 60
    written = changed_at.fromtimestamp(told, changed_at.tzinfo).isoformat()
    bring(village, email=email, contact_changed_at=written)
    assert village.contact(AINO)["email"] == wins


def test_whatever_the_member_had_before_is_old(village: Village):
    change(village, email="first@example.org")
    change(village, email=OWN)
    for stale in ("first@example.org", OLD):
        bring(village, email=stale)
        assert village.contact(AINO)["email"] == OWN
    change(village, email=OLD)
    bring(village, email=OWN)
    assert village.contact(AINO)["email"] == OLD


def test_a_number_that_the_member_removed_is_not_brought_back(village: Village):
    change(village, phone=None)
    bring(village, phone="+358401230001")
    assert village.contact(AINO)["phone"] is None


def test_others_are_imported_as_ever(village: Village):
    change(village, email=OWN)
    village.bring("members", [{"member_id": MEMBERS[1], "register": "owners", "email": NEWER}])
    assert village.contact(MEMBERS[1])["email"] == NEWER
    assert village.contact(AINO)["email"] == OWN


def test_gd12_an_erased_members_changes_go_with_them(village: Village):
    change(village, email=OWN)
    erasure.erase(village.engine, AINO)
    assert kept(village.engine.ledger) == []
