"""Result of an import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FileProgressCallback = Callable[[int, int], None]
"""Called with the position in the file and its total size, in bytes or rows."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Row counts of an import: `read` is `stored` (new or changed) plus `unchanged` plus `rejected`.

    `emptied` counts single invalid values in rows that were stored; `not_served` numbers that were stored, but are not
    written to: of countries that the settings do not list; `unknown`, by column, rows that were stored though nothing
    has the id that they name. `rejects_path` lists all of them, with line, column and
    reason; None when there are none.
    """

    read: int
    stored: int
    unchanged: int
    rejected: int
    emptied: int = 0
    not_served: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    rejects_path: Path | None = None
