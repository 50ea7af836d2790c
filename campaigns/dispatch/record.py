"""What a provider answered, written down: every outcome fits the attempt that asked, or changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import Connection, and_, bindparam, or_, update

from campaigns.channels.claimed import Claimed
from campaigns.channels.outcome import Accepted, Outcome, Refused, TryLater, Unknown
from campaigns.dispatch.heed import heed
from campaigns.spec.reasons import EndReason
from campaigns.store.tables import DELIVERY
from campaigns.store.words import DeliveryState

_AWAITED = or_(
    DELIVERY.c.state == DeliveryState.SENDING.value,
    and_(DELIVERY.c.state == DeliveryState.UNCERTAIN.value, bindparam("settles")),
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
    it back to pending. What a provider said of an address is heeded in the same transaction.
    """
    if not answers:
        return
    connection.execute(
        update(DELIVERY)
        .where(
            and_(
                DELIVERY.c.run_number == run_number,
                DELIVERY.c.position == bindparam("at_position"),
                DELIVERY.c.attempt == bindparam("of_attempt"),
                _AWAITED,
            )
        )
        .values(
            state=bindparam("new_state"),
            reason=bindparam("new_reason"),
            detail=bindparam("new_detail"),
            provider=provider,
            provider_ref=bindparam("new_ref"),
            not_before=bindparam("new_not_before"),
            ended_at=bindparam("new_ended_at"),
            lease_until=None,
        ),
        [_row(answer) for answer in answers],
    )
    heed(connection, run_number, answers, provider)


def _row(answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {
        "at_position": answer.claimed.position,
        "of_attempt": answer.claimed.attempt,
        "settles": isinstance(answer.outcome, Accepted | Refused),
        "new_reason": None,
        "new_detail": None,
        "new_ref": None,
        "new_not_before": None,
        "new_ended_at": answer.at,
    }
    match answer.outcome:
        case Accepted(provider_id):
            return row | {"new_state": DeliveryState.ACCEPTED, "new_ref": provider_id}
        case Refused(reason, detail):
            return row | {"new_state": DeliveryState.REFUSED, "new_reason": reason, "new_detail": detail}
        case TryLater(seconds, detail):
            later = {"new_not_before": answer.at + timedelta(seconds=seconds), "new_ended_at": None}
            return row | later | {"new_state": DeliveryState.PENDING, "new_detail": detail}
        case Unknown(detail):
            unknown = {"new_reason": EndReason.UNKNOWN_OUTCOME, "new_detail": detail}
            return row | unknown | {"new_state": DeliveryState.UNCERTAIN}
        case _ as never:
            assert_never(never)
