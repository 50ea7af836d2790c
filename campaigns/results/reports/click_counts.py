"""Clicks of a run by people: of members who allow them to be noted, each counted once; machines are left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, select

from audiences.tables import CHOICE_ENTRY, CHOICES
from campaigns.core.model.enums import Channel, Choice
from campaigns.store.runs import delivery_events
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import DECISION, DELIVERY
from campaigns.store.runs.states import DeliveryState


@dataclass(frozen=True, slots=True)
class ClickCount:
    """E-mails of one variant and arm; `trackable` are those to members who allow their clicks to be noted."""

    variant: str
    arm: str
    delivered: int
    trackable: int
    clicked: int


def people_by_variant(connection: Connection, run_number: int) -> list[ClickCount]:
    """Return the clicks in a run's e-mails by variant and arm; a member has one message in a run."""
    columns = (func.coalesce(DELIVERY.c.variant, ""), func.coalesce(DELIVERY.c.arm, ""))
    trackable = _is_trackable()
    rows = connection.execute(
        _delivered_emails(run_number)
        .add_columns(
            *columns, func.count(), _sum(trackable), _sum(and_(trackable, _has_event(delivery_events.CLICKED)))
        )
        .group_by(*columns)
        .order_by(*columns)
    )
    return [ClickCount(*row) for row in rows]


def people_by_link(connection: Connection, run_number: int) -> dict[str, int]:
    """Return how many of these members clicked each link, by our own name for it (`link_clicks.link_name`)."""
    rows = connection.execute(
        _delivered_emails(run_number)
        .add_columns(EVENT.c.code, func.count(DELIVERY.c.position.distinct()))
        .join_from(DELIVERY, EVENT, _of_delivery(delivery_events.CLICKED))
        .where(EVENT.c.provider == delivery_events.OWN_PROVIDER, _is_trackable())
        .group_by(EVENT.c.code)
    )
    return {row[0]: row[1] for row in rows}


def messages_with_offers(connection: Connection, run_number: int, after: str, limit: int) -> Sequence[Sequence[Any]]:
    """Return delivered messages with offers in the order of their members, after a member: `limit` at most.

    A row has the member, variant, channel, the chosen offers in the short form of the decision, and whether a click
    could be noted for the member: e-mails alone are tracked.
    """
    trackable = and_(DELIVERY.c.channel == Channel.EMAIL, _is_trackable())
    same = and_(DELIVERY.c.run_number == DECISION.c.run_number, DELIVERY.c.position == DECISION.c.position)
    columns = (DECISION.c.member_id, DELIVERY.c.variant, DELIVERY.c.channel, DECISION.c.offers)
    query = (
        select(*columns, case((trackable, 1), else_=0))
        .join_from(DECISION, DELIVERY, same)
        .where(
            DECISION.c.run_number == run_number,
            DECISION.c.member_id > after,
            DECISION.c.offers.is_not(None),
            _is_delivered(run_number),
        )
        .order_by(DECISION.c.member_id)
        .limit(limit)
    )
    return connection.execute(query).all()


def delivered(connection: Connection, run_number: int) -> int:
    """Return how many messages of a run reached their members, as far as is known, by any channel."""
    query = select(func.count()).select_from(DELIVERY).where(_is_delivered(run_number))
    return connection.execute(query).scalar_one()


def _delivered_emails(run_number: int) -> Select[tuple[object, ...]]:
    return select().where(_is_delivered(run_number), DELIVERY.c.channel == Channel.EMAIL)


def _is_delivered(run_number: int) -> ColumnElement[bool]:
    return and_(
        DELIVERY.c.run_number == run_number,
        DELIVERY.c.state == DeliveryState.ACCEPTED,
        ~_has_event(*delivery_events.FAILED),
    )


def _is_trackable() -> ColumnElement[bool]:
    """Return whether a member allowed tracking when the message was claimed, as its links required, and still does."""
    now = exists().where(CHOICES.c.member_id == DELIVERY.c.member_id, CHOICES.c.tracking).correlate(DELIVERY)
    then = (
        select(CHOICE_ENTRY.c.state)
        .where(
            CHOICE_ENTRY.c.member_id == DELIVERY.c.member_id,
            CHOICE_ENTRY.c.choice == Choice.TRACKING,
            CHOICE_ENTRY.c.at <= DELIVERY.c.claimed_at,
        )
        .order_by(CHOICE_ENTRY.c.at.desc(), CHOICE_ENTRY.c.seq.desc())
        .limit(1)
        .correlate(DELIVERY)
        .scalar_subquery()
    )
    return and_(now, then == "on")


def _has_event(*words: str) -> ColumnElement[bool]:
    return exists().where(_of_delivery(*words)).correlate(DELIVERY)


def _of_delivery(*words: str) -> ColumnElement[bool]:
    same = and_(EVENT.c.run_number == DELIVERY.c.run_number, EVENT.c.position == DELIVERY.c.position)
    return and_(same, EVENT.c.word.in_(words))


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
