"""Progress and result of an import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FileProgressCallback = Callable[[int, int], None]
"""Called with the position in the file and its total size, in bytes or rows."""


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """Progress of a step of an import: what of its whole is done, and how many rows were read so far.

    A whole of 0 is not known.
    """

    step: str
    done: int
    whole: int
    rows: int = 0


ProgressCallback = Callable[[ImportProgress], None]
"""Called after each part of a step."""


@dataclass(frozen=True, slots=True)
class RejectReason:
    """Reason why rows were rejected or values left out: their number, and the first line."""

    column: str
    reason: str
    rows: int
    first_line: int

    def __str__(self) -> str:
        """Return a sentence about it."""
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        place = f"{rows}, `{self.column}`" if self.column else rows
        return f"{place}: {self.reason} (first in line {self.first_line})"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Row counts of an import: `read` is `stored` (new or changed) plus `unchanged` plus `rejected`.

    `emptied` counts single invalid values in rows that were stored; `not_served` numbers that were stored, but are not
    written to: of countries that the settings do not list; `padded` postal codes that had lost their zeros; `unknown`,
    by column, rows that were stored though nothing has the id that they name. `rejects_path` lists all but the unknown,
    with line, column and reason; None when there are none. `format` says what the file is.
    """

    read: int
    stored: int
    unchanged: int
    rejected: int
    emptied: int = 0
    not_served: int = 0
    padded: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    reasons: tuple[RejectReason, ...] = ()
    format: str = ""
    rejects_path: Path | None = None

    @property
    def is_refused(self) -> bool:
        """Return whether the file has rows and all of them were rejected."""
        return 0 < self.read == self.rejected
