"""Warnings of a plan: nobody, no offers, a sudden change since the last run, members of other campaigns of the day."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from campaigns.core.clock import local_day, midnight
from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.enums import Purpose
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import decisions, runs
from campaigns.store.runs.run_tables import Run

_LEAST_CHANGE: Final = 10  # members: below that, half or double is chance
_LISTED: Final = 3
_EXPECTED_TWICE: Final = frozenset({Purpose.SERVICE.value, Purpose.RIGHTS.value})


def count_warnings(connection: Connection, run: Run) -> Iterator[Problem]:
    """Yield the warnings that follow from the numbers of a plan and of the campaign's last run."""
    plan_counts = PlanCounts.from_json(run.counts)
    if not plan_counts.sent:
        yield from _nobody(run, plan_counts)
        return
    for variant, number in plan_counts.without_offers.items():
        members = "1 member" if number == 1 else f"{number} members"
        message = f"{members} would get `{variant}` without any offer, and its template shows offers"
        hint = "see `valid_from` and `valid_to` in config/offers.yaml, and `offers` in the campaign"
        yield _warning(run, message, "no_offers", hint)
    last = runs.latest_started(connection, run)
    if last is not None:
        yield from _sudden_change(run, plan_counts.sent, last)


def overlap_warnings(connection: Connection, run: Run, zone: ZoneInfo) -> Iterator[Problem]:
    """Yield a warning if other campaigns write to the same members on the day of the plan; service messages may."""
    day = local_day(run.due_at, zone)
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    others = [
        other for other in runs.others_between(connection, run, start, end) if other.purpose not in _EXPECTED_TWICE
    ]
    if run.purpose in _EXPECTED_TWICE or not others:
        return
    in_all, by_run = decisions.count_overlaps(connection, run.number or 0, [other.number or 0 for other in others])
    if not in_all:
        return
    counted = sorted(zip(by_run, (other.run_id for other in others), strict=True), reverse=True)
    listed = ", ".join(f"{number} in {run_id}" for number, run_id in counted[:_LISTED] if number)
    sent = PlanCounts.from_json(run.counts).sent
    message = f"{in_all} of its {sent} members are written to by another campaign on {day}, too: {listed}"
    hint = "`limits: {per_member: {messages: 1, per: day}}` sends them one; `not: {received: …}` leaves them out"
    yield _warning(run, message, "overlap", hint)


def _nobody(run: Run, plan_counts: PlanCounts) -> Iterator[Problem]:
    if not plan_counts.population + plan_counts.not_processed:
        return  # nothing is imported, and another warning says so
    if not plan_counts.matched:
        hint = "`viesti audience count NAME --explain` shows which condition keeps them out"
        yield _warning(run, "nobody gets this: no member matches the audience", "nobody", hint)
        return
    reason, number = max(plan_counts.skips.items(), key=lambda item: item[1])
    message = f"nobody gets this: all {plan_counts.matched} members who match are skipped, {number} as `{reason}`"
    yield _warning(run, message, "nobody", f"`viesti member why M --campaign {run.campaign}` explains one of them")


def _sudden_change(run: Run, sent: int, last: Run) -> Iterator[Problem]:
    before = PlanCounts.from_json(last.counts).sent
    if abs(sent - before) < _LEAST_CHANGE:
        return
    if sent >= 2 * before or 2 * sent <= before:
        change = "twice as many members" if sent >= 2 * before else "half as many members"
        message = f"{change} or {'more' if sent > before else 'fewer'}: {sent} now, {before} in {last.run_id}"
        hint = "look at the funnel: did an import, the audience or a choice change this much?"
        yield _warning(run, message, "sudden_change", hint)


def _warning(run: Run, message: str, code: str, hint: str) -> Problem:
    return Problem(FilePosition(run.run_id), message, code, hint, Severity.WARNING)
