"""Deliveries of which nobody knows whether they went: listed, and concluded by people or by providers."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from campaigns.spec.reasons import EndReason
from campaigns.store.deliveries import in_state
from campaigns.store.events import Place
from campaigns.store.tables import DELIVERY
from campaigns.store.words import DeliveryState

MARKED: Final = "marked by hand"


def of_run(connection: Connection, run_number: int) -> Sequence[RowMapping]:
    """The uncertain deliveries of a run, in the order in which they were claimed."""
    columns = ("run_number", "position", "member_id", "channel", "provider", "detail", "claimed_at", "ended_at")
    query = in_state(select(*(DELIVERY.c[name] for name in columns)), DeliveryState.UNCERTAIN)
    chosen = query.where(DELIVERY.c.run_number == run_number).order_by(DELIVERY.c.position)
    return connection.execute(chosen).mappings().all()


def references(connection: Connection, members: Sequence[str]) -> set[str]:
    """What providers call the messages that members got."""
    query = select(DELIVERY.c.provider_ref).where(
        DELIVERY.c.member_id.in_(members),
        DELIVERY.c.state != DeliveryState.PENDING,
        DELIVERY.c.provider_ref.is_not(None),
    )
    return {name for name in connection.execute(query).scalars() if name}


def conclude(connection: Connection, place: Place, provider_ref: str) -> bool:
    """The provider has the message, under this name; False when it is not uncertain any more."""
    accepted = {"state": DeliveryState.ACCEPTED, "reason": None, "detail": None, "provider_ref": provider_ref}
    return _change(connection, [place], accepted) == 1


def mark(connection: Connection, places: Sequence[Place], state: DeliveryState) -> int:
    """Say by hand what became of deliveries, accepted or refused; returns how many were still uncertain."""
    reason = EndReason.PROVIDER_REJECTED if state is DeliveryState.REFUSED else None
    return _change(connection, places, {"state": state, "reason": reason, "detail": MARKED})


def _change(connection: Connection, places: Sequence[Place], values: dict[str, Any]) -> int:
    row = (DELIVERY.c.run_number == bindparam("of_run")) & (DELIVERY.c.position == bindparam("at_position"))
    query = update(DELIVERY).where(row, DELIVERY.c.state == DeliveryState.UNCERTAIN.value).values(**values)
    return connection.execute(query, [{"of_run": run, "at_position": position} for run, position in places]).rowcount
