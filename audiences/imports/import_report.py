"""What an import did."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int], None]
"""Told how far the file has been read: done and whole, in the file's own measure."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Counts of rows: `read` is `stored` (new or changed) plus `unchanged` plus `rejected`.

    `emptied` are single values that could not be used in rows that were kept. `rejects_path` lists both, with line,
    column and reason; None when there is nothing to list.
    """

    read: int
    stored: int
    unchanged: int
    rejected: int
    emptied: int = 0
    rejects_path: Path | None = None
