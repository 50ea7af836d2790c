"""Undoing a merge for 30 days, on either ledger (C-12, A-11)."""

import pytest
from sqlalchemy import select

from audiences.consent.consent_state import ConsentSource
from audiences.tables import HOLDOUT_UNIT
from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.desk import changes
from campaigns.people.privacy import erasure, merging, requests, subject_access
from tests.support.merged_members import KEPT, MERGED, ledger_rows, merge, purchases
from tests.support.sample_workspace import SampleWorkspace

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""


def test_c12_undo_restores_the_rows_of_both_members_and_their_purchases(workspace: SampleWorkspace) -> None:
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    requests.file(workspace.engine.context, MERGED, RequestKind.ACCESS, ConsentSource.DESK)
    before, bought = ledger_rows(workspace), purchases(workspace)
    workspace.clock.advance(minutes=5)
    merge(workspace, approved=True)
    assert ledger_rows(workspace) != before
    assert purchases(workspace) != bought
    workspace.clock.advance(days=29)
    assert merging.unmerge(workspace.engine.context, MERGED) == KEPT
    after = ledger_rows(workspace)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"unit", "former_unit", "choices"}
    assert [{**row, "seq": 0} for row in before["choices"]] == [{**row, "seq": 0} for row in after["choices"]]
    assert purchases(workspace) == bought
    assert workspace.decisions(run)[MERGED]["kind"] == "send"


def test_a11_members_stay_drawn_together_after_an_undo(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    merging.unmerge(workspace.engine.context, MERGED)
    with workspace.engine.context.ledger.read() as connection:
        units = {row.member_id: row.number for row in connection.execute(select(HOLDOUT_UNIT))}
    assert units[MERGED] == units[KEPT]


def test_c12_what_was_refused_since_the_merge_binds_both(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    workspace.clock.advance(hours=1)
    workspace.record_choices(KEPT, "email_own", on=False)
    workspace.record_choices(KEPT, "no_marketing")
    merging.unmerge(workspace.engine.context, MERGED)
    for member in (MERGED, KEPT):
        contact = workspace.contact(member)
        assert (contact["email_own"], contact["no_marketing"]) == (False, True)


def test_c12_what_was_allowed_since_the_merge_stays_with_the_member_who_allowed_it(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    workspace.clock.advance(hours=1)
    workspace.record_choices(KEPT, "tracking")
    merging.unmerge(workspace.engine.context, MERGED)
    assert workspace.contact(KEPT)["tracking"] is True
    assert workspace.contact(MERGED)["tracking"] is False


def test_c12_a_refusal_from_before_is_the_other_members_alone_after_the_undo(workspace: SampleWorkspace) -> None:
    workspace.record_choices(MERGED, "no_marketing")
    workspace.clock.advance(hours=1)
    merge(workspace, approved=True)
    assert workspace.contact(KEPT)["no_marketing"] is True
    merging.unmerge(workspace.engine.context, MERGED)
    assert workspace.contact(KEPT)["no_marketing"] is False
    assert workspace.contact(MERGED)["no_marketing"] is True


def test_filled_gaps_are_emptied_by_an_undo_and_later_changes_stay(workspace: SampleWorkspace) -> None:
    workspace.change_contact(KEPT, phone=None, email=None, mailbox=None)
    merge(workspace, approved=True)
    changes.change_contact(workspace.engine.context, KEPT, {"email": "new@example.net"}, [])
    merging.unmerge(workspace.engine.context, MERGED)
    contact = workspace.contact(KEPT)
    assert (contact["phone"], contact["email"]) == (None, "new@example.net")
    assert workspace.contact(MERGED)["email"] == f"{MERGED}@example.org"


@pytest.mark.hostile
def test_an_undo_is_refused_after_thirty_days_and_the_nightly_job_deletes_the_record(
    workspace: SampleWorkspace,
) -> None:
    merge(workspace, approved=True)
    workspace.clock.advance(days=30)
    with pytest.raises(UserError, match="no merge"):
        merging.unmerge(workspace.engine.context, MERGED)
    erasure.apply_retention(workspace.engine.context)
    assert ledger_rows(workspace)["merge_record"] == []


@pytest.mark.hostile
@pytest.mark.parametrize("member", [KEPT, "m02", "nobody", "", "' OR 1=1 --"])
def test_an_id_that_was_not_merged_is_not_separated(workspace: SampleWorkspace, member: str) -> None:
    merge(workspace, approved=True)
    with pytest.raises(UserError):
        merging.unmerge(workspace.engine.context, member)
    with pytest.raises(UserError):
        workspace.contact(MERGED)


@pytest.mark.hostile
def test_an_undo_works_once(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    merging.unmerge(workspace.engine.context, MERGED)
    before = ledger_rows(workspace)
    with pytest.raises(UserError, match="no merge"):
        merging.unmerge(workspace.engine.context, MERGED)
    assert ledger_rows(workspace) == before


@pytest.mark.hostile
def test_the_record_of_a_merge_is_erased_with_the_member(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    erasure.erase(workspace.engine.context, KEPT, despite_wait=True)
    assert ledger_rows(workspace)["merge_record"] == []
    with pytest.raises(UserError, match="no merge"):
        merging.unmerge(workspace.engine.context, MERGED)


def send_and_plan(workspace: SampleWorkspace) -> None:
    """Decide about both ids in two runs: one is sent, one waits."""
    workspace.send(workspace.start("sent", MARKETING))
    workspace.start("waiting", MARKETING.replace("10:30", "11:30"))


def ledger_ids(workspace: SampleWorkspace) -> set[str]:
    """Return all ids of members that the ledger holds."""
    rows = [row for table in ledger_rows(workspace).values() for row in table]
    return {str(row["member_id"]) for row in rows if "member_id" in row}


@pytest.mark.hostile
def test_gd12_an_erasure_leaves_no_decision_under_an_id_that_was_merged(workspace: SampleWorkspace) -> None:
    send_and_plan(workspace)
    merge(workspace, approved=True)
    assert {MERGED, KEPT} <= ledger_ids(workspace)
    erasure.erase(workspace.engine.context, KEPT, despite_wait=True)
    assert not {MERGED, KEPT} & ledger_ids(workspace)


@pytest.mark.hostile
def test_gd12_no_decision_stays_under_a_merged_id_once_the_merge_is_final(workspace: SampleWorkspace) -> None:
    send_and_plan(workspace)
    merge(workspace, approved=True)
    workspace.clock.advance(days=31)
    erasure.apply_retention(workspace.engine.context)
    ids = ledger_ids(workspace)
    assert MERGED not in ids
    assert KEPT in ids


@pytest.mark.hostile
def test_chains_of_merges_are_undone_from_the_last(workspace: SampleWorkspace) -> None:
    before = purchases(workspace)
    merge(workspace, approved=True)
    merging.merge(workspace.engine.context, KEPT, "m10", approved=True)
    with pytest.raises(UserError, match="itself merged"):
        merging.unmerge(workspace.engine.context, MERGED)
    merging.unmerge(workspace.engine.context, KEPT)
    merging.unmerge(workspace.engine.context, MERGED)
    assert purchases(workspace) == before


@pytest.mark.hostile
def test_after_an_undo_in_a_long_chain_the_export_holds_nothing_of_the_ids_before_it(
    workspace: SampleWorkspace,
) -> None:
    context, before = workspace.engine.context, purchases(workspace)
    for merged_id, into in (("m05", "m06"), ("m06", MERGED), (MERGED, KEPT)):
        merging.merge(context, merged_id, into, approved=True)
    merging.unmerge(context, MERGED)
    export = subject_access.collect_export(workspace.engine.queries, KEPT)
    assert export.sections["merge_record"] == []
    assert {row["member_id"] for row in ledger_rows(workspace)["merge_record"]} == {MERGED}
    merging.unmerge(context, "m06")
    merging.unmerge(context, "m05")
    assert purchases(workspace) == before


@pytest.mark.hostile
def test_the_record_of_a_chain_is_erased_with_the_last_member(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    merging.merge(workspace.engine.context, KEPT, "m10", approved=True)
    erasure.erase(workspace.engine.context, "m10", despite_wait=True)
    assert ledger_rows(workspace)["merge_record"] == []


def test_an_undo_after_the_profile_was_deleted_brings_it_back(workspace: SampleWorkspace) -> None:
    before = purchases(workspace)
    merge(workspace, approved=True)
    erasure.apply_retention(workspace.engine.context)
    merging.unmerge(workspace.engine.context, MERGED)
    assert purchases(workspace) == before


def test_the_record_is_in_the_copy_of_the_members_data_without_staff_and_links(workspace: SampleWorkspace) -> None:
    merge(workspace, approved=True)
    sections = subject_access.collect_export(workspace.engine.queries, KEPT).sections
    (record,) = sections["merge_record"]
    assert record["rows"]["merged"]["contact"][0]["email"] == f"{MERGED}@example.org"
    assert "nonce" not in str(record["rows"])
    assert "'agent'" not in str(record["rows"])
