"""What a workspace forgets and joins: a member's erasure, two ids made one, and the nightly job."""

import shutil
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Final

from audiences import retention
from audiences.people import holdout_units, member_erasure, merge_members
from audiences.people.contacts import contact_of
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.retention_evidence import Retained
from campaigns.people.privacy.processors import leave_word
from campaigns.results.feedback import erase_events as told_of
from campaigns.runs.engine import Engine
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit, privacy_requests, processor_tasks, reassign
from campaigns.store.runs import delivery_events, purge_skips, runs
from campaigns.store.runs.states import RunState

SKIPS_KEPT: Final = timedelta(days=90)
"""How long it is kept why a member got nothing; after that the counts of the run have to do."""

TOLD_KEPT: Final = timedelta(days=90)
"""How long it is kept what providers said in full; that they said it, and of whom, stays with the delivery."""

_GLANCE: Final = 0.5


def erase(engine: Engine, member_id: str, *, also: Collection[Channel] = ()) -> None:
    """Forget a member: out of sight at once, for good with the next `retain` (GD-12).

    Processors that have anything of the member's are to be told, those of the channels in `also` too.
    AuthorError when there is no such member, or while an import writes the warehouse. After a crash, call it again.
    """
    engine.member(member_id)
    now, signer = engine.clock.now(), engine.signer
    member_erasure.bury(engine.library.warehouse, [member_id], now)
    alias = member_erasure.pseudonym(signer, member_id)
    with engine.ledger.write() as connection:
        told_of.forget(connection, member_id)
        leave_word(engine, connection, member_id, RequestKind.ERASE, called=alias, also=also)
        processor_tasks.rename(connection, member_id, alias)
        member_erasure.forget(connection, signer, member_id, now)
        reassign.pseudonymise(connection, member_id, alias)
        privacy_requests.forget(connection, member_id, alias, engine.actor, now)
        audit.note(connection, now, engine.actor, "erase", audit.of_member(signer, member_id))
    for preview in (engine.workspace.data / "previews").glob("*"):
        if preview.name.endswith(f"-{member_id}"):
            shutil.rmtree(preview)


def erase_and_tell(engine: Engine, member_id: str) -> None:
    """Forget a member who asked for it, and say so once to the e-mail address that they had; AuthorError as `erase`."""
    with engine.ledger.read() as connection:
        contact = contact_of(connection, member_id)
    erase(engine, member_id, also=(Channel.EMAIL,) if contact["email"] else ())
    if contact["email"]:
        with engine.ledger.write() as connection:
            spoken = Language(contact["language"])
            enqueue.erased(connection, Channel.EMAIL, contact["email"], spoken, engine.clock.now())


def merge(engine: Engine, member_id: str, into: str) -> int:
    """Make two ids of one person one, `into`; returns how many purchases and receipts went over (C-12).

    AuthorError as `erase`, or when they are the same. After a crash, call it again.
    """
    with engine.ledger.read() as connection:
        merge_members.mergeable(connection, member_id, into)
    now = engine.clock.now()
    moved = merge_members.merge_purchases(engine.library.warehouse, member_id, into, now)
    with engine.ledger.write() as connection:
        merge_members.merge_people(connection, member_id, into, now)
        reassign.hand_over(connection, member_id, into)
        privacy_requests.hand_over(connection, member_id, into)
        processor_tasks.rename(connection, member_id, into)
        kept, other = (audit.of_member(engine.signer, each) for each in (into, member_id))
        audit.note(connection, now, engine.actor, "merge", kept, {"merged": other})
    return moved


def retain(engine: Engine, stopping: Event | None = None) -> tuple[Retained, ...]:
    """The nightly job: delete what is past its retention, bring units up to date; returns the evidence (GD-03).

    Files that a plan is being made from are kept until it is made; or until the next night, once `stopping` is set.
    AuthorError while an import writes the warehouse.
    """
    now, ledger, warehouse = engine.clock.now(), engine.ledger, engine.library.warehouse
    kept = retention.enforce(warehouse, now, partial(_plans_are_made, engine, stopping or Event()))
    folded = purge_skips.fold_skips(ledger, now - SKIPS_KEPT)
    left, oldest = purge_skips.skips_left(ledger)
    with warehouse.writing():  # not while an import does the same
        holdout_units.unite(ledger, warehouse, now)
    skips = Retained("skips", SKIPS_KEPT, folded, left, oldest)
    emptied = delivery_events.fold(ledger, now - TOLD_KEPT)
    evidence = (*kept, skips, Retained("words of events", TOLD_KEPT, emptied, *delivery_events.said_left(ledger)))
    with ledger.write() as connection:
        audit.note(connection, now, engine.actor, "retention", "all", {each.table: each.removed for each in evidence})
    return evidence


def _plans_are_made(engine: Engine, stopping: Event) -> bool:
    """Wait until every plan that is being made now is made, or its process went silent; False when `stopping` came."""
    waiting = _being_planned(engine)
    while waiting:
        if stopping.wait(_GLANCE):
            return False
        waiting &= _being_planned(engine)
    return True


def _being_planned(engine: Engine) -> set[tuple[int | None, datetime | None]]:
    """The runs in planning, each with the lease of this very attempt."""
    now = engine.clock.now()
    with engine.ledger.read() as connection:
        found = runs.in_state(connection, RunState.PLANNING)
    return {(run.number, run.lease_until) for run in found if run.lease_until is not None and run.lease_until > now}
