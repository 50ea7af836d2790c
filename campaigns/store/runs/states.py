"""States of runs, deliveries and bundles."""

from enum import StrEnum


class RunState(StrEnum):
    """State of a run. Its decisions are visible from `planned` on."""

    PLANNING = "planning"
    PLANNED = "planned"
    SENDING = "sending"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MISSED = "missed"


class DeliveryState(StrEnum):
    """State of a delivery (design: `pending → sending → …`). Every final state but `accepted` has a reason."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


class BundleState(StrEnum):
    """State of a bundle of letters or calls.

    `open`: its number is reserved and its files are written under temporary names; `committed`: its rows are accepted
    and its files are to be renamed; `named`: the files have their final names; `abandoned`: nothing was handed over.
    """

    OPEN = "open"
    COMMITTED = "committed"
    NAMED = "named"
    ABANDONED = "abandoned"


ENDED_RUN_STATES = (RunState.CLOSED, RunState.CANCELLED, RunState.MISSED)
OPEN_RUN_STATES = (RunState.PLANNED, RunState.SENDING, RunState.PAUSED)
OPEN_DELIVERY_STATES = (DeliveryState.PENDING, DeliveryState.SENDING)
COUNTED_DELIVERY_STATES = (
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
)
"""States of deliveries that reach their member, or may do so."""
