"""Uncertain deliveries: listed, and resolved by people or by providers."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from campaigns.core.model.reasons import EndReason
from campaigns.store.runs.deliveries import with_state
from campaigns.store.runs.delivery_events import DeliveryKey
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.store.runs.states import DeliveryState

_MARKED: Final = "marked by hand"


def list_for_run(connection: Connection, run_number: int) -> Sequence[RowMapping]:
    """Return the uncertain deliveries of a run, in the order in which they were claimed."""
    columns = ("run_number", "position", "member_id", "channel", "provider", "detail", "claimed_at", "ended_at")
    query = with_state(select(*(DELIVERY.c[name] for name in columns)), DeliveryState.UNCERTAIN)
    uncertain = query.where(DELIVERY.c.run_number == run_number).order_by(DELIVERY.c.position)
    return connection.execute(uncertain).mappings().all()


def provider_references(connection: Connection, members: Sequence[str]) -> set[str]:
    """Return the providers' own names of the messages to some members."""
    query = select(DELIVERY.c.provider_ref).where(
        DELIVERY.c.member_id.in_(members),
        DELIVERY.c.state != DeliveryState.PENDING,
        DELIVERY.c.provider_ref.is_not(None),
    )
    return {reference for reference in connection.execute(query).scalars() if reference}


def resolve_accepted(connection: Connection, place: DeliveryKey, provider_ref: str) -> bool:
    """Resolve a delivery as accepted, with the name that the provider gave it; False when no longer uncertain."""
    accepted = {"state": DeliveryState.ACCEPTED, "reason": None, "detail": None, "provider_ref": provider_ref}
    return _change(connection, [place], accepted) == 1


def mark_by_hand(connection: Connection, places: Sequence[DeliveryKey], state: DeliveryState) -> int:
    """Resolve deliveries by hand as accepted or refused; return the number that were still uncertain."""
    reason = EndReason.PROVIDER_REJECTED if state is DeliveryState.REFUSED else None
    return _change(connection, places, {"state": state, "reason": reason, "detail": _MARKED})


def _change(connection: Connection, places: Sequence[DeliveryKey], values: dict[str, Any]) -> int:
    key = (DELIVERY.c.run_number == bindparam("of_run")) & (DELIVERY.c.position == bindparam("at_position"))
    query = update(DELIVERY).where(key, DELIVERY.c.state == DeliveryState.UNCERTAIN.value).values(**values)
    return connection.execute(
        query, [{"of_run": run_number, "at_position": position} for run_number, position in places]
    ).rowcount
