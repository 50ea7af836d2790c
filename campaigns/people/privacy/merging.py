"""Merge of two ids of one person: by two facts that agree or a supervisor's approval, and its undo for 30 days."""

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from audiences.people import (
    contact_changes,
    contacts,
    held_requests,
    merge_facts,
    merge_members,
    merge_records,
    merged_purchases,
)
from audiences.people.contact_changes import CHANNEL_FIELDS, ChangeOrigin, NewChange
from audiences.people.contacts import contact_of
from audiences.people.merge_facts import MemberFacts, MergeAgreement
from audiences.tables import CHOICE_ENTRY
from campaigns.core.errors import UserError
from campaigns.core.safe_names import safe_file_name
from campaigns.people.privacy import contact_proofs, outbox_erasure
from campaigns.runs.previews.write_gallery import delete_galleries_of
from campaigns.store.people import audit, reassign
from campaigns.workspace.context import Context


@dataclass(frozen=True, slots=True)
class MergeComparison:
    """Facts about two ids side by side, and those on which they agree."""

    duplicate: MemberFacts = field(repr=False)
    target: MemberFacts = field(repr=False)
    agreement: MergeAgreement


def compare(context: Context, member_id: str, into: str) -> MergeComparison:
    """Compare two ids; raise UserError when one is unknown or both are the same."""
    now, warehouse = context.clock.now(), context.repository.warehouse
    with context.ledger.read() as connection:
        merge_members.contacts_to_merge(connection, member_id, into)
        duplicate, target = (merge_facts.facts_of(connection, warehouse, id_, now) for id_ in (member_id, into))
    return MergeComparison(duplicate, target, merge_facts.agreement(duplicate, target))


def merge(context: Context, member_id: str, into: str, *, approved: bool = False) -> int:
    """Merge one person's second id into `into`; return the number of purchases and receipts moved (C-12).

    Raises UserError when an id is unknown, both are equal, an import writes the warehouse, or fewer than two facts
    agree and no supervisor has `approved`. The addresses of both ids are told. After a crash, call it again.
    """
    now, warehouse = context.clock.now(), context.repository.warehouse
    agreement = compare(context, member_id, into).agreement
    if not (approved or agreement.is_enough):
        why = (
            "their dates of birth differ" if agreement.conflict else f"only {len(agreement.facts)} of their facts agree"
        )
        hint = "a supervisor may approve it, see `viesti member merge --help`"
        raise UserError.about(member_id, f"these ids are not merged: {why}", "too_few_facts", hint)
    with warehouse.write_lock():  # one merge at a time, and none begins that cannot end
        before = merged_purchases.moved_rows(warehouse, member_id, now)
        with context.ledger.write() as connection:
            merge_members.contacts_to_merge(connection, member_id, into)
            number = merge_records.open_record(connection, member_id, into, before, agreement.facts, now)
        moved = merge_members.merge_purchases(warehouse, member_id, into, now)
        with context.ledger.write() as connection:
            _merge_in_ledger(connection, number, member_id, into, now)
            detail = {"facts": list(agreement.facts), "approved": approved and not agreement.is_enough}
            _note(context, connection, "merge", into, member_id, detail)
    outbox_erasure.remove_proofs(context, member_id)
    shutil.rmtree(context.workspace.previews / safe_file_name(member_id), ignore_errors=True)
    delete_galleries_of(context, member_id)
    return moved


def unmerge(context: Context, member_id: str) -> str:
    """Undo the merge of `member_id` within 30 days; return the id that it had been merged into.

    Raises UserError when no such merge is on record, or while an import writes the warehouse. After a crash, call it
    again.
    """
    now, warehouse = context.clock.now(), context.repository.warehouse
    with context.ledger.read() as connection:
        record = merge_records.find_record(connection, member_id, now)
        contact_of(connection, record.into_id)
        if record.merged_at is not None and contacts.existing_members(connection, [member_id]):
            message = "this id belongs to a member again"
            raise UserError.about(member_id, message, "merged_again", "`viesti member show` shows it")
    merged_purchases.return_purchases(warehouse, member_id, record.into_id, record.moved, now)
    with context.ledger.write() as connection:
        record = merge_records.find_record(connection, member_id, now)
        if record.merged_at is None:  # the merge was killed before the ledger had it
            merge_records.delete_record(connection, record.number)
        else:
            merge_records.restore_members(connection, record)
            reassign.unmerge(connection, member_id, record.into_id, record.moved)
        _note(context, connection, "unmerge", record.into_id, member_id, {})
    return str(record.into_id)


def unmerge_from(context: Context, member_id: str, into: str) -> None:
    """Undo a merge as `unmerge` does; raise UserError when the id was not merged into `into`."""
    with context.ledger.read() as connection:
        record = merge_records.find_record(connection, member_id, context.clock.now())
    if record.into_id != into:
        raise UserError.about(member_id, f"this id was not merged into {into}", "no_merge", "look again")
    unmerge(context, member_id)


def list_merges(context: Context, member_id: str) -> list[tuple[str, datetime]]:
    """Return the ids that were merged into a member and can be separated again, each with the time."""
    with context.ledger.read() as connection:
        records = merge_records.records_of(connection, member_id, context.clock.now())
    return [(record.merged_id, record.merged_at) for record in records]


def _merge_in_ledger(connection: Connection, number: int, member_id: str, into: str, now: datetime) -> None:
    duplicate, target = contact_of(connection, member_id), contact_of(connection, into)
    rows = {
        "merged": merge_records.kept_rows(connection, member_id),
        "into": merge_records.kept_rows(connection, into),
    }
    newest = merge_records.newest_entry(connection)
    merge_records.reassign(connection, member_id, into)
    contact_changes.move_to_merged(connection, member_id, into)
    held_requests.move_to_merged(connection, member_id, into)
    gaps = merge_members.merge_members(connection, member_id, into, now)
    added = select(CHOICE_ENTRY.c.seq).where(CHOICE_ENTRY.c.member_id == into, CHOICE_ENTRY.c.seq > newest)
    moved: dict[str, Any] = {
        "entries": list(connection.execute(added).scalars()),
        "gaps": dict(gaps),
        **reassign.merge(connection, member_id, into),
    }
    merge_records.close_record(connection, number, rows, moved, now)
    for name in CHANNEL_FIELDS:
        if duplicate[name] and duplicate[name] != target[name]:
            if target[name] is None:  # a filled gap is unproven
                change = NewChange(into, name, None, duplicate[name], ChangeOrigin.MERGE)
            else:
                former, value = duplicate[name], target[name]
                change = NewChange(into, name, former, value, ChangeOrigin.MERGED_ID, proven=True)
            contact_proofs.record_and_tell(connection, change, now)


def _note(context: Context, connection: Connection, action: str, into: str, member_id: str, detail: Any) -> None:
    subject, merged_subject = (audit.subject_of_member(context.signer, id_) for id_ in (into, member_id))
    audit.record(connection, context.clock.now(), context.actor, action, subject, {"merged": merged_subject, **detail})
