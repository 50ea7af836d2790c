"""Who can be reached how: the first channel that is reachable, permitted and not suppressed, or why none is."""

from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, TableClause, and_, case, func, literal, null, or_, select

from audiences.consent import permissions
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import SkipReason
from campaigns.runs.planning.frequency_caps import SPARED
from campaigns.runs.planning.plan_input import Brief

_FINNISH: Final = "+358%"
_FINNISH_MOBILES: Final = ("+3584%", "+35850%")

Reason = ColumnElement[Any]


def reached(brief: Brief, matched: TableClause, people: TableClause) -> Select[Any]:
    """One row a matched member: `channel` and the `address` it leads to, or `reason` when no channel passed.

    Channels are tried in the campaign's order. When none passes, the reason is that of the channel that got
    furthest, ties to the first listed.
    """
    channels = brief.campaign.channels
    steps = {channel: _steps(brief, channel, matched, people) for channel in channels}
    tried = (
        select(
            matched.c.member_id,
            matched.c.variant,
            people.c.register,
            people.c.household_id,
            people.c.unit,
            people.c.postal_code,
            people.c.no_purchase_detail,
            *(address(channel, people).label(f"{channel}_address") for channel in channels),
            *(case(*whens, else_=null()).label(f"{channel}_reason") for channel, whens in steps.items()),
            *(_depth(whens).label(f"{channel}_depth") for channel, whens in steps.items()),
        )
        .select_from(matched.join(people, people.c.member_id == matched.c.member_id))
        .subquery("tried")
    )
    passed = [(tried.c[f"{channel}_reason"].is_(None), channel) for channel in channels]
    furthest = func.greatest(*(tried.c[f"{channel}_depth"] for channel in channels))
    reasons = [(tried.c[f"{channel}_depth"] == furthest, tried.c[f"{channel}_reason"]) for channel in channels]
    return select(
        tried.c.member_id,
        tried.c.variant,
        tried.c.register,
        tried.c.household_id,
        tried.c.unit,
        tried.c.postal_code,
        tried.c.no_purchase_detail,
        case(*((ok, literal(channel.value)) for ok, channel in passed), else_=null()).label("channel"),
        case(*((ok, tried.c[f"{channel}_address"]) for ok, channel in passed), else_=null()).label("address"),
        case(*reasons, else_=null()).label("reason"),
    )


def _steps(
    brief: Brief, channel: Channel, matched: TableClause, people: TableClause
) -> list[tuple[ColumnElement[bool], Reason]]:
    """What can stop a channel, in the order of how far it got."""
    campaign = brief.campaign
    known = address(channel, people)
    refusal = permissions.refusal(
        campaign.purpose, channel, people.c, partner=campaign.from_partner, newsletter=campaign.newsletter
    )
    suppression = _suppression(brief, channel, people)
    said = or_(*(matched.c.variant == name for name in brief.has_template(channel)))
    return [
        (or_(matched.c.variant.is_(None), ~said), literal(SkipReason.MISSING_VARIANT.value)),
        (known.is_(None), literal(SkipReason.NO_ADDRESS.value)),
        (unusable(channel, people), literal(SkipReason.INVALID_ADDRESS.value)),
        (refusal.is_not(None), refusal),
        (suppression.is_not(None), suppression),
    ]


def _depth(whens: list[tuple[ColumnElement[bool], Reason]]) -> ColumnElement[int]:
    return case(*((condition, literal(depth)) for depth, (condition, _) in enumerate(whens)), else_=len(whens))


def address(channel: Channel, people: FromClause) -> ColumnElement[Any]:
    """Where a channel leads to, as `people` know it; NULL when it leads nowhere."""
    match channel:
        case Channel.EMAIL:
            return people.c.email
        case Channel.SMS | Channel.PHONE:
            return people.c.phone
        case Channel.POST:
            complete = and_(
                or_(people.c.first_name.is_not(None), people.c.last_name.is_not(None)),
                people.c.street.is_not(None),
                people.c.postal_code.is_not(None),
                people.c.city.is_not(None),
            )
            return case((complete, people.c.address_key), else_=null())


def unusable(channel: Channel, people: FromClause) -> ColumnElement[bool]:
    """An address that is known but that this channel cannot use: a fixed line for SMS (TW-04)."""
    if channel is not Channel.SMS:
        return literal(value=False)
    return and_(people.c.phone.like(_FINNISH), *(people.c.phone.not_like(pattern) for pattern in _FINNISH_MOBILES))


def _suppression(brief: Brief, channel: Channel, people: TableClause) -> Reason:
    """Why nothing may go to the address; service messages obey only what is not about marketing."""
    kind = {Channel.EMAIL: "email", Channel.POST: "address"}.get(channel, "phone")
    scope = "_all" if brief.campaign.purpose in SPARED else ""
    return people.c[f"{kind}_suppression{scope}"]
