"""Warnings of a plan's offers: those that nobody gets, that have ended, and that end while the run is sent."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.campaign import Campaign
from campaigns.core.model.offer import Offer
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs.run_tables import Run

_LISTED: Final = 3


def offer_warnings(run: Run, campaign: Campaign, offers: Mapping[str, Offer]) -> Iterator[Problem]:
    """Yield the warnings of the offers of a plan; `offers` are those of its definition, by id."""
    plan_counts = PlanCounts.from_json(run.counts)
    if not plan_counts.offer_places:
        return
    day = local_day(run.due_at, campaign.schedule.zone)
    unseen = [offer_id for offer_id, sends in plan_counts.sends_by_offer if not sends]
    if unseen:
        message = f"nobody gets {_number(unseen, 'of its offers')}: {_listed(unseen)}"
        hint = "raise `at_most` or their `weight`, narrow `offers` in the campaign, or take them out"
        yield _warning(run, message, "unseen_offers", hint)
    ended = _ended(campaign, offers, day)
    if ended:
        message = f"{_number(ended, 'of the offers that it asks for')} ended before {day}: {_listed(ended)}"
        yield _warning(run, message, "expired_offers", "see `valid_to` in config/offers.yaml; the others are shown")
    last_day = [
        offer_id
        for offer_id, sends in plan_counts.sends_by_offer
        if sends and offer_id in offers and offers[offer_id].valid_to == day
    ]
    if last_day:
        message = (
            f"{_number(last_day, 'of the offers shown')} will end on {day}, the day it is due: {_listed(last_day)}"
        )
        hint = "messages that are read later show an offer that has ended; see `valid_to` in config/offers.yaml"
        yield _warning(run, message, "ending_offers", hint)


def _ended(campaign: Campaign, offers: Mapping[str, Offer], day: date) -> Sequence[str]:
    """Return the ids of the offers that a variant would show if they had not ended before `day`."""
    choices = [choice for each in campaign.variants if (choice := each.offers or campaign.offers) is not None]
    return [
        offer.id
        for offer in offers.values()
        if offer.valid_to < day and any(choice.selects(offer) for choice in choices)
    ]


def _number(ids: Sequence[str], of_what: str) -> str:
    return f"{len(ids)} {of_what}"


def _listed(ids: Sequence[str]) -> str:
    rest = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"{', '.join(ids[:_LISTED])}{rest}"


def _warning(run: Run, message: str, code: str, hint: str) -> Problem:
    return Problem(FilePosition(run.run_id), message, code, hint, Severity.WARNING)
