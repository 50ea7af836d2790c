"""Merging by two facts that agree, or by a supervisor, on either ledger (C-12)."""

from typing import Any

import pytest
from sqlalchemy import select

from audiences.people import contact_changes
from campaigns.core.errors import UserError
from campaigns.people.desk import changes
from campaigns.people.privacy import contact_proofs, erasure, merging, subject_access
from tests.support.merged_members import KEPT, MERGED, make_same, merge, purchases
from tests.support.sample_workspace import SampleWorkspace


@pytest.mark.hostile
@pytest.mark.parametrize(
    "facts",
    [(), ("mailbox",), ("phone",), ("name_key",), ("address_key",)],
    ids=lambda facts: "+".join(facts) or "none",
)
def test_fewer_than_two_facts_merge_nothing(workspace: SampleWorkspace, facts: tuple[str, ...]) -> None:
    make_same(workspace, *facts)
    before = purchases(workspace)
    with pytest.raises(UserError, match="not merged"):
        merge(workspace)
    assert workspace.contact(MERGED)
    assert purchases(workspace) == before


@pytest.mark.hostile
@pytest.mark.parametrize("column", ["mailbox", "phone", "name_key", "address_key"])
def test_two_unknown_facts_do_not_agree(workspace: SampleWorkspace, column: str) -> None:
    names = {"mailbox": "email", "name_key": "first_name", "address_key": "street"}
    for member in (MERGED, KEPT):
        workspace.change_contact(member, **{column: None, names.get(column, column): None})
    comparison = merging.compare(workspace.engine.context, MERGED, KEPT)
    assert comparison.agreement.facts == []


@pytest.mark.hostile
def test_two_facts_with_different_dates_of_birth_merge_nothing(workspace: SampleWorkspace) -> None:
    make_same(workspace, "mailbox", "phone", "address_key")  # two spouses
    with pytest.raises(UserError, match="dates of birth differ"):
        merge(workspace)
    assert workspace.contact(MERGED)


def same_birth(workspace: SampleWorkspace) -> None:
    workspace.import_rows("members", [{"member_id": MERGED, "register": "owners", "birth_date": "1958-01-08"}])


def test_two_facts_merge_without_a_supervisor(workspace: SampleWorkspace) -> None:
    same_birth(workspace)
    make_same(workspace, "phone")
    assert merging.compare(workspace.engine.context, MERGED, KEPT).agreement.facts == ["birth_date", "phone"]
    assert merge(workspace) == 4


@pytest.mark.hostile
@pytest.mark.parametrize(
    "values",
    [{"email": "m08@example.org"}, {"phone": "+358401230008"},
     {"street": "Kylätie 8", "postal_code": "00960", "city": "Kylä"}, {"first_name": "Nimi8"}],
    ids=["e-mail", "telephone", "address", "name"],
)  # fmt: skip
def test_a_fact_set_at_the_desk_just_before_does_not_count(workspace: SampleWorkspace, values: dict[str, str]) -> None:
    same_birth(workspace)
    changes.change_contact(workspace.engine.context, MERGED, values, [])
    with pytest.raises(UserError, match="not merged"):
        merge(workspace)
    assert workspace.contact(MERGED)


@pytest.mark.hostile
def test_a_merge_proves_no_address(workspace: SampleWorkspace) -> None:
    workspace.change_contact(KEPT, email=None, mailbox=None)
    changes.change_contact(workspace.engine.context, KEPT, {"phone": "0509876543"}, [])
    merge(workspace, approved=True)
    with workspace.engine.context.ledger.read() as connection:
        for name in ("email", "phone"):
            assert not contact_changes.is_proven(connection, KEPT, name)


@pytest.mark.hostile
def test_a_merge_into_ones_own_account_hands_nothing_out_for_72_hours(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    workspace.clock.advance(hours=71)
    with pytest.raises(UserError, match="waits until"):
        subject_access.export_with_audit(workspace.engine.queries, KEPT, "json", "member")


def state_of_changes(workspace: SampleWorkspace, member: str) -> list[tuple[Any, ...]]:
    """Return the rows of a member's changes of contact but for their numbers."""
    table = contact_changes.CONTACT_CHANGE
    with workspace.engine.context.ledger.read() as connection:
        query = select(*(column for column in table.c if column.name != "number")).where(table.c.member_id == member)
        return sorted((tuple(row) for row in connection.execute(query)), key=str)


@pytest.mark.hostile
def test_an_unproven_address_is_not_proven_by_a_merge_into_it(workspace: SampleWorkspace) -> None:
    changes.change_contact(workspace.engine.context, KEPT, {"email": "evil@example.net"}, [])
    merge(workspace, approved=True)
    workspace.clock.advance(days=31)
    erasure.apply_retention(workspace.engine.context)
    with workspace.engine.context.ledger.read() as connection:
        assert not contact_changes.is_proven(connection, KEPT, "email")


def test_the_members_own_address_stays_long_proven_after_a_merge(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    with workspace.engine.context.ledger.read() as connection:
        assert contact_changes.is_long_proven(connection, KEPT, "email", workspace.clock.time)


@pytest.mark.hostile
def test_the_former_addresses_of_a_merged_id_are_known_addresses_until_it_is_separated(
    workspace: SampleWorkspace,
) -> None:
    context = workspace.engine.context
    changes.change_contact(context, MERGED, {"email": "evil@example.net"}, [])
    before = state_of_changes(workspace, MERGED)
    merge(workspace, approved=True)
    with context.ledger.read() as connection:
        known = contact_proofs.known_addresses(connection, KEPT)["email"]
    assert known == {f"{MERGED}@example.org", "evil@example.net", f"{KEPT}@example.org"}
    merging.unmerge(context, MERGED)
    assert state_of_changes(workspace, MERGED) == before
    assert state_of_changes(workspace, KEPT) == []


@pytest.mark.hostile
def test_an_undo_keeps_the_former_addresses_of_another_merge(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    merging.merge(workspace.engine.context, "m05", KEPT, approved=True)
    merging.unmerge(workspace.engine.context, MERGED)
    with workspace.engine.context.ledger.read() as connection:
        known = contact_proofs.known_addresses(connection, KEPT)["email"]
    assert known == {"m05@example.org", f"{KEPT}@example.org"}
