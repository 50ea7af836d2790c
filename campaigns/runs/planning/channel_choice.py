"""Channel choice: the first channel that is reachable, permitted and not suppressed, or the reason for none."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, TableClause, and_, case, func, literal, null, or_, select

from audiences.consent import permissions
from campaigns.core.model.enums import Channel
from campaigns.core.model.phone_countries import callable_classes
from campaigns.core.model.reasons import SkipReason
from campaigns.runs.planning.frequency_caps import EXEMPT_PURPOSES
from campaigns.runs.planning.plan_input import PlanInput

_PHONE_CHANNELS: Final = (Channel.SMS, Channel.PHONE)

_ReasonColumn = ColumnElement[Any]


def choose_channels(plan_input: PlanInput, matched: TableClause, people: TableClause) -> Select[Any]:
    """Select one row per matched member: `channel` and its `address`, or `reason` when no channel passed.

    Channels are tried in the campaign's order. When none passes, the reason is that of the channel that got
    furthest, ties to the first listed.
    """
    channels = plan_input.campaign.channels
    steps = {channel: _steps(plan_input, channel, matched, people) for channel in channels}
    tried = (
        select(
            matched.c.member_id,
            matched.c.variant,
            people.c.register,
            people.c.household_id,
            people.c.unit,
            people.c.postal_code,
            people.c.no_purchase_detail,
            *(address_column(channel, people).label(f"{channel}_address") for channel in channels),
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
    plan_input: PlanInput, channel: Channel, matched: TableClause, people: TableClause
) -> list[tuple[ColumnElement[bool], _ReasonColumn]]:
    """Return the conditions that rule out a channel, in order of checking, each with its reason."""
    campaign = plan_input.campaign
    channel_address = address_column(channel, people)
    refusal = permissions.skip_reason_sql(
        campaign.purpose, channel, people.c, partner=campaign.from_partner, newsletter=campaign.newsletter
    )
    suppression = _suppression(plan_input, channel, people)
    countries = plan_input.settings.sms_countries
    has_template = or_(*(matched.c.variant == name for name in plan_input.variants_with_template(channel)))
    return [
        (or_(matched.c.variant.is_(None), ~has_template), literal(SkipReason.MISSING_VARIANT.value)),
        (channel_address.is_(None), literal(SkipReason.NO_ADDRESS.value)),
        (is_unusable(channel, people), literal(SkipReason.INVALID_ADDRESS.value)),
        (is_not_served(channel, people, countries), literal(SkipReason.COUNTRY_NOT_SERVED.value)),
        (refusal.is_not(None), refusal),
        (suppression.is_not(None), suppression),
    ]


def _depth(whens: list[tuple[ColumnElement[bool], _ReasonColumn]]) -> ColumnElement[int]:
    return case(*((condition, literal(depth)) for depth, (condition, _) in enumerate(whens)), else_=len(whens))


def address_column(channel: Channel, people: FromClause) -> ColumnElement[Any]:
    """Return the address of a channel as `people` has it; NULL when there is none."""
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


def is_unusable(channel: Channel, people: FromClause) -> ColumnElement[bool]:
    """Return the condition that a known address is unusable for the channel: a fixed line for SMS (TW-04).

    Premium-rate and shared-cost numbers are unusable for calls, too.
    """
    if channel not in _PHONE_CHANNELS:
        return literal(value=False)
    kinds = ("fixed", "other") if channel is Channel.SMS else ("other",)
    return or_(*(func.coalesce(people.c.phone_class, "").like(f"% {kind}") for kind in kinds))


def is_not_served(channel: Channel, people: FromClause, countries: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a number is none of `countries`, the only ones that are written to and called."""
    if channel not in _PHONE_CHANNELS:
        return literal(value=False)
    return func.coalesce(people.c.phone_class, "").not_in(callable_classes(countries))


def _suppression(plan_input: PlanInput, channel: Channel, people: TableClause) -> _ReasonColumn:
    """Return the suppression of the address; service messages ignore suppressions of marketing only."""
    kind = {Channel.EMAIL: "email", Channel.POST: "address"}.get(channel, "phone")
    scope = "_all" if plan_input.campaign.purpose in EXEMPT_PURPOSES else ""
    return people.c[f"{kind}_suppression{scope}"]
