"""Erasure of a member, and the nightly retention job."""

import shutil
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Final

from sqlalchemy import Connection

from audiences import retention
from audiences.people import caller_checks, contact_changes, held_requests, holdout_units, member_erasure, merge_records
from audiences.people.contacts import contact_of
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.retention_evidence import RetentionEvidence
from campaigns.core.safe_names import safe_file_name
from campaigns.people.privacy import contact_proofs, outbox_erasure, written_files
from campaigns.people.privacy.processors import create_processor_tasks
from campaigns.people.privacy.remaining_copies import RemainingCopies, find_remaining_copies
from campaigns.results.feedback import erase_events
from campaigns.runs.notices import enqueue
from campaigns.runs.previews.write_gallery import delete_galleries_of
from campaigns.store.people import audit, kept_files, privacy_requests, processor_tasks, reassign
from campaigns.store.runs import delivery_events, purge_skips, redemptions, runs
from campaigns.store.runs.states import RunState
from campaigns.workspace.context import Context

SKIP_RETENTION: Final = timedelta(days=90)
"""Retention of skips, the reasons why members got nothing; after that only the counts of the run remain."""

EVENT_RETENTION: Final = timedelta(days=90)
"""Retention of provider events in full; the word and the member stay with the delivery."""

_POLL_INTERVAL: Final = 0.5


def erase(
    context: Context, member_id: str, *, extra_channels: Collection[Channel] = (), despite_wait: bool = False
) -> RemainingCopies:
    """Erase a member: hidden at once, deleted with the next `apply_retention` (GD-12); return what goes later.

    Creates tasks to notify processors that hold data of the member, and those of `extra_channels`, which carry one
    last message. Raises UserError when the member is unknown, while the contact changed lately (an operator may go on
    with `despite_wait`), or while an import writes the warehouse. After a crash, call it again.
    """
    with context.ledger.read() as connection:
        contact_of(connection, member_id)
    contact_proofs.require_no_wait(context, member_id, despite_wait=despite_wait)
    now, signer = context.clock.now(), context.signer
    member_erasure.tombstone_members(context.repository.warehouse, [member_id], now)
    alias = member_erasure.pseudonym(signer, member_id)
    _delete_files(context, member_id)
    with context.ledger.write() as connection:
        copies = find_remaining_copies(context, connection, member_id, last_notice=bool(extra_channels))
        erase_events.erase_addresses_of_member(connection, member_id)
        create_processor_tasks(
            context, connection, member_id, RequestKind.ERASE, pseudonym=alias, extra_channels=extra_channels
        )
        processor_tasks.reassign(connection, member_id, alias)
        kept_files.reassign(connection, member_id, None)
        _pseudonymise_merged(context, connection, merge_records.merged_ids(connection, member_id))
        member_erasure.erase_from_ledger(connection, signer, member_id, now)
        reassign.pseudonymise(connection, member_id, alias)
        privacy_requests.erase_member(connection, member_id, alias, context.actor, now)
        audit.record(connection, now, context.actor, "erase", audit.subject_of_member(signer, member_id))
    outbox_erasure.remove_messages(context, alias)  # what was sent in the meantime
    return copies


def _pseudonymise_merged(context: Context, connection: Connection, merged_ids: Iterable[str]) -> None:
    """Replace merged ids by pseudonyms in the decisions that stayed theirs: the run had decided about both ids."""
    for merged_id in merged_ids:
        reassign.pseudonymise(connection, merged_id, member_erasure.pseudonym(context.signer, merged_id))


def _delete_files(context: Context, member_id: str) -> None:
    """Delete the files that hold this member alone."""
    outbox_erasure.remove_messages(context, member_id)
    outbox_erasure.remove_proofs(context, member_id)
    written_files.delete_exports(context, member_id)
    shutil.rmtree(context.workspace.previews / safe_file_name(member_id), ignore_errors=True)
    delete_galleries_of(context, member_id)


def erase_and_notify(context: Context, member_id: str) -> RemainingCopies:
    """Erase a member on request, and send one confirmation to their e-mail address; raise UserError as `erase` does.

    The confirmation says what goes later, and so does the result.
    """
    with context.ledger.read() as connection:
        contact = contact_of(connection, member_id)
    copies = erase(context, member_id, extra_channels=(Channel.EMAIL,) if contact["email"] else ())
    if contact["email"]:
        with context.ledger.write() as connection:
            language = Language(contact["language"])
            enqueue.erased(connection, Channel.EMAIL, contact["email"], language, copies.days(), context.clock.now())
    return copies


def apply_retention(context: Context, stopping: Event | None = None) -> tuple[RetentionEvidence, ...]:
    """Delete data past its retention and update holdout units; return the evidence (GD-03).

    Runs nightly. Files that a plan is reading are kept until the plan is made, or until the next night once `stopping`
    is set. Raises UserError while an import writes the warehouse.
    """
    now, ledger, warehouse = context.clock.now(), context.ledger, context.repository.warehouse
    warehouse_evidence = retention.enforce_retention(
        warehouse, now, partial(_plans_are_made, context, stopping or Event())
    )
    purged = purge_skips.purge_skips(ledger, now - SKIP_RETENTION)
    remaining, oldest = purge_skips.remaining_skips(ledger)
    with warehouse.write_lock():  # not while an import does the same
        holdout_units.rebuild_units(ledger, warehouse, now)
    skips = RetentionEvidence("skips", SKIP_RETENTION, purged, remaining, oldest)
    emptied = delivery_events.purge_payloads(ledger, now - EVENT_RETENTION)
    redeemed = _purge_redemptions(context, now)
    evidence = (
        *warehouse_evidence,
        skips,
        redeemed,
        RetentionEvidence("words of events", EVENT_RETENTION, emptied, *delivery_events.remaining_payloads(ledger)),
        outbox_erasure.delete_old_files(context),
        *written_files.delete_old_files(context),
    )
    with ledger.write() as connection:
        _pseudonymise_merged(context, connection, merge_records.purge_records(connection, now))
        contact_changes.purge_changes(connection, now)
        held_requests.purge_requests(connection, now)
        caller_checks.purge_checks(connection, now)
        audit.record(
            connection, now, context.actor, "retention", "all", {item.table: item.removed for item in evidence}
        )
    ledger.truncate_log()
    return evidence


def redemption_retention(catalogue: Catalogue) -> timedelta | None:
    """Return how long redemptions are kept: as long as purchase lines, of which they tell; None: no limit."""
    return catalogue.retention("purchases") if "purchases" in catalogue.tables else None


def _purge_redemptions(context: Context, now: datetime) -> RetentionEvidence:
    period = redemption_retention(context.repository.catalogue)
    removed = 0 if period is None else redemptions.purge_redemptions(context.ledger, now - period)
    return RetentionEvidence("redemptions", period, removed, *redemptions.remaining_redemptions(context.ledger))


def _plans_are_made(context: Context, stopping: Event) -> bool:
    """Wait until every plan in progress is made or its lease has expired; return False when `stopping` is set."""
    waiting = _being_planned(context)
    while waiting:
        if stopping.wait(_POLL_INTERVAL):
            return False
        waiting &= _being_planned(context)
    return True


def _being_planned(context: Context) -> set[tuple[int | None, datetime | None]]:
    """Return the runs in planning, each with the lease of the current attempt."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        planning = runs.with_state(connection, RunState.PLANNING)
    return {(run.number, run.lease_until) for run in planning if run.lease_until is not None and run.lease_until > now}
