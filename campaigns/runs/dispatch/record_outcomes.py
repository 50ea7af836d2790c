"""What a provider answered, written down: every outcome fits the attempt that asked, or changes nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from sqlalchemy import Connection, Integer, String, and_, bindparam, or_, update

from campaigns.channels.claimed_delivery import Claimed
from campaigns.channels.outcome import Accepted, Outcome, Refused, TryLater, Unknown
from campaigns.core import metrics
from campaigns.core.model.reasons import EndReason
from campaigns.runs.dispatch.address_feedback import heed
from campaigns.store.ledger.bulk_values import given, packed
from campaigns.store.runs.deliveries import as_value
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.store.runs.states import DeliveryState

_TOLD = given(
    "told", position=Integer(), attempt=String(), state=String(), reason=String(), detail=String(), ref=String()
)
_AWAITED = or_(
    DELIVERY.c.state == as_value(DeliveryState.SENDING),
    and_(DELIVERY.c.state == as_value(DeliveryState.UNCERTAIN), _TOLD.c.state != DeliveryState.UNCERTAIN.value),
)
_END = (
    update(DELIVERY)
    .where(
        DELIVERY.c.run_number == bindparam("of_run"),
        DELIVERY.c.position == _TOLD.c.position,
        DELIVERY.c.attempt == _TOLD.c.attempt,
        _AWAITED,
    )
    .values(
        state=_TOLD.c.state,
        reason=_TOLD.c.reason,
        detail=_TOLD.c.detail,
        provider=bindparam("by"),
        provider_ref=_TOLD.c.ref,
        not_before=None,
        ended_at=bindparam("at"),
        lease_until=None,
    )
)
_PUT_BACK = (
    update(DELIVERY)
    .where(
        DELIVERY.c.run_number == bindparam("of_run"),
        DELIVERY.c.position == bindparam("at_position"),
        DELIVERY.c.attempt == bindparam("of_attempt"),
        DELIVERY.c.state == as_value(DeliveryState.SENDING),
    )
    .values(
        state=DeliveryState.PENDING.value,
        detail=bindparam("why"),
        provider=bindparam("by"),
        not_before=bindparam("later"),
        lease_until=None,
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One delivery's outcome at a moment."""

    claimed: Claimed
    outcome: Outcome
    at: datetime


def record(connection: Connection, run_number: int, answers: Sequence[Answer], provider: str) -> None:
    """Write outcomes down. An answer of another attempt than the row's changes nothing.

    A late one of the same attempt settles what became uncertain meanwhile, when it says what happened; it never puts
    it back to pending. All that ended get the moment of the last. What a provider said of an address is heeded in the
    same transaction.
    """
    same = {"of_run": run_number, "by": provider}
    ended = [answer for answer in answers if not isinstance(answer.outcome, TryLater)]
    if ended:
        at = max(answer.at for answer in ended)
        connection.execute(_END, {**same, "told": packed(map(_end, ended)), "at": at})
    put_back = [
        {**same, **_later(answer, answer.outcome)} for answer in answers if isinstance(answer.outcome, TryLater)
    ]
    if put_back:
        connection.execute(_PUT_BACK, put_back)
    heed(connection, run_number, answers, provider)


def _end(answer: Answer) -> tuple[str | int | None, ...]:
    return (answer.claimed.position, answer.claimed.attempt, *_ended(answer.outcome))


def _ended(outcome: Outcome) -> tuple[str | None, ...]:
    """State, reason, detail, and what the provider calls the message."""
    match outcome:
        case Accepted(provider_id):
            return DeliveryState.ACCEPTED, None, None, provider_id
        case Refused(reason, detail):
            return DeliveryState.REFUSED, reason, detail, None
        case Unknown(detail):
            return DeliveryState.UNCERTAIN, EndReason.UNKNOWN_OUTCOME, detail, None
        case TryLater():
            raise TypeError("what is tried later has not ended")
        case _ as never:
            assert_never(never)


def _later(answer: Answer, outcome: TryLater) -> Mapping[str, object]:
    claimed, later = answer.claimed, answer.at + timedelta(seconds=outcome.seconds)
    return {"at_position": claimed.position, "of_attempt": claimed.attempt, "why": outcome.detail, "later": later}


_LOG: Final = logging.getLogger("viesti.delivery")
_WORDS: Final[dict[type[Outcome], str]] = {
    Accepted: "accepted",
    Refused: "refused",
    TryLater: "later",
    Unknown: "uncertain",
}


def notice(claimed: Claimed, provider: str, outcome: Outcome) -> None:
    """Count an outcome; one that is not acceptance is logged with the run, the delivery's name and its attempt."""
    word = _WORDS[type(outcome)]
    metrics.answered(claimed.channel, provider, word)
    if isinstance(outcome, Accepted):
        return
    ids = {"run": claimed.run, "delivery": claimed.opaque_id, "attempt": claimed.attempt, "outcome": word}
    level = logging.WARNING if isinstance(outcome, Unknown) else logging.INFO
    _LOG.log(level, "%s: delivery %s, attempt %s: %s", claimed.run, claimed.opaque_id, claimed.attempt, word, extra=ids)
