"""Eligibility of planned messages right now: contact, choices, suppressions and frequency caps are read again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from audiences.consent import permissions
from audiences.tables import CHOICES, CONTACT, SUPPRESSION
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.planning import channel_choice, frequency_caps
from campaigns.store.runs.deliveries import is_claimed, with_state
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState

_COUNTED_STATES = (DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
_CHOICE_COLUMNS: Mapping[str, ColumnElement[Any]] = {**CHOICES.c, "register": CONTACT.c.register}

_REFUSAL_REASONS: Mapping[str, EndReason] = {
    SkipReason.OBJECTED_CHANNEL: EndReason.OBJECTED_CHANNEL,
    SkipReason.NOT_ENTITLED: EndReason.NOT_ENTITLED,
    SkipReason.ADDRESS_SECRET: EndReason.ADDRESS_SECRET,
}
"""End reasons of refusals at the claim; for any other refusal, consent was withdrawn after the plan."""

EligibilityCheck = tuple[RowMapping, EndReason | None]


def check_eligibility(
    connection: Connection,
    run_context: RunContext,
    channel: Channel,
    state: DeliveryState,
    condition: ColumnElement[bool],
    now: datetime,
    limit: int | None = None,
) -> list[EligibilityCheck]:
    """Return deliveries of a channel in a state that meet `condition`, in claim order, each with a reason to end it.

    The reason is None for an eligible delivery. Call it in the transaction that acts on the result.
    """
    campaign = run_context.campaign
    countries = run_context.settings.sms_countries
    statement = _statement(
        campaign.purpose, channel, campaign.newsletter, countries, from_partner=campaign.from_partner
    )
    query = with_state(statement, state).where(DELIVERY.c.run_number == run_context.number, condition)
    rows = connection.execute(query.limit(limit)).mappings().all()
    capped_members = _capped_members(connection, run_context, [row["member_id"] for row in rows], now)
    return [(row, _end_reason(row, capped_members)) for row in rows]


@lru_cache(maxsize=64)  # building the statement takes longer than reading a claim's rows
def _statement(
    purpose: Purpose, channel: Channel, newsletter: str | None, countries: tuple[str, ...], *, from_partner: bool
) -> Select[Any]:
    refusal = permissions.skip_reason_sql(
        purpose, channel, _CHOICE_COLUMNS, partner=from_partner, newsletter=newsletter
    )
    return (
        select(
            DELIVERY.c.position,
            DELIVERY.c.member_id,
            DELIVERY.c.variant,
            DELIVERY.c.arm,
            DELIVERY.c.used_basket,
            *(column for column in CONTACT.c if column.name != "member_id"),
            CONTACT.c.member_id.label("known"),
            permissions.processing_condition(purpose).sql(_CHOICE_COLUMNS).label("processed"),
            func.coalesce(CHOICES.c.no_purchase_detail, False).label("no_purchase_detail"),
            func.coalesce(CHOICES.c.tracking, False).label("tracking"),
            refusal.label("refusal"),
            channel_choice.address_column(channel, CONTACT).is_(None).label("no_address"),
            channel_choice.is_unusable(channel, CONTACT).label("unusable"),
            channel_choice.is_not_served(channel, CONTACT, countries).label("not_served"),
            _suppression(purpose, channel).label("suppression"),
        )
        .select_from(
            DELIVERY.outerjoin(CONTACT, CONTACT.c.member_id == DELIVERY.c.member_id).outerjoin(
                CHOICES, CHOICES.c.member_id == DELIVERY.c.member_id
            )
        )
        .where(DELIVERY.c.channel == channel)
        .order_by(DELIVERY.c.position)
    )


def _suppression(purpose: Purpose, channel: Channel) -> ColumnElement[Any]:
    """Return a subquery for the suppression of the address; service messages ignore marketing suppressions."""
    address = {
        Channel.EMAIL: ("email", func.lower(CONTACT.c.email)),
        Channel.POST: ("address", CONTACT.c.address_key),
    }
    kind, value = address.get(channel, ("phone", CONTACT.c.phone))
    query = select(func.min(SUPPRESSION.c.reason)).where(SUPPRESSION.c.kind == kind, SUPPRESSION.c.value == value)
    if purpose in frequency_caps.EXEMPT_PURPOSES:
        query = query.where(SUPPRESSION.c.scope == "all")
    return query.scalar_subquery()


def _end_reason(row: RowMapping, capped_members: frozenset[str]) -> EndReason | None:
    """Return why a planned message may not be sent any more, or None."""
    checks = (
        (row["known"] is None or not row["processed"], EndReason.NOT_PROCESSED),
        (row["used_basket"] and row["no_purchase_detail"], EndReason.PURCHASE_DATA_FORBIDDEN),
        (row["no_address"], EndReason.NO_ADDRESS),
        (row["unusable"], EndReason.INVALID_ADDRESS),
        (row["not_served"], EndReason.COUNTRY_NOT_SERVED),
        (row["refusal"] is not None, _REFUSAL_REASONS.get(row["refusal"], EndReason.CONSENT_WITHDRAWN)),
        (row["suppression"] is not None, EndReason.SUPPRESSED),
        (row["member_id"] in capped_members, EndReason.FREQUENCY_CAP),
    )
    return next((reason for applies, reason in checks if applies), None)


def _capped_members(
    connection: Connection, run_context: RunContext, members: Sequence[str], now: datetime
) -> frozenset[str]:
    """Return members whose frequency cap this message would exceed; other runs' messages count from their claim."""
    deliveries = DELIVERY.join(RUN, RUN.c.number == DELIVERY.c.run_number)
    capped_members: set[str] = set()
    for cap in run_context.caps:
        since = frequency_caps.window_start(cap, now, run_context.campaign.schedule.zone)
        query = (
            select(DELIVERY.c.member_id)
            .select_from(deliveries)
            .where(
                DELIVERY.c.member_id.in_(members),
                is_claimed(),
                DELIVERY.c.run_number != run_context.number,
                DELIVERY.c.state.in_(_COUNTED_STATES),
                func.coalesce(DELIVERY.c.ended_at, DELIVERY.c.claimed_at) >= since,
                frequency_caps.counts_against(cap, RUN.c.purpose),
            )
            .group_by(DELIVERY.c.member_id)
            .having(func.count() >= cap.messages)
        )
        capped_members.update(connection.execute(query).scalars())
    return frozenset(capped_members)
