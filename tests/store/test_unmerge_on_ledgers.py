"""Merging by two facts or a supervisor, and undoing it for 30 days, on either ledger (C-12, A-11)."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes, merge_members, merge_records, merged_purchases
from audiences.tables import CONTACT, HOLDOUT_UNIT
from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.desk import changes
from campaigns.people.privacy import contact_proofs, erasure, merging, requests, subject_access
from campaigns.store.people import reassign
from tests.support.sample_workspace import SampleWorkspace

MERGED, KEPT = "m01", "m08"  # different names, households, addresses; m01 has bought cheese and coffee, m08 coffee
MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
_UNSETTLED = {"audit", "audit_seal", "note", "contact_change", "caller_check"}


def ledger_rows(workspace: SampleWorkspace) -> Mapping[str, list[dict[str, Any]]]:
    """Return all rows about members, without running numbers and what every act writes."""
    with workspace.engine.context.ledger.read() as connection:
        tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in _UNSETTLED]
        return {
            table.name: sorted(
                (
                    {name: value for name, value in row.items() if name != "seq"}
                    for row in connection.execute(select(table)).mappings()
                ),
                key=str,
            )
            for table in tables
        }


def purchases(workspace: SampleWorkspace) -> list[tuple[Any, ...]]:
    with workspace.engine.context.repository.warehouse.connect(workspace.clock.time) as connection:
        lines = "SELECT member_id, basket_id, product_id, amount FROM purchase_lines"
        receipts = "SELECT member_id, basket_id, store_id, amount FROM receipts"
        profile = "SELECT member_id, birth_date, region, register FROM members"
        return [
            tuple(row)
            for query in (lines, receipts, profile)
            for row in sorted(connection.sql(query).fetchall(), key=str)
        ]


def make_same(workspace: SampleWorkspace, *facts: str) -> None:
    """Give the duplicate these facts of the kept member."""
    kept = workspace.contact(KEPT)
    if facts:
        workspace.change_contact(MERGED, **{fact: kept[fact] for fact in facts})


def merge(workspace: SampleWorkspace, **options: bool) -> int:
    return merging.merge(workspace.engine.context, MERGED, KEPT, **options)


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


# agreement


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


# undo


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


# crashes


class Killed(BaseException):
    """Stands for SIGKILL at one line."""


def kill(*_arguments: object, **_options: object) -> None:
    raise Killed


@pytest.mark.parametrize(
    ("module", "function"),
    [(merge_members, "merge_purchases"), (merge_members, "merge_members"), (reassign, "merge"),
     (merge_records, "close_record")],
    ids=lambda part: getattr(part, "__name__", part),
)  # fmt: skip
def test_a_killed_merge_is_completed_by_another_call_and_can_be_undone(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, module: Any, function: str
) -> None:
    before, bought = ledger_rows(workspace), purchases(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(module, function, kill)
        with pytest.raises(Killed):
            merge(workspace, approved=True)
    merge(workspace, approved=True)
    merging.unmerge(workspace.engine.context, MERGED)
    after = ledger_rows(workspace)
    assert purchases(workspace) == bought
    assert before["contact"] == after["contact"]
    assert before["choice_entry"] == after["choice_entry"]
    assert after["merge_record"] == []


@pytest.mark.parametrize(
    ("module", "function"),
    [(merged_purchases, "return_purchases"), (merge_records, "restore_members"), (reassign, "unmerge")],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_a_killed_undo_is_completed_by_another_call(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch, module: Any, function: str
) -> None:
    before, bought = ledger_rows(workspace), purchases(workspace)
    merge(workspace, approved=True)
    with monkeypatch.context() as patch:
        patch.setattr(module, function, kill)
        with pytest.raises(Killed):
            merging.unmerge(workspace.engine.context, MERGED)
    merging.unmerge(workspace.engine.context, MERGED)
    assert purchases(workspace) == bought
    assert ledger_rows(workspace)["contact"] == before["contact"]


def test_a_merge_killed_before_the_ledger_had_it_can_be_undone(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = purchases(workspace)
    with monkeypatch.context() as patch:
        patch.setattr(merge_members, "merge_members", kill)
        with pytest.raises(Killed):
            merge(workspace, approved=True)
    assert purchases(workspace) != bought
    merging.unmerge(workspace.engine.context, MERGED)
    assert purchases(workspace) == bought
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(CONTACT.c.member_id).where(CONTACT.c.member_id == MERGED)).scalar_one()


@pytest.mark.hostile
def test_an_interrupted_merge_hands_nothing_out_and_is_continued_into_no_other_id(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(merge_members, "merge_members", kill)
        with pytest.raises(Killed):
            merge(workspace, approved=True)
    bought = purchases(workspace)
    with pytest.raises(UserError, match="waits until"):
        subject_access.export_with_audit(workspace.engine.queries, KEPT, "json", "member")
    with pytest.raises(UserError, match="interrupted"):
        merging.merge(workspace.engine.context, MERGED, "m05", approved=True)
    assert purchases(workspace) == bought


@pytest.mark.hostile
def test_of_two_merges_of_one_id_at_once_the_second_leaves_nothing_behind(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, bought, compare = workspace.engine.context, purchases(workspace), merging.compare

    def compare_too_early(*ids: Any) -> merging.MergeComparison:
        comparison = compare(*ids)
        monkeypatch.undo()
        merging.merge(context, MERGED, "m05", approved=True)
        return comparison

    monkeypatch.setattr(merging, "compare", compare_too_early)
    with pytest.raises(UserError, match="no member"):
        merge(workspace, approved=True)
    assert [row["into_id"] for row in ledger_rows(workspace)["merge_record"]] == ["m05"]
    assert merging.unmerge(context, MERGED) == "m05"
    assert purchases(workspace) == bought


def test_a_merge_that_is_refused_during_an_import_leaves_nothing_behind(workspace: SampleWorkspace) -> None:
    before = ledger_rows(workspace)
    with workspace.engine.context.repository.warehouse.write_lock(), pytest.raises(UserError, match="import"):
        merge(workspace, approved=True)
    assert ledger_rows(workspace) == before


# contacts on either ledger


def test_a_change_is_recorded_renewed_and_purged_on_either_ledger(workspace: SampleWorkspace) -> None:
    context = workspace.engine.context
    changes.change_contact(context, KEPT, {"email": "new@example.net", "phone": "0509876543"}, [])
    with context.ledger.write() as connection:
        change = contact_changes.latest_change(connection, KEPT, "email")
        assert change is not None
        renewed = contact_changes.renew_proof(connection, change, workspace.clock.time)
        code = contact_changes.proof_code(context.signer, renewed.number, renewed.proof_nonce)
        assert contact_changes.prove_by_code(connection, context.signer, renewed, code, workspace.clock.time)
    workspace.clock.advance(days=31)
    erasure.apply_retention(context)
    with context.ledger.read() as connection:
        assert contact_changes.latest_change(connection, KEPT, "email") is None
        assert not contact_changes.is_proven(connection, KEPT, "phone")  # unproven stays, without the former number
        assert contact_changes.former_values(connection, KEPT)["phone"] == frozenset()
        assert contact_changes.opens_at(connection, KEPT, workspace.clock.time) is None
