"""Kinds of import files: columns, checks, and storage of the valid rows.

A new kind is one module and one line in `import_file.FILE_KINDS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from audiences.imports.cell_types import timestamp_type
from audiences.imports.import_report import ProgressCallback
from audiences.imports.staging import CellCleaning, RowCheck, Staging
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import to_warehouse_time
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.core.safe_names import ID_PATTERN, ID_RULE
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

MAX_ID_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class ImportJob:
    """Import in progress: the staged rows, the stores, and the column names of the file's `header`.

    `signer` recognises the addresses of erased members.
    """

    staging: Staging
    ledger: Ledger
    warehouse: Warehouse
    settings: Settings
    now: datetime
    header: frozenset[str]
    signer: Signer
    on_progress: ProgressCallback = lambda _progress: None

    def future_time_check(self, column: str) -> RowCheck:
        """Return the check that rejects a time in the future."""
        now = f"TIMESTAMP {quote_literal(to_warehouse_time(self.now).isoformat(sep=' '))}"
        return RowCheck(column, f"coalesce({timestamp_type(column).value} > {now}, false)", self.in_the_future())

    def in_the_future(self) -> str:
        """Return the reason of a time that is still to come, with the clock that says so."""
        wall_time = self.now.astimezone(self.settings.zone).strftime("%Y-%m-%d %H:%M")
        clock = "the clock" if self.settings.clock_start is None else "`clock: {start: ...}` of config/settings.yaml"
        return f"lies in the future: now it is {wall_time} by {clock}"

    def erased_member_check(self) -> RowCheck:
        """Return the check that rejects an erased member (GD-12)."""
        erased_members = self.warehouse.select_stored("tombstones", columns.TOMBSTONES)
        return RowCheck("member_id", f"coalesce(member_id IN ({erased_members}), false)", "this member was erased")


@dataclass(frozen=True, slots=True)
class FileKind:
    """Kind of a file. `required` columns must be in the header, `optional` ones (by catalogue) may.

    `store` checks the staged rows, stores the valid ones and returns how many were new or changed. `references` are the
    columns that name a row of a table: `members`, `products` or `stores`.
    """

    required: Mapping[str, CellCleaning]
    store: Callable[[ImportJob], int]
    optional: Callable[[Catalogue], Mapping[str, CellCleaning]] = field(default=lambda _: {})
    references: Mapping[str, str] = field(default_factory=dict)

    def columns(self, catalogue: Catalogue) -> Mapping[str, CellCleaning]:
        """Return all columns that such a file may have."""
        return {**self.required, **self.optional(catalogue)}


def missing_value_checks(names: Sequence[str]) -> list[RowCheck]:
    """Return checks that reject rows without one of these values."""
    return [RowCheck(column, f"{quote_identifier(column)} IS NULL", "missing") for column in names]


def invalid_id_check(column: str) -> RowCheck:
    """Return the check that rejects ids that could lead elsewhere in a file name or a URL, or look like another."""
    name = quote_identifier(column)
    is_valid = f"regexp_full_match({name}, {quote_literal(ID_PATTERN)}) AND NOT contains({name}, '..')"
    return RowCheck(column, f"coalesce(NOT ({is_valid}), false)", ID_RULE)
