"""Calendar of the occasions of campaigns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Final

from campaigns.core.model.campaign import Campaign

_MAX_PER_CAMPAIGN: Final = 5_000


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Occasion on which a campaign is due; only a published campaign will run."""

    due_at: datetime
    campaign: Campaign
    published: bool


def calendar_entries(
    campaigns: Iterable[Campaign], published: frozenset[str], start: datetime, end: datetime
) -> list[CalendarEntry]:
    """Return the occasions after `start` and up to `end`, earliest first; at most 5,000 per campaign."""
    entries = [
        CalendarEntry(due_at, campaign, campaign.name in published)
        for campaign in campaigns
        for due_at in takewhile(lambda due_at: due_at <= end, _due(campaign, start))
    ]
    return sorted(entries, key=lambda occasion: (occasion.due_at, occasion.campaign.name))


def _due(campaign: Campaign, start: datetime) -> Iterator[datetime]:
    due_at: datetime | None = start
    for _ in range(_MAX_PER_CAMPAIGN):
        due_at = campaign.schedule.next_after(due_at) if due_at is not None else None
        if due_at is None:
            return
        yield due_at
