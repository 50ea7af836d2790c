"""Claims of deliveries: one transaction re-checks eligibility and marks the rows as `sending`.

A provider only gets deliveries that were claimed here, and only after the claim was committed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from sqlalchemy import ColumnElement, Connection, Integer, RowMapping, String, and_, bindparam, or_, select, update

from campaigns.channels.claimed_delivery import create_claimed_delivery
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.claimed_message import ClaimedMessage
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.domain_limits import DomainLimits
from campaigns.runs.dispatch.eligibility import EligibilityCheck, check_eligibility
from campaigns.store.ledger.bulk_values import bulk_values, pack_values
from campaigns.store.runs.run_tables import DELIVERY, RUN
from campaigns.store.runs.states import DeliveryState, RunState

MAX_PER_CLAIM: Final = 500
"""Maximum number of rows in one claim; keeps its transaction under 100 ms."""


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """Result of one claim: deliveries to send, number withdrawn, number held for their domain, last position."""

    deliveries: tuple[ClaimedMessage, ...]
    withdrawn: int
    held: int = 0
    last_position: int = 0

    @property
    def row_count(self) -> int:
        """Return the number of rows read; if it is below the limit, nothing more can be claimed now."""
        return len(self.deliveries) + self.withdrawn + self.held


def claim(
    connection: Connection,
    run_context: RunContext,
    channel: Channel,
    limit: int,
    now: datetime,
    *,
    attempt: str | None = None,
    domains: DomainLimits | None = None,
    after: int = 0,
) -> ClaimResult:
    """Claim up to `limit` pending deliveries of a channel, in claim order; withdraw those that became ineligible.

    Only positions beyond `after` are read. Nothing is claimed in quiet hours, after `send_by`, or of a run that is not
    sending. Deliveries over the limit of a domain in `domains` are held. All claimed deliveries share one new attempt,
    or `attempt` if several claims are handed over together. A crash before the caller's commit leaves them pending;
    after it, `sending` with a lease. Use the result only after the commit.
    """
    if limit < 1 or not run_context.may_claim(channel, now) or not is_sending(connection, run_context):
        return ClaimResult((), 0)
    checked = check_eligibility(
        connection, run_context, channel, DeliveryState.PENDING, _is_due(now, after), now, limit
    )
    attempt = attempt or token_hex(8)
    eligible = [row for row, reason in checked if reason is None]
    addresses = [(row["position"], _address_of(channel, row)) for row in eligible]
    held = domains.hold_over_limit(connection, run_context.number, addresses, now) if domains else frozenset()
    deadline = run_context.send_deadline(channel, now)
    deliveries = [
        _claimed_delivery(run_context, channel, row, attempt, deadline)
        for row in eligible
        if row["position"] not in held
    ]
    withdraw_ineligible(connection, run_context, checked, now)
    _mark(connection, run_context, deliveries, attempt, now)
    last = checked[-1][0]["position"] if checked else after
    return ClaimResult(tuple(deliveries), len(checked) - len(eligible), len(held), last)


def is_sending(connection: Connection, run_context: RunContext) -> bool:
    """Return whether the run is sending: not paused, cancelled or closed meanwhile."""
    state = connection.execute(select(RUN.c.state).where(RUN.c.number == run_context.number)).scalar_one()
    return bool(state == RunState.SENDING)


def _is_due(now: datetime, after: int) -> ColumnElement[bool]:
    """Return a condition for deliveries after a position whose `not_before` has passed."""
    return and_(DELIVERY.c.position > after, or_(DELIVERY.c.not_before.is_(None), DELIVERY.c.not_before <= now))


def _claimed_delivery(
    run_context: RunContext, channel: Channel, row: RowMapping, attempt: str, deadline: datetime
) -> ClaimedMessage:
    claimed = create_claimed_delivery(
        opaque_id=run_context.opaque_id(row["position"]),
        attempt=attempt,
        run=run_context.run.run_id,
        position=row["position"],
        member_id=row["member_id"],
        channel=channel,
        address=_address_of(channel, row),
    )
    return ClaimedMessage(claimed, row, row["variant"], row["arm"], deadline)


def _address_of(channel: Channel, row: RowMapping) -> str:
    match channel:
        case Channel.EMAIL:
            return row["email"] or ""
        case Channel.SMS | Channel.PHONE:
            return row["phone"] or ""
        case Channel.POST:
            return ""


_REJECTED = bulk_values("objected", position=Integer(), reason=String())
_WITHDRAW = (
    update(DELIVERY)
    .where(DELIVERY.c.run_number == bindparam("of_run"), DELIVERY.c.position == _REJECTED.c.position)
    .values(state=DeliveryState.WITHDRAWN.value, reason=_REJECTED.c.reason, ended_at=bindparam("at"), lease_until=None)
)


def withdraw_ineligible(
    connection: Connection, run_context: RunContext, checked: Sequence[EligibilityCheck], now: datetime
) -> None:
    """Withdraw ineligible deliveries, each with its reason; no other member takes their place."""
    rejected = [(row["position"], reason) for row, reason in checked if reason]
    if rejected:
        connection.execute(_WITHDRAW, {"of_run": run_context.number, "objected": pack_values(rejected), "at": now})


def _mark(
    connection: Connection, run_context: RunContext, deliveries: Sequence[ClaimedMessage], attempt: str, now: datetime
) -> None:
    positions = [delivery.claimed.position for delivery in deliveries]
    if positions:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == run_context.number, DELIVERY.c.position.in_(positions))
            .values(
                state=DeliveryState.SENDING,
                attempt=attempt,
                lease_until=now + run_context.lease,
                claimed_at=now,
                not_before=None,
            )
        )


_REWIND_INTERVAL: Final = timedelta(seconds=10)


@dataclass
class ClaimCursor:
    """Position of one process in the claim order of a run's channel.

    PostgreSQL keeps claimed rows in the index of pending rows while an older transaction is open, such as a backup or
    the plan of another run. A claim from the beginning would scan all of them. Deliveries that are put back lie before
    the cursor: it rewinds every 10 seconds, and when nothing is left after it.
    """

    position: int = 0
    _returned_at: datetime | None = field(default=None, init=False)

    def next_position(self, now: datetime) -> int:
        """Return the position after which to claim."""
        if self._returned_at is None or now - self._returned_at >= _REWIND_INTERVAL:
            self.position, self._returned_at = 0, now
        return self.position

    def advance(self, claim: ClaimResult, limit: int) -> bool:
        """Move past a claim of at most `limit` rows; return whether anything may be left to claim now."""
        was_full, started_at_beginning = claim.row_count >= limit, self.position == 0
        self.position = claim.last_position if was_full else 0
        return was_full or not started_at_beginning
