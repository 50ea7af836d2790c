"""Counts of a run from the ledger: its deliveries, provider events, and opt-outs since."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select

from audiences.consent.consent_state import ConsentSource, is_permission
from audiences.consent.opt_out import MessageKind
from audiences.tables import CHOICE_ENTRY
from campaigns.channels.events import EventKind
from campaigns.core.model.enums import Channel, Purpose
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import DELIVERY, Run

_MEMBER_SOURCES: Final = tuple(
    source.value
    for source in (
        ConsentSource.ONE_CLICK,
        ConsentSource.WEB,
        ConsentSource.SMS,
        ConsentSource.MAIL,
        ConsentSource.DESK,
        ConsentSource.PHONE,
    )
)
CountRow = Mapping[str, str | int]


def delivery_counts(connection: Connection, run_number: int) -> list[CountRow]:
    """Return the number of deliveries by channel, variant, state and reason."""
    columns = (DELIVERY.c.channel, DELIVERY.c.variant, DELIVERY.c.state, func.coalesce(DELIVERY.c.reason, ""))
    rows = connection.execute(
        select(*columns, func.count()).where(DELIVERY.c.run_number == run_number).group_by(*columns).order_by(*columns)
    )
    names = ("channel", "variant", "state", "reason", "number")
    return [dict(zip(names, row, strict=True)) for row in rows]


def first_claim(connection: Connection, run_number: int) -> datetime | None:
    """Return the time of the run's first claim."""
    query = select(func.min(DELIVERY.c.claimed_at)).where(DELIVERY.c.run_number == run_number)
    first: datetime | None = connection.execute(query).scalar_one()
    return first


def event_counts(connection: Connection, run_number: int) -> list[CountRow]:
    """Return the number of deliveries by channel and provider event; a delivery counts once for each event.

    Opens are left out: mailbox providers that fetch pictures count as opens (A-13).
    """
    of_delivery = and_(EVENT.c.run_number == DELIVERY.c.run_number, EVENT.c.position == DELIVERY.c.position)
    once = (
        select(DELIVERY.c.channel, EVENT.c.word, EVENT.c.position)
        .join_from(EVENT, DELIVERY, of_delivery)
        .where(EVENT.c.run_number == run_number, EVENT.c.word != EventKind.OPENED)
        .distinct()
        .subquery()
    )
    columns = (once.c.channel, once.c.word)
    rows = connection.execute(select(*columns, func.count()).group_by(*columns).order_by(*columns))
    return [dict(zip(("channel", "event", "deliveries"), row, strict=True)) for row in rows]


def opt_out_counts(connection: Connection, run: Run, since: datetime, until: datetime) -> Mapping[str, int]:
    """Return by channel how many recipients opted out of the run's kind of message, themselves, in the period.

    An opt-out after a message need not be caused by it: compare with the usual number.
    """
    opt_out = or_(*(_opt_out_of(run, channel) for channel in Channel))
    rows = connection.execute(
        select(DELIVERY.c.channel, func.count(DELIVERY.c.member_id.distinct()))
        .join(CHOICE_ENTRY, CHOICE_ENTRY.c.member_id == DELIVERY.c.member_id)
        .where(
            DELIVERY.c.run_number == run.number,
            DELIVERY.c.claimed_at <= CHOICE_ENTRY.c.at,
            CHOICE_ENTRY.c.at.between(since, until),
            CHOICE_ENTRY.c.source.in_(_MEMBER_SOURCES),
            opt_out,
        )
        .group_by(DELIVERY.c.channel)
        .order_by(DELIVERY.c.channel)
    )
    return {row[0]: row[1] for row in rows}


def _opt_out_of(run: Run, channel: Channel) -> ColumnElement[bool]:
    choice = MessageKind(Purpose(run.purpose), channel, run.partner is not None, run.newsletter).opt_out_choice
    if choice is None:
        return false()
    state = "off" if is_permission(choice) else "on"
    return and_(DELIVERY.c.channel == channel, CHOICE_ENTRY.c.choice == choice, CHOICE_ENTRY.c.state == state)
