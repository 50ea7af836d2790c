"""What will go when: the occasions of campaigns in the days to come."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from campaigns.core.model.campaign import Campaign

_MOST_A_CAMPAIGN = 500


@dataclass(frozen=True, slots=True)
class Occasion:
    """One moment at which a campaign is due; only a published one will run."""

    due_at: datetime
    campaign: Campaign
    published: bool


def occasions(
    campaigns: Iterable[Campaign], published: frozenset[str], start: datetime, end: datetime
) -> list[Occasion]:
    """The occasions after `start` and up to `end`, the earliest first; at most 500 of a campaign."""
    found = [
        Occasion(due, campaign, campaign.name in published)
        for campaign in campaigns
        for due in takewhile(lambda due: due <= end, _due(campaign, start))
    ]
    return sorted(found, key=lambda occasion: (occasion.due_at, occasion.campaign.name))


def _due(campaign: Campaign, start: datetime) -> Iterator[datetime]:
    moment: datetime | None = start
    for _ in range(_MOST_A_CAMPAIGN):
        moment = campaign.schedule.next_after(moment) if moment is not None else None
        if moment is None:
            return
        yield moment
