"""Expected sends of a period: runs that were, and coming occasions with the numbers of each campaign's last plan."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel
from campaigns.runs.planning.calendar import CalendarEntry
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.runs.queries import Queries
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import RunState

_BEGUN_STATES: Final = (RunState.SENDING, RunState.PAUSED, RunState.CLOSED, RunState.MISSED)
_SAMPLE: Final = timedelta(days=28)
_DAILY: Final = 20
"""Days out of 28 from which a campaign counts as daily: Monday to Friday is enough."""


@dataclass(frozen=True, slots=True)
class ExpectedSend:
    """One occasion: of a run that began or was missed (`state`), or to come.

    `plan` is the run whose numbers it has: itself, or the campaign's last plan; None for a campaign never planned.
    `campaign` is None for a run whose file is gone. A daily campaign writes to other members every day.
    """

    due_at: datetime
    name: str
    purpose: str
    campaign: Campaign | None
    published: bool
    daily: bool
    state: RunState | None
    plan: Run | None

    @property
    def sends(self) -> Mapping[Channel, int]:
        """Messages by channel; empty when nothing is known, or nothing was sent."""
        if self.plan is None or not self.plan.counts or self.state is RunState.MISSED:
            return {}
        return PlanCounts.from_json(self.plan.counts).sends

    @property
    def messages(self) -> int | None:
        """Number of messages; None when the campaign was never planned."""
        return sum(self.sends.values()) if self.plan is not None else None

    @property
    def channels(self) -> Sequence[str]:
        """Channels of the campaign, or those of the run."""
        return [channel.value for channel in (self.campaign.channels if self.campaign is not None else self.sends)]


def expected_sends(queries: Queries, start: datetime, end: datetime) -> list[ExpectedSend]:
    """Return the occasions from `start` and before `end`, earliest first: those begun as run, later ones as scheduled.

    A later occasion may have begun by hand. One whose run was cancelled does not come.
    """
    now, zone = queries.context.clock.now(), queries.context.settings.zone
    first = max(start, now)
    entries = queries.calendar(first, max(end, first + _SAMPLE))
    with queries.context.ledger.read() as connection:
        plans = runs.latest_plans(connection)
        by_occasion = {(run.campaign, run.due_at): run for run in runs.due_between(connection, start, end)}
    campaigns = {entry.campaign.name: entry.campaign for entry in entries}
    daily = _daily_campaigns(entries, first + _SAMPLE, zone)
    begun = [
        _begun(run, campaigns.get(run.campaign), daily=run.campaign in daily)
        for run in by_occasion.values()
        if run.state in _BEGUN_STATES
    ]
    ended = {occasion for occasion, run in by_occasion.items() if run.state in (*_BEGUN_STATES, RunState.CANCELLED)}
    coming = [
        _coming(entry, by_occasion, plans, daily=entry.campaign.name in daily)
        for entry in entries
        if now < entry.due_at < end and (entry.campaign.name, entry.due_at) not in ended
    ]
    return sorted(begun + coming, key=lambda each: (each.due_at, each.name))


def _coming(
    entry: CalendarEntry, by_occasion: Mapping[tuple[str, datetime], Run], plans: Mapping[str, Run], *, daily: bool
) -> ExpectedSend:
    campaign = entry.campaign
    own = by_occasion.get((campaign.name, entry.due_at))
    plan = own if own is not None and own.planned_at is not None else plans.get(campaign.name)
    return ExpectedSend(
        entry.due_at, campaign.name, campaign.purpose, campaign, entry.published, daily=daily, state=None, plan=plan
    )


def _begun(run: Run, campaign: Campaign | None, *, daily: bool) -> ExpectedSend:
    return ExpectedSend(
        run.due_at,
        run.campaign,
        run.purpose,
        campaign,
        published=True,
        daily=daily,
        state=RunState(run.state),
        plan=run,
    )


def _daily_campaigns(entries: Iterable[CalendarEntry], until: datetime, zone: ZoneInfo) -> frozenset[str]:
    """Return the campaigns that are due on nearly every day before `until`, whatever their hours."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for entry in entries:
        if entry.due_at <= until:
            days[entry.campaign.name].add(local_day(entry.due_at, zone))
    return frozenset(name for name, due_on in days.items() if len(due_on) >= _DAILY)
