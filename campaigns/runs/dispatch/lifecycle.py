"""Lifecycle of a run up to sending: due occasions are claimed, plans are started or marked missed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from campaigns.core.errors import FilePosition, Problem
from campaigns.core.model.campaign import Campaign
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Publication, Run
from campaigns.store.runs.states import RunState

_PLAN_VALIDITY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class CurrentDefinition:
    """Current file of a published campaign, with the hash of its definition."""

    campaign: Campaign
    definition: str
    file: str


@dataclass(frozen=True, slots=True)
class ClaimedOccasion:
    """Due occasion of a published campaign; `missed` is the reason why it is not run."""

    due_at: datetime
    missed: str | None


def claim_deadline(campaign: Campaign, due_at: datetime, started: datetime, *, scheduled: bool) -> datetime:
    """Return when claiming ends: a span after the due time, and never past the next one.

    For a manual run the span begins at its start.
    """
    if not scheduled:
        return started + campaign.schedule.send_by
    limit = due_at + campaign.schedule.send_by
    next_due = campaign.schedule.next_after(due_at)
    return limit if next_due is None else min(limit, next_due)


def start_run(connection: Connection, run: Run, campaign: Campaign, now: datetime) -> bool:
    """Move a planned run to `sending`; return False if another process was faster.

    Raise UserError if the run has a newer plan than `run`, one that was not reviewed or approved.
    """
    runs.require_same_plan(connection, run)
    ends = claim_deadline(campaign, run.due_at, now, scheduled=run.scheduled)
    return runs.change_state(connection, run.number or 0, [RunState.PLANNED], RunState.SENDING, send_by=ends)


def start_time(run: Run, jitter: timedelta) -> datetime:
    """Return the start time of a scheduled run: its due time plus a delay of up to `jitter` (DL-09).

    Mailbox providers slow down mail that many senders send on the hour. Every process computes the same delay, and it
    never takes more than half of the time in which the run may start.
    """
    span = jitter if run.start_by is None else min(jitter, (run.start_by - run.due_at) / 2)
    fraction = int.from_bytes(sha256(run.run_id.encode()).digest()[:4], "big") / 2**32
    return run.due_at + fraction * span


def claim_due_run(
    connection: Connection, publication: Publication, present: CurrentDefinition | None, now: datetime
) -> ClaimedOccasion | None:
    """Claim one due occasion: advance the publication and create the run, in one transaction.

    Return None if another scheduler claimed it, or if it was run by hand. If it is too late, or if the file is not the
    published one any more (`present` is None if it cannot be read), the run is recorded as missed.
    """
    campaign, due_at = publication.campaign, publication.next_due
    schedule = publications.read_schedule(publication)
    if due_at is None or not publications.advance(connection, campaign, due_at, schedule.next_after(due_at)):
        return None
    if runs.has_started(connection, campaign, due_at):
        return None
    if now > due_at + schedule.late_by:
        return _record_missed(connection, publication, due_at, now, "too_late")
    if present is None or present.definition != publication.definition:
        return _record_missed(connection, publication, due_at, now, "not_as_published")
    runs.open_run(connection, present.campaign, present.file, due_at, now, scheduled=True)
    return ClaimedOccasion(due_at, None)


def _record_missed(
    connection: Connection, publication: Publication, due_at: datetime, now: datetime, reason: str
) -> ClaimedOccasion:
    runs.record_missed(connection, publication.campaign, publication.purpose, due_at, now, reason)
    return ClaimedOccasion(due_at, reason)


def mark_missed(connection: Connection, run: Run, now: datetime) -> bool:
    """Mark a run missed that was not started in time; return False if it was started meanwhile.

    Its deliveries expire (see `sweeper.clean_up`).
    """
    states = [RunState.PLANNING, RunState.PLANNED]
    return runs.change_state(
        connection, run.number or 0, states, RunState.MISSED, reason="too_late", closed_at=now, lease_until=None
    )


def start_problem(run: Run, campaign: Campaign, definition: str, now: datetime) -> Problem | None:
    """Return why a plan may not be sent, or None: files changed, over a day old, not approved, or too many sends."""
    place, sends = FilePosition(run.run_id), PlanCounts.from_json(run.counts).sent
    hint = f"`viesti plan {run.campaign}`"
    if definition != run.definition:
        return Problem(place, "the campaign, an audience or a template changed after this plan", "stale_plan", hint)
    if run.planned_at is not None and now > run.planned_at + _PLAN_VALIDITY:
        return Problem(place, "this plan is more than 24 hours old", "stale_plan", hint)
    if campaign.approval is not None and run.approved_by is None:
        hint = f"somebody else: `viesti approve {run.run_id}`"
        return Problem(place, "this campaign's plans need an approval", "not_approved", hint)
    if campaign.max_sends is not None and sends > campaign.max_sends:
        message = f"the plan has {sends} sends, and the campaign allows {campaign.max_sends}"
        return Problem(place, message, "too_many_sends", "narrow the audience, or raise `max_sends`, and plan again")
    return None
