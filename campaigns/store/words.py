"""The states of runs and deliveries."""

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands. Its decisions are visible from `planned` on."""

    PLANNING = "planning"
    PLANNED = "planned"
    SENDING = "sending"
    PAUSED = "paused"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MISSED = "missed"


class DeliveryState(StrEnum):
    """Where a send stands (design: `pending → sending → …`). Every end but `accepted` carries a reason."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    UNCERTAIN = "uncertain"


class BundleState(StrEnum):
    """Where a hand-over of letters or calls stands.

    `open`: its number is taken and its files are written under a temporary name; `committed`: its rows are accepted
    and its files are to get their name; `named`: they have it; `abandoned`: nothing of it went.
    """

    OPEN = "open"
    COMMITTED = "committed"
    NAMED = "named"
    ABANDONED = "abandoned"


ENDED_RUNS = (RunState.CLOSED, RunState.CANCELLED, RunState.MISSED)
OPEN_RUNS = (RunState.PLANNED, RunState.SENDING, RunState.PAUSED)
UNDER_WAY = (DeliveryState.PENDING, DeliveryState.SENDING)
COUNTED = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)
