"""Queries on redeemed coupons, and on the messages that coupons were sent in."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Select, and_, delete, func, insert, select, tuple_

from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.deliveries import for_members
from campaigns.store.runs.event_tables import REDEMPTION
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RUN, Run
from campaigns.store.runs.states import DeliveryState

SENT_STATES: Final = (DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
"""States of deliveries that their member has, or may have."""

_AT_ONCE: Final = 500
_Item = TypeVar("_Item")
CouponKey = tuple[int, int, str]
"""Run number, position and offer of a coupon."""


@dataclass(frozen=True, slots=True)
class CouponMessage:
    """Message that may hold coupons; `offers` are those of its decision (see `core.model.offer_reason`)."""

    run_number: int
    position: int
    member_id: str
    state: str
    claimed_at: datetime | None
    offers: str | None


def runs_with_offers(connection: Connection, since: datetime) -> list[Run]:
    """Return the planned runs due since a moment that show offers, newest first."""
    query = select(RUN).where(RUN.c.planned_at.is_not(None), RUN.c.due_at >= since)
    rows = connection.execute(query.order_by(RUN.c.number.desc())).mappings()
    return [Run(**row) for row in rows if row["counts"].get("offer_ids")]


def messages_at(connection: Connection, places: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int], CouponMessage]:
    """Return the messages of a run number and a position, by these."""
    rows = [
        CouponMessage(*row)
        for some in _batches(places)
        for row in connection.execute(
            coupon_messages().where(tuple_(DELIVERY.c.run_number, DELIVERY.c.position).in_(some))
        )
    ]
    return {(message.run_number, message.position): message for message in rows}


def messages_to(
    connection: Connection, members: Collection[str], run_numbers: Collection[int]
) -> Mapping[str, Sequence[CouponMessage]]:
    """Return the messages of some runs to some members, by member, those of the newest run first."""
    messages: dict[str, list[CouponMessage]] = {}
    for some in _batches(members):
        query = coupon_messages().where(for_members(some), DELIVERY.c.run_number.in_(run_numbers))
        for row in connection.execute(query.order_by(DELIVERY.c.run_number.desc())):
            message = CouponMessage(*row)
            messages.setdefault(message.member_id, []).append(message)
    return messages


def coupon_messages() -> Select[Any]:
    """Select the columns of a `CouponMessage`, to which a caller adds conditions."""
    of_delivery = and_(
        DECISION.c.run_number == DELIVERY.c.run_number,
        DECISION.c.member_id == DELIVERY.c.member_id,
        DECISION.c.position == DELIVERY.c.position,
    )
    columns = (DELIVERY.c.run_number, DELIVERY.c.position, DELIVERY.c.member_id, DELIVERY.c.state)
    return select(*columns, DELIVERY.c.claimed_at, DECISION.c.offers).outerjoin_from(DELIVERY, DECISION, of_delivery)


def stored_redemptions(connection: Connection, keys: Iterable[CouponKey]) -> Mapping[CouponKey, datetime]:
    """Return when coupons were redeemed, of those that were."""
    key = (REDEMPTION.c.run_number, REDEMPTION.c.position, REDEMPTION.c.offer_id)
    return {
        (row.run_number, row.position, row.offer_id): row.redeemed_at
        for some in _batches(keys)
        for row in connection.execute(select(*key, REDEMPTION.c.redeemed_at).where(tuple_(*key).in_(some)))
    }


def add_redemptions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store redemptions, all of them or none."""
    if rows:
        connection.execute(insert(REDEMPTION), [dict(row) for row in rows])


def redemption_counts(connection: Connection, run_number: int) -> Mapping[str, int]:
    """Return how many coupons of a run were redeemed, by offer; offers without any are left out."""
    query = select(REDEMPTION.c.offer_id, func.count()).where(REDEMPTION.c.run_number == run_number)
    rows = connection.execute(query.group_by(REDEMPTION.c.offer_id).order_by(REDEMPTION.c.offer_id))
    return {row[0]: row[1] for row in rows}


def redeemed_by_arm(connection: Connection, run_number: int) -> Mapping[str, Mapping[str, int]]:
    """Return how many coupons of a run were redeemed, by offer and arm, which is empty outside of experiments."""
    arm = func.coalesce(DELIVERY.c.arm, "")
    of_delivery = and_(DELIVERY.c.run_number == REDEMPTION.c.run_number, DELIVERY.c.position == REDEMPTION.c.position)
    query = select(REDEMPTION.c.offer_id, arm, func.count()).outerjoin_from(REDEMPTION, DELIVERY, of_delivery)
    rows = connection.execute(
        query.where(REDEMPTION.c.run_number == run_number).group_by(REDEMPTION.c.offer_id, arm).order_by(arm)
    )
    counts: dict[str, dict[str, int]] = {}
    for offer_id, arm_name, number in rows:
        counts.setdefault(offer_id, {})[arm_name] = number
    return counts


def purge_redemptions(ledger: Ledger, before: datetime) -> int:
    """Delete the redemptions before a moment; return their number."""
    deleted = 0
    while True:
        some = select(REDEMPTION.c.number).where(REDEMPTION.c.redeemed_at < before).limit(_AT_ONCE * 4)
        with ledger.write() as connection:
            removed = connection.execute(delete(REDEMPTION).where(REDEMPTION.c.number.in_(some))).rowcount
        deleted += removed
        if not removed:
            return deleted


def remaining_redemptions(ledger: Ledger) -> tuple[int, datetime | None]:
    """Return the number of stored redemptions, and the time of the oldest."""
    with ledger.read() as connection:
        number, oldest = connection.execute(select(func.count(), func.min(REDEMPTION.c.redeemed_at))).one()
    return number, oldest


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Yield different items, some hundred at a time."""
    rest = iter(dict.fromkeys(items))
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch
