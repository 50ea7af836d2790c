"""Frequency caps at risk: days on which coming occasions would write to members more often than a cap allows.

Estimated from the last plan of each campaign: an occasion is taken to want the members whom that plan wrote to, or left
out for a cap. A daily campaign writes to other members each day, and so counts once in a window.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.model.campaign import FrequencyCap
from campaigns.core.model.settings import Settings
from campaigns.runs.capacity.expected_sends import ExpectedSend
from campaigns.runs.planning.frequency_caps import EXEMPT_PURPOSES, applicable_caps, window_start
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import decisions

LONGEST_WINDOW: Final = timedelta(days=31)
"""Messages of this time before a period can count against its caps, as far as the estimate looks back."""

Overlap = Mapping[frozenset[int], int]
"""Number of members by the set of plans that want them."""


@dataclass(frozen=True, slots=True)
class CapRisk:
    """Cap that `members` of a campaign would exceed on a day; `with_drafts` if only once drafts are published."""

    day: date
    campaign: str
    cap: FrequencyCap
    members: int
    with_drafts: bool


@dataclass(frozen=True, slots=True)
class _Pressure:
    """Occasion under a cap, and the earlier occasions in the cap's window."""

    occasion: ExpectedSend
    cap: FrequencyCap
    earlier: Sequence[ExpectedSend]

    def members(self, overlap: Overlap) -> int:
        """Return how many members of the occasion would have had the cap's messages before it."""
        plan, before = _number(self.occasion), [_number(each) for each in self.earlier]
        return sum(
            members
            for plans, members in overlap.items()
            if plan in plans and sum(number in plans for number in before) >= self.cap.messages
        )


def cap_risks(ledger: Ledger, sends: Sequence[ExpectedSend], settings: Settings, now: datetime) -> list[CapRisk]:
    """Return the caps at risk after `now`; `sends` begin `LONGEST_WINDOW` before the period that is looked at."""
    coming = [each for each in sends if each.state is None and each.due_at > now and each.plan is not None]
    pressures = [
        pressure
        for each in coming
        for with_drafts in (False, True)
        for pressure in _pressures(each, sends, settings, drafts=with_drafts)
    ]
    plans = sorted({_number(each) for pressure in pressures for each in (pressure.occasion, *pressure.earlier)})
    if not plans:
        return []
    with ledger.read() as connection:
        overlap = decisions.count_by_runs(connection, plans)
    return list(_risks(pressures, overlap, settings))


def _pressures(
    occasion: ExpectedSend, sends: Iterable[ExpectedSend], settings: Settings, *, drafts: bool
) -> Iterator[_Pressure]:
    """Yield the caps that have enough earlier occasions in their windows; without `drafts`, of published campaigns."""
    if occasion.campaign is None or not (occasion.published or drafts):
        return
    for cap in applicable_caps(occasion.campaign, settings):
        since = window_start(cap, occasion.due_at, occasion.campaign.schedule.zone)
        earlier = [
            each
            for each in sends
            if since <= each.due_at < occasion.due_at and (each.published or drafts) and _counts(each, cap, occasion)
        ]
        once = [
            *(each for each in earlier if not each.daily),
            *{each.name: each for each in earlier if each.daily}.values(),
        ]
        if len(once) >= cap.messages:
            yield _Pressure(occasion, cap, once)


def _counts(earlier: ExpectedSend, cap: FrequencyCap, occasion: ExpectedSend) -> bool:
    """Return whether an earlier occasion counts against a cap of a later one."""
    if earlier.plan is None or (occasion.daily and earlier.name == occasion.name):
        return False
    return earlier.purpose == cap.of if cap.of is not None else earlier.purpose not in EXEMPT_PURPOSES


def _risks(pressures: Iterable[_Pressure], overlap: Overlap, settings: Settings) -> Iterator[CapRisk]:
    """Yield one risk for each occasion: of the cap that most members would exceed, without drafts if possible."""
    by_occasion: dict[tuple[datetime, str], CapRisk] = {}
    for pressure in pressures:
        occasion, members = pressure.occasion, pressure.members(overlap)
        is_draft = not all(each.published for each in (occasion, *pressure.earlier))
        risk = CapRisk(
            local_day(occasion.due_at, settings.zone), occasion.name, pressure.cap, members, with_drafts=is_draft
        )
        key = (occasion.due_at, occasion.name)
        known = by_occasion.get(key)
        if members and (known is None or (known.with_drafts, -known.members) > (is_draft, -members)):
            by_occasion[key] = risk
    yield from (by_occasion[key] for key in sorted(by_occasion))


def _number(occasion: ExpectedSend) -> int:
    return (occasion.plan.number or 0) if occasion.plan is not None else 0
