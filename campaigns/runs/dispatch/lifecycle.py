"""Runs set going: from planned to sending, and scheduled occasions taken up when they are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection

from campaigns.core.errors import Place, Problem
from campaigns.core.model.campaign import Campaign
from campaigns.runs.planning.plan_counts import Tally
from campaigns.store.runs import publications, runs
from campaigns.store.runs.run_tables import Publication, Run
from campaigns.store.runs.states import RunState

_FRESH: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Present:
    """A published campaign as its file says it now, with the hash of its definition."""

    campaign: Campaign
    definition: str
    file: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """A published campaign's moment that has come; `missed` says why it is not run."""

    due_at: datetime
    missed: str | None


def send_by(campaign: Campaign, due_at: datetime, started: datetime, *, scheduled: bool) -> datetime:
    """When claiming ends: a span after the due moment and never past the next one; a manual run's start counts."""
    if not scheduled:
        return started + campaign.schedule.send_by
    latest = due_at + campaign.schedule.send_by
    following = campaign.schedule.next_after(due_at)
    return latest if following is None else min(latest, following)


def start(connection: Connection, run: Run, campaign: Campaign, now: datetime) -> bool:
    """Let a planned run send; False when it is not planned any more, because another process was faster.

    AuthorError when it has another plan by now than `run` has, which nobody looked at or approved.
    """
    runs.demand_same_plan(connection, run)
    ends = send_by(campaign, run.due_at, now, scheduled=run.scheduled)
    return runs.move(connection, run.number or 0, [RunState.PLANNED], RunState.SENDING, send_by=ends)


def begins(run: Run, jitter: timedelta) -> datetime:
    """When a scheduled run is let go: within `jitter` after it is due, at a moment of its own (DL-09).

    Mailbox providers hold back what everybody sends on the hour. Every process reckons the same moment, and it never
    uses up more than half of the time in which the run may start.
    """
    span = jitter if run.start_by is None else min(jitter, (run.start_by - run.due_at) / 2)
    share = int.from_bytes(sha256(run.run_id.encode()).digest()[:4], "big") / 2**32
    return run.due_at + share * span


def take_up(
    connection: Connection, publication: Publication, present: Present | None, now: datetime
) -> Occasion | None:
    """Claim one due occasion: the publication moves on and the run is there, in one transaction.

    None when another scheduler had it, or somebody has run it by hand. A run that starts too late, or whose file is
    not the published one any more (`present` None: it cannot be read), is recorded as missed.
    """
    name, due_at = publication.campaign, publication.next_due
    schedule = publications.schedule_of(publication)
    if due_at is None or not publications.advance(connection, name, due_at, schedule.next_after(due_at)):
        return None
    if runs.has_begun(connection, name, due_at):
        return None
    if now > due_at + schedule.late_by:
        return _missed(connection, publication, due_at, now, "too_late")
    if present is None or present.definition != publication.definition:
        return _missed(connection, publication, due_at, now, "not_as_published")
    runs.open_run(connection, present.campaign, present.file, due_at, now, scheduled=True)
    return Occasion(due_at, None)


def _missed(connection: Connection, publication: Publication, due_at: datetime, now: datetime, reason: str) -> Occasion:
    runs.missed(connection, publication.campaign, publication.purpose, due_at, now, reason)
    return Occasion(due_at, reason)


def give_up(connection: Connection, run: Run, now: datetime) -> bool:
    """Let a run that was not started in time be missed; False when it has been started meanwhile.

    What it would have sent expires (see `sweep.tidy`).
    """
    before = [RunState.PLANNING, RunState.PLANNED]
    return runs.move(
        connection, run.number or 0, before, RunState.MISSED, reason="too_late", closed_at=now, lease_until=None
    )


def why_not(run: Run, campaign: Campaign, definition: str, now: datetime) -> Problem | None:
    """Why a plan may not be sent: its files changed, it is over a day old, unapproved, or has too many sends."""
    place, sends = Place(run.run_id), Tally.from_json(run.counts).sent
    again = f"`viesti plan {run.campaign}`"
    if definition != run.definition:
        return Problem(place, "the campaign, an audience or a template changed after this plan", "stale_plan", again)
    if run.planned_at is not None and now > run.planned_at + _FRESH:
        return Problem(place, "this plan is more than 24 hours old", "stale_plan", again)
    if campaign.approval is not None and run.approved_by is None:
        hint = f"somebody else: `viesti approve {run.run_id}`"
        return Problem(place, "this campaign's plans need an approval", "not_approved", hint)
    if campaign.max_sends is not None and sends > campaign.max_sends:
        message = f"the plan has {sends} sends, and the campaign allows {campaign.max_sends}"
        return Problem(place, message, "too_many_sends", "narrow the audience, or raise `max_sends`, and plan again")
    return None
