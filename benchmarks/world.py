"""The co-operative that is measured: a stated fraction of 3.6 million members, in a workspace of its own."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace

MEMBERS: Final = 3_600_000
RECEIPTS_A_DAY: Final = 1_000_000
FIRST_DAY: Final = date(2017, 1, 1)  # of the receipts: 365 days
FIRST_DAY_OF_LINES: Final = date(2017, 10, 3)  # 90 days
FIRST_MONTH: Final = date(2013, 1, 1)  # of the receipts of those who are long known: five years, all that is retained
FIRST_MONTH_OF_LINES: Final = date(2016, 12, 1)  # of their lines: 400 days are retained
LONG_KNOWN: Final = {"receipts": 8, "purchases": 64}  # one in so many members: they fill a file a month
AS_OF: Final = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)  # the demonstration's moment


@dataclass(frozen=True, slots=True)
class World:
    """One workspace with generated data. Everything in it is `fraction` of the co-operative's size."""

    root: Path
    fraction: float

    @classmethod
    def of(cls, fraction: float, folder: Path) -> "World":
        """The place of a fraction's world below `folder`."""
        return cls(folder / f"scale-{fraction:g}", fraction)

    @property
    def members(self) -> int:
        """How many members it has."""
        return int(MEMBERS * self.fraction)

    @property
    def exists(self) -> bool:
        """Whether it was generated to the end."""
        return self.done.exists()

    @property
    def done(self) -> Path:
        """The file that says so."""
        return self.root / "data" / "generated.json"

    def engine(self) -> Engine:
        """The engine over it."""
        return Engine(Workspace(self.root), "benchmark")
