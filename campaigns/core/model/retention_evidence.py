"""The evidence of the nightly job that forgets (GD-03): for each table what went, and how old the oldest row is now."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Retained:
    """One table after the job. `retention` is None where rows stay as long as the membership.

    `removed` rows were past it or of erased members; `left` are those that stay, the `oldest` of this moment, where
    rows have one.
    """

    table: str
    retention: timedelta | None
    removed: int
    left: int
    oldest: datetime | None
