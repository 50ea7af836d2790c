"""Recording of provider answers: an outcome must match the current attempt, or it changes nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from sqlalchemy import Connection, Integer, String, and_, bindparam, or_, update

from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.channels.outcome import Accepted, Outcome, Refused, RetryLater, Unknown
from campaigns.core import metrics
from campaigns.core.model.reasons import EndReason
from campaigns.runs.dispatch.address_feedback import apply_refusals
from campaigns.store.ledger.bulk_values import bulk_values, pack_values
from campaigns.store.runs.deliveries import state_as_subquery
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.store.runs.states import DeliveryState

_ANSWERS = bulk_values(
    "told", position=Integer(), attempt=String(), state=String(), reason=String(), detail=String(), ref=String()
)
_IS_AWAITED = or_(
    DELIVERY.c.state == state_as_subquery(DeliveryState.SENDING),
    and_(
        DELIVERY.c.state == state_as_subquery(DeliveryState.UNCERTAIN),
        _ANSWERS.c.state != DeliveryState.UNCERTAIN.value,
    ),
)
_END = (
    update(DELIVERY)
    .where(
        DELIVERY.c.run_number == bindparam("of_run"),
        DELIVERY.c.position == _ANSWERS.c.position,
        DELIVERY.c.attempt == _ANSWERS.c.attempt,
        _IS_AWAITED,
    )
    .values(
        state=_ANSWERS.c.state,
        reason=_ANSWERS.c.reason,
        detail=_ANSWERS.c.detail,
        provider=bindparam("by"),
        provider_ref=_ANSWERS.c.ref,
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
        DELIVERY.c.state == state_as_subquery(DeliveryState.SENDING),
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
class DeliveryAnswer:
    """Outcome of one delivery, with its time."""

    claimed: ClaimedDelivery
    outcome: Outcome
    answered_at: datetime


def record_answers(connection: Connection, run_number: int, answers: Sequence[DeliveryAnswer], provider: str) -> None:
    """Record answers; an answer whose attempt differs from the row's changes nothing.

    A late definite answer of the same attempt resolves a delivery that became uncertain meanwhile; it never puts it
    back to pending. All deliveries that ended get the time of the last answer. Provider feedback about addresses is
    applied in the same transaction.
    """
    same = {"of_run": run_number, "by": provider}
    ended_answers = [answer for answer in answers if not isinstance(answer.outcome, RetryLater)]
    if ended_answers:
        at = max(answer.answered_at for answer in ended_answers)
        connection.execute(_END, {**same, "told": pack_values(map(_row, ended_answers)), "at": at})
    put_back = [
        {**same, **_retry_row(answer, answer.outcome)} for answer in answers if isinstance(answer.outcome, RetryLater)
    ]
    if put_back:
        connection.execute(_PUT_BACK, put_back)
    apply_refusals(connection, run_number, answers, provider)


def _row(answer: DeliveryAnswer) -> tuple[str | int | None, ...]:
    return (answer.claimed.position, answer.claimed.attempt, *_values(answer.outcome))


def _values(outcome: Outcome) -> tuple[str | None, ...]:
    """Return state, reason, detail and provider reference of an outcome that ends a delivery."""
    match outcome:
        case Accepted(provider_id):
            return DeliveryState.ACCEPTED, None, None, provider_id
        case Refused(reason, detail):
            return DeliveryState.REFUSED, reason, detail, None
        case Unknown(detail):
            return DeliveryState.UNCERTAIN, EndReason.UNKNOWN_OUTCOME, detail, None
        case RetryLater():
            raise TypeError("a delivery to be tried later has not ended")
        case _ as never:
            assert_never(never)


def _retry_row(answer: DeliveryAnswer, outcome: RetryLater) -> Mapping[str, object]:
    claimed, retry_at = answer.claimed, answer.answered_at + timedelta(seconds=outcome.seconds)
    return {"at_position": claimed.position, "of_attempt": claimed.attempt, "why": outcome.detail, "later": retry_at}


_LOG: Final = logging.getLogger("viesti.delivery")
_OUTCOME_WORDS: Final[dict[type[Outcome], str]] = {
    Accepted: "accepted",
    Refused: "refused",
    RetryLater: "later",
    Unknown: "uncertain",
}


def log_outcome(claimed: ClaimedDelivery, provider: str, outcome: Outcome) -> None:
    """Count an outcome; log every one but acceptance, with the run, the delivery's public name and its attempt."""
    word = _OUTCOME_WORDS[type(outcome)]
    metrics.count_responses(claimed.channel, provider, word)
    if isinstance(outcome, Accepted):
        return
    ids = {"run": claimed.run, "delivery": claimed.opaque_id, "attempt": claimed.attempt, "outcome": word}
    level = logging.WARNING if isinstance(outcome, Unknown) else logging.INFO
    _LOG.log(level, "%s: delivery %s, attempt %s: %s", claimed.run, claimed.opaque_id, claimed.attempt, word, extra=ids)
