"""Campaigns halted by the circuit breaker, and the counts that it judges them by."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, insert, select

from campaigns.store.runs.event_tables import EVENT, HALT, IS_NEGATIVE
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState


@dataclass(frozen=True, slots=True)
class ReportCount:
    """Number of deliveries with an event of one kind, by providers that sign their events and by those that do not.

    A delivery reported by both is counted as signed. `readers` is the number of members behind the unsigned ones.
    """

    signed: int
    unsigned: int
    readers: int


def last_halted_at(connection: Connection, campaign: str) -> datetime | None:
    """Return when a campaign was last halted."""
    query = select(HALT.c.at).where(HALT.c.campaign == campaign).order_by(HALT.c.number.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none()


def record_halt(connection: Connection, campaign: str, reason: str, at: datetime) -> None:
    """Record that a campaign is halted; events received until then no longer count against it."""
    connection.execute(insert(HALT).values(campaign=campaign, why=reason, at=at))


def run_numbers_of_campaign(connection: Connection, campaign: str, since: datetime) -> list[int]:
    """Return the numbers of a campaign's planned runs that were due since a moment."""
    query = select(RUN.c.number).where(RUN.c.campaign == campaign, RUN.c.due_at >= since, RUN.c.planned_at.is_not(None))
    return list(connection.execute(query).scalars())


def report_counts(
    connection: Connection, runs: Collection[int], word: str, unsigned: str, after: datetime | None
) -> dict[str, ReportCount]:
    """Count the deliveries of some runs that have an event of one kind, received after a moment, by channel.

    `word` is blocked, bounced or complained. `unsigned` is the provider whose events carry no signature.
    """
    of_delivery = (DELIVERY.c.run_number == EVENT.c.run_number) & (DELIVERY.c.position == EVENT.c.position)
    key = (EVENT.c.run_number, EVENT.c.position, DELIVERY.c.channel, DELIVERY.c.member_id)
    signed = func.max(case((EVENT.c.provider == unsigned, 0), else_=1)).label("signed")
    per_delivery = (
        select(*key, signed)
        .join_from(EVENT, DELIVERY, of_delivery)
        .where(EVENT.c.run_number.in_(runs), EVENT.c.word == word, IS_NEGATIVE)
        .group_by(*key)
    )
    reported = (per_delivery.where(EVENT.c.received_at > after) if after is not None else per_delivery).subquery()
    unsigned_reader = case((reported.c.signed == 0, reported.c.member_id))
    signed_count = func.sum(reported.c.signed)
    counts = select(
        reported.c.channel, signed_count, func.count() - signed_count, func.count(unsigned_reader.distinct())
    )
    rows = connection.execute(counts.group_by(reported.c.channel))
    return {row[0]: ReportCount(row[1], row[2], row[3]) for row in rows}


def blocked_member_counts(
    connection: Connection, runs: Collection[int], codes: Collection[str], after: datetime | None
) -> dict[str, int]:
    """Count, by provider, the members whose message was blocked with one of some codes after a moment."""
    query = (
        select(EVENT.c.provider, func.count(EVENT.c.member_id.distinct()))
        .where(EVENT.c.run_number.in_(runs), EVENT.c.word == "blocked", EVENT.c.code.in_(codes), IS_NEGATIVE)
        .group_by(EVENT.c.provider)
    )
    rows = connection.execute(query.where(EVENT.c.received_at > after) if after is not None else query)
    return {row[0]: row[1] for row in rows}


def sent_count(connection: Connection, runs: Collection[int], channel: str, after: datetime | None) -> int:
    """Count the messages of a channel that were sent after a moment, accepted or refused."""
    ended = (DeliveryState.ACCEPTED.value, DeliveryState.REFUSED.value)
    query = select(func.count()).where(
        DELIVERY.c.run_number.in_(runs), DELIVERY.c.channel == channel, DELIVERY.c.state.in_(ended)
    )
    query = query.where(DELIVERY.c.ended_at > after) if after is not None else query
    return connection.execute(query).scalar_one()
