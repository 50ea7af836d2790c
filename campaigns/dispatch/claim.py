"""The claim: rows are taken in the transaction that re-read everything that could forbid them.

Nothing reaches a provider that did not come from here, and nothing comes from here before its claim is committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Integer, RowMapping, String, and_, bindparam, or_, select, update

from campaigns.channels.claimed import Claimed, mint
from campaigns.dispatch.domains import Domains
from campaigns.dispatch.examine import Examined, examine
from campaigns.dispatch.job import Job
from campaigns.spec.words import Channel
from campaigns.store.given import given, packed
from campaigns.store.tables import DELIVERY, RUN
from campaigns.store.words import DeliveryState, RunState

AT_ONCE: Final = 500
"""The most rows that one claim takes: its transaction stays under 100 ms."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that was claimed, with the contact as the claim read it; it may be handed over `until` a moment."""

    claimed: Claimed
    contact: Mapping[Any, Any]
    variant: str
    arm: str | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim found: rows to send, how many it withdrew, how many wait for their domain, the last's position."""

    taken: tuple[Taken, ...]
    withdrawn: int
    held: int = 0
    last: int = 0

    @property
    def found(self) -> int:
        """How many rows were there; fewer than were asked for: nothing more is left to claim now."""
        return len(self.taken) + self.withdrawn + self.held


def claim(
    connection: Connection,
    job: Job,
    channel: Channel,
    most: int,
    now: datetime,
    *,
    attempt: str | None = None,
    domains: Domains | None = None,
    after: int = 0,
) -> Claim:
    """Take up to `most` pending deliveries of a channel, in claim order; withdraw those that may not go any more.

    Only those after a position, when one is given. Nothing in quiet hours, after `send_by`, or of a run that does not
    send; no more to one of `domains` than it takes.
    They share an attempt of their own, or `attempt` when several claims are handed over together. A crash before the
    caller's commit leaves them pending; after it, in `sending` with a lease. Use what is returned after the commit.
    """
    if most < 1 or not job.may_claim(channel, now) or not is_sending(connection, job):
        return Claim((), 0)
    examined = examine(connection, job, channel, DeliveryState.PENDING, _is_due(now, after), now, most)
    attempt = attempt or token_hex(8)
    going = [row for row, reason in examined if reason is None]
    addresses = [(row["position"], _address(channel, row)) for row in going]
    held = domains.hold(connection, job.number, addresses, now) if domains else frozenset()
    until = job.good_until(channel, now)
    taken = [_take(job, channel, row, attempt, until) for row in going if row["position"] not in held]
    withdraw(connection, job, examined, now)
    _mark(connection, job, taken, attempt, now)
    last = examined[-1][0]["position"] if examined else after
    return Claim(tuple(taken), len(examined) - len(going), len(held), last)


def is_sending(connection: Connection, job: Job) -> bool:
    """Whether the run may send at all: not paused, cancelled or closed meanwhile."""
    state = connection.execute(select(RUN.c.state).where(RUN.c.number == job.number)).scalar_one()
    return bool(state == RunState.SENDING)


def _is_due(now: datetime, after: int) -> ColumnElement[bool]:
    """Whether a delivery has its place after a position, and does not wait for a later moment."""
    return and_(DELIVERY.c.position > after, or_(DELIVERY.c.not_before.is_(None), DELIVERY.c.not_before <= now))


def _take(job: Job, channel: Channel, row: RowMapping, attempt: str, until: datetime) -> Taken:
    claimed = mint(
        opaque_id=job.opaque_id(row["position"]),
        attempt=attempt,
        run=job.run.run_id,
        position=row["position"],
        member_id=row["member_id"],
        channel=channel,
        address=_address(channel, row),
    )
    return Taken(claimed, row, row["variant"], row["arm"], until)


def _address(channel: Channel, row: RowMapping) -> str:
    match channel:
        case Channel.EMAIL:
            return row["email"] or ""
        case Channel.SMS | Channel.PHONE:
            return row["phone"] or ""
        case Channel.POST:
            return ""


_OBJECTED = given("objected", position=Integer(), reason=String())
_WITHDRAW = (
    update(DELIVERY)
    .where(DELIVERY.c.run_number == bindparam("of_run"), DELIVERY.c.position == _OBJECTED.c.position)
    .values(state=DeliveryState.WITHDRAWN.value, reason=_OBJECTED.c.reason, ended_at=bindparam("at"), lease_until=None)
)


def withdraw(connection: Connection, job: Job, examined: Sequence[Examined], now: datetime) -> None:
    """End the deliveries that something objects to, each with its reason; nobody else is sent to instead."""
    objected = [(row["position"], reason) for row, reason in examined if reason]
    if objected:
        connection.execute(_WITHDRAW, {"of_run": job.number, "objected": packed(objected), "at": now})


def _mark(connection: Connection, job: Job, taken: Sequence[Taken], attempt: str, now: datetime) -> None:
    positions = [each.claimed.position for each in taken]
    if positions:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == job.number, DELIVERY.c.position.in_(positions))
            .values(
                state=DeliveryState.SENDING,
                attempt=attempt,
                lease_until=now + job.lease,
                claimed_at=now,
                not_before=None,
            )
        )
