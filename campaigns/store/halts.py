"""Campaigns halted by the breaker, and what it judges them by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, insert, select

from campaigns.store.event_tables import EVENT, GRIEVED, HALT
from campaigns.store.tables import DELIVERY, RUN
from campaigns.store.words import DeliveryState


@dataclass(frozen=True, slots=True)
class Told:
    """Of how many deliveries a word was told, by who signs and by who does not; the latter have so many `readers`.

    A delivery of which both told is among the signed ones.
    """

    signed: int
    unsigned: int
    readers: int


def last(connection: Connection, campaign: str) -> datetime | None:
    """When a campaign was halted last."""
    query = select(HALT.c.at).where(HALT.c.campaign == campaign).order_by(HALT.c.number.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def halt(connection: Connection, campaign: str, why: str, at: datetime) -> None:
    """Keep that a campaign is halted; nothing that was told until then counts against it any more."""
    connection.execute(insert(HALT).values(campaign=campaign, why=why, at=at))


def of_campaign(connection: Connection, campaign: str, since: datetime) -> list[int]:
    """The numbers of a campaign's runs that were due since a moment."""
    query = select(RUN.c.number).where(RUN.c.campaign == campaign, RUN.c.due_at >= since, RUN.c.planned_at.is_not(None))
    return list(connection.execute(query).scalars())


def grievances(
    connection: Connection, runs: Collection[int], word: str, unsigned: str, after: datetime | None
) -> dict[str, Told]:
    """Of how many deliveries of some runs a word was told after a moment, by channel; `unsigned` is who signs nothing.

    The word is one of a grievance: blocked, bounced, complained.
    """
    of_delivery = (DELIVERY.c.run_number == EVENT.c.run_number) & (DELIVERY.c.position == EVENT.c.position)
    place = (EVENT.c.run_number, EVENT.c.position, DELIVERY.c.channel, DELIVERY.c.member_id)
    signed = func.max(case((EVENT.c.provider == unsigned, 0), else_=1)).label("signed")
    once = (
        select(*place, signed)
        .join_from(EVENT, DELIVERY, of_delivery)
        .where(EVENT.c.run_number.in_(runs), EVENT.c.word == word, GRIEVED)
        .group_by(*place)
    )
    told = (once.where(EVENT.c.received_at > after) if after is not None else once).subquery()
    reader = case((told.c.signed == 0, told.c.member_id))
    signed_ones = func.sum(told.c.signed)
    counted = select(told.c.channel, signed_ones, func.count() - signed_ones, func.count(reader.distinct()))
    rows = connection.execute(counted.group_by(told.c.channel))
    return {row[0]: Told(row[1], row[2], row[3]) for row in rows}


def refusals(
    connection: Connection, runs: Collection[int], codes: Collection[str], after: datetime | None
) -> dict[str, int]:
    """Of how many members each provider told, after a moment, that their message was blocked with one of some codes."""
    query = (
        select(EVENT.c.provider, func.count(EVENT.c.member_id.distinct()))
        .where(EVENT.c.run_number.in_(runs), EVENT.c.word == "blocked", EVENT.c.code.in_(codes), GRIEVED)
        .group_by(EVENT.c.provider)
    )
    rows = connection.execute(query.where(EVENT.c.received_at > after) if after is not None else query)
    return {row[0]: row[1] for row in rows}


def gone(connection: Connection, runs: Collection[int], channel: str, after: datetime | None) -> int:
    """How many messages of a channel went out after a moment, taken or refused."""
    ended = (DeliveryState.ACCEPTED.value, DeliveryState.REFUSED.value)
    query = select(func.count()).where(
        DELIVERY.c.run_number.in_(runs), DELIVERY.c.channel == channel, DELIVERY.c.state.in_(ended)
    )
    query = query.where(DELIVERY.c.ended_at > after) if after is not None else query
    return connection.execute(query).scalar_one()
