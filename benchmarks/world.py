"""Co-operative to measure: a stated fraction of 3.6 million members, in a workspace of its own."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from campaigns.runs.engine import Engine
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.paths import Workspace

MEMBERS: Final = 3_600_000
RECEIPTS_A_DAY: Final = 1_000_000
FIRST_DAY: Final = date(2017, 1, 1)  # of the receipts: 365 days
FIRST_DAY_OF_LINES: Final = date(2017, 10, 3)  # 90 days
FIRST_MONTH: Final = date(2013, 1, 1)  # of the receipts of long-known members: five years, the retention period
FIRST_MONTH_OF_LINES: Final = date(2016, 12, 1)  # of their lines: 400 days, the retention period
LONG_KNOWN: Final = {"receipts": 8, "purchases": 64}  # one in so many members; they fill one file a month
AS_OF: Final = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)  # the demonstration's moment


@dataclass(frozen=True, slots=True)
class World:
    """Workspace with generated data, `fraction` of the co-operative's size."""

    root: Path
    fraction: float

    @classmethod
    def for_fraction(cls, fraction: float, folder: Path) -> "World":
        """Return the world of a fraction below `folder`."""
        return cls(folder / f"scale-{fraction:g}", fraction)

    @property
    def members(self) -> int:
        """Return the number of members."""
        return int(MEMBERS * self.fraction)

    @property
    def exists(self) -> bool:
        """Return whether its generation was completed."""
        return self.completion_file.exists()

    @property
    def completion_file(self) -> Path:
        """Return the file that marks a completed generation."""
        return self.root / "data" / "generated.json"

    def engine(self, **resources: Any) -> Engine:
        """Open an engine over the workspace, with other resources (`clock`, `ledger`) than its own if given."""
        return Engine(Context(Resources(Workspace(self.root), **resources), "benchmark"))
