"""Evidence of the nightly retention job (GD-03): rows deleted from each table, and its oldest row left."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetentionEvidence:
    """Result of the job for one table. `retention` is None for rows kept as long as the membership.

    `removed` counts rows past retention or of erased members, `remaining` the rows kept. `oldest` is the time of the
    oldest of them, if rows have one.
    """

    table: str
    retention: timedelta | None
    removed: int
    remaining: int
    oldest: datetime | None
