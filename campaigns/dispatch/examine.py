"""The re-read: what contact, choices, suppressions and caps say of planned messages at this very moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from audiences import permissions
from audiences.tables import CHOICES, CONTACT, SUPPRESSION
from campaigns.dispatch.job import Job
from campaigns.planning import caps, reach
from campaigns.spec.reasons import EndReason, SkipReason
from campaigns.spec.words import Channel, Purpose
from campaigns.store.deliveries import in_state, is_claimed
from campaigns.store.tables import DELIVERY, RUN
from campaigns.store.words import DeliveryState

_HEARD = (DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
_CHOSEN: Mapping[str, ColumnElement[Any]] = {**CHOICES.c, "register": CONTACT.c.register}

_REFUSED: Mapping[str, EndReason] = {
    SkipReason.OBJECTED_CHANNEL: EndReason.OBJECTED_CHANNEL,
    SkipReason.NOT_ENTITLED: EndReason.NOT_ENTITLED,
    SkipReason.ADDRESS_SECRET: EndReason.ADDRESS_SECRET,
}
"""What a refusal at the claim is called; the rest are yeses that were there for the plan and are not any more."""

Examined = tuple[RowMapping, EndReason | None]


def examine(
    connection: Connection,
    job: Job,
    channel: Channel,
    state: DeliveryState,
    chosen: ColumnElement[bool],
    now: datetime,
    most: int | None = None,
) -> list[Examined]:
    """Deliveries of a channel in a state that fit `chosen`, in claim order, each with the reason why it may not go on.

    Call it in the transaction that acts on the answer.
    """
    campaign = job.campaign
    reread = _reread(campaign.purpose, channel, campaign.newsletter, campaign.from_partner)
    asked = in_state(reread, state).where(DELIVERY.c.run_number == job.number, chosen)
    rows = connection.execute(asked.limit(most)).mappings().all()
    full = _heard_enough(connection, job, [row["member_id"] for row in rows], now)
    return [(row, _objection(row, full)) for row in rows]


@lru_cache(maxsize=64)  # putting it together takes longer than a claim's rows
def _reread(purpose: Purpose, channel: Channel, newsletter: str | None, partner: bool) -> Select[Any]:
    refusal = permissions.refusal(purpose, channel, _CHOSEN, partner=partner, newsletter=newsletter)
    return (
        select(
            DELIVERY.c.position,
            DELIVERY.c.member_id,
            DELIVERY.c.variant,
            DELIVERY.c.arm,
            DELIVERY.c.used_basket,
            *(column for column in CONTACT.c if column.name != "member_id"),
            CONTACT.c.member_id.label("known"),
            permissions.processed(purpose).sql(_CHOSEN).label("processed"),
            func.coalesce(CHOICES.c.no_purchase_detail, False).label("no_purchase_detail"),
            func.coalesce(CHOICES.c.tracking, False).label("tracking"),
            refusal.label("refusal"),
            reach.address(channel, CONTACT).is_(None).label("no_address"),
            reach.unusable(channel, CONTACT).label("unusable"),
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
    """Why nothing may go to the address any more; service messages obey only what is not about marketing."""
    address = {
        Channel.EMAIL: ("email", func.lower(CONTACT.c.email)),
        Channel.POST: ("address", CONTACT.c.address_key),
    }
    kind, value = address.get(channel, ("phone", CONTACT.c.phone))
    found = select(func.min(SUPPRESSION.c.reason)).where(SUPPRESSION.c.kind == kind, SUPPRESSION.c.value == value)
    if purpose in caps.SPARED:
        found = found.where(SUPPRESSION.c.scope == "all")
    return found.scalar_subquery()


def _objection(row: RowMapping, full: frozenset[str]) -> EndReason | None:
    """Why a planned message may not go any more; None: it goes."""
    asked = (
        (row["known"] is None or not row["processed"], EndReason.NOT_PROCESSED),
        (row["used_basket"] and row["no_purchase_detail"], EndReason.PURCHASE_DATA_FORBIDDEN),
        (row["no_address"], EndReason.NO_ADDRESS),
        (row["unusable"], EndReason.INVALID_ADDRESS),
        (row["refusal"] is not None, _REFUSED.get(row["refusal"], EndReason.CONSENT_WITHDRAWN)),
        (row["suppression"] is not None, EndReason.SUPPRESSED),
        (row["member_id"] in full, EndReason.FREQUENCY_CAP),
    )
    return next((reason for objects, reason in asked if objects), None)


def _heard_enough(connection: Connection, job: Job, members: Sequence[str], now: datetime) -> frozenset[str]:
    """Those for whom this message would exceed a cap; other runs' messages count from their claim."""
    heard = DELIVERY.join(RUN, RUN.c.number == DELIVERY.c.run_number)
    full: set[str] = set()
    for cap in job.caps:
        since = caps.window_start(cap, now, job.campaign.schedule.zone)
        over = (
            select(DELIVERY.c.member_id)
            .select_from(heard)
            .where(
                DELIVERY.c.member_id.in_(members),
                is_claimed(),
                DELIVERY.c.run_number != job.number,
                DELIVERY.c.state.in_(_HEARD),
                func.coalesce(DELIVERY.c.ended_at, DELIVERY.c.claimed_at) >= since,
                caps.counts(cap, RUN.c.purpose),
            )
            .group_by(DELIVERY.c.member_id)
            .having(func.count() >= cap.messages)
        )
        full.update(connection.execute(over).scalars())
    return frozenset(full)
