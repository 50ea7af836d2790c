"""Checks that a campaign's offers can be shown: asked for, on sale when it is due, with pictures that exist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from campaigns.core.errors import FilePosition, Problem, Severity, closest_match
from campaigns.core.model.campaign import Campaign, OfferSelection
from campaigns.core.model.condition import RedemptionCondition
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.offer import Offer
from campaigns.core.yaml.source import read_yaml
from campaigns.rules.traverse import leaves
from campaigns.workspace.checks.picture_files import picture_problems


@dataclass(frozen=True, slots=True)
class OfferUsage:
    """Variant whose template for a channel shows offers; `bare` lists in it print nothing when there are none."""

    variant: str
    channel: Channel
    template: str
    bare: tuple[Problem, ...]
    has_pictures: bool


def offers_not_asked(campaign: Campaign, file: Path, usages: Sequence[OfferUsage]) -> Iterator[Problem]:
    """Refuse a bare list of offers in a variant that asks for none; warn of any list in a newsletter."""
    for each in usages:
        if _choice(campaign, each.variant) is not None:
            continue
        if not each.bare and campaign.purpose is Purpose.NEWSLETTER:
            message = f"`{each.template}` shows offers, and this newsletter asks for none"
            hint = "add `offers: {at_most: 6}`, unless a letter without offers is meant"
            yield Problem(_place(file, campaign, each), message, "offers_not_asked", hint, Severity.WARNING)
        elif each.bare:
            message = f"`{each.template}` lists offers, but this campaign asks for none: the list would be empty"
            hint = f"add `offers: {{at_most: 6}}`, or write `{{% if offers %}}` at {each.bare[0].place}"
            yield Problem(_place(file, campaign, each), message, "offers_not_asked", hint)


def offers_not_on_sale(
    campaign: Campaign, file: Path, usages: Sequence[OfferUsage], offers: Sequence[Offer], day: date
) -> Iterator[Problem]:
    """Warn of a variant for which no offer is on sale on the day when it is due."""
    for each in usages:
        choice = _choice(campaign, each.variant)
        if choice is None:
            continue
        chosen = [offer for offer in offers if choice.selects(offer)]
        if any(offer.valid_from <= day <= offer.valid_to for offer in chosen):
            continue
        message = f"no offer for `{each.variant}` is on sale on {day}, when this is due"
        reason = _shortage(chosen, day) if offers else "config/offers.yaml has none"
        hint = "add offers to config/offers.yaml, or ask for others in `offers`"
        yield Problem(_place(file, campaign, each), f"{message}: {reason}", "no_offers", hint, Severity.WARNING)


def _shortage(chosen: Sequence[Offer], day: date) -> str:
    """Return why none of the offers that a variant asks for is on sale."""
    ended = [offer.valid_to for offer in chosen if offer.valid_to < day]
    if ended:
        return f"the last one ended on {max(ended)}"
    return "none begins before" if chosen else "none matches"


def offer_pictures(
    campaign: Campaign, usages: Sequence[OfferUsage], offers: Sequence[Offer], file: Path, images: Path
) -> Iterator[Problem]:
    """Yield the problems of the pictures of all offers that the campaign may show, at their lines of the file."""
    choices = [_choice(campaign, each.variant) for each in usages if each.has_pictures]
    used = {
        index: offer.image
        for index, offer in enumerate(offers)
        if any(choice is not None and choice.selects(offer) for choice in choices)
    }
    nowhere = FilePosition("")
    bad = [index for index, image in used.items() if any(picture_problems(images, image, nowhere))]
    if bad:
        listed = read_yaml(file).part("offers")  # large, and read for its positions only now
        for index in bad:
            yield from picture_problems(images, used[index], listed.part(index).part("image").place)


def goal_without_coupon(campaign: Campaign, offers: Sequence[Offer]) -> Iterator[Problem]:
    """Warn of a goal that asks for redeemed coupons which no offer has."""
    goal = None if campaign.experiment is None else campaign.experiment.goal
    coupons = [offer.id for offer in offers if offer.coupon is not None]
    for leaf in () if goal is None else leaves(goal):
        if not isinstance(leaf, RedemptionCondition) or (leaf.offer in coupons if leaf.offer else coupons):
            continue
        which = "no offer" if leaf.offer is None else f"no offer `{leaf.offer}`"
        hint = closest_match(leaf.offer or "", coupons) or "`coupon: {kind: card}` in config/offers.yaml"
        message = f"the goal counts redeemed coupons, and {which} has one"
        yield Problem(leaf.place, message, "no_coupons", hint, Severity.WARNING)


def _choice(campaign: Campaign, variant: str) -> OfferSelection | None:
    (match,) = (each for each in campaign.variants if each.name == variant)
    return match.offers or campaign.offers


def _place(file: Path, campaign: Campaign, usage: OfferUsage) -> FilePosition:
    """Return where the campaign names the template."""
    at = read_yaml(file)
    if isinstance(at.value, dict) and "content" in at.value:
        return at.part("content").part(usage.channel.value).place
    names = [variant.name for variant in campaign.variants]
    return at.part("variants").part(names.index(usage.variant)).part(usage.channel.value).place
