"""Kinds of import files: columns, checks, and storage of the valid rows. A new kind is one module and one line in
`import_file.FILE_KINDS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from audiences.imports.cell_types import timestamp
from audiences.imports.staging import Cell, Check, Staging
from audiences.warehouse import columns
from audiences.warehouse.sql_quoting import name, text
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.clock import stored
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger

LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class Job:
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

    def future(self, column: str) -> Check:
        """Return the check that rejects a time in the future."""
        now = f"TIMESTAMP {text(stored(self.now).isoformat(sep=' '))}"
        return Check(column, f"coalesce({timestamp(column).value} > {now}, false)", "lies in the future")

    def erased(self) -> Check:
        """Return the check that rejects an erased member (GD-12)."""
        erased_members = self.warehouse.stored_rows("tombstones", columns.TOMBSTONES)
        return Check("member_id", f"coalesce(member_id IN ({erased_members}), false)", "this member was erased")


@dataclass(frozen=True, slots=True)
class Kind:
    """Kind of a file. `required` columns must be in the header, `optional` ones (by catalogue) may.

    `store` checks the staged rows, stores the valid ones and returns how many were new or changed.
    """

    required: Mapping[str, Cell]
    store: Callable[[Job], int]
    optional: Callable[[Catalogue], Mapping[str, Cell]] = field(default=lambda _: {})

    def columns(self, catalogue: Catalogue) -> Mapping[str, Cell]:
        """Return all columns that such a file may have."""
        return {**self.required, **self.optional(catalogue)}


def missing(names: Sequence[str]) -> list[Check]:
    """Return checks that reject rows without one of these values."""
    return [Check(column, f"{name(column)} IS NULL", "missing") for column in names]


def unusable_id(column: str) -> Check:
    """Return the check that rejects ids that cannot be used in a file name or a list."""
    is_valid = f"regexp_full_match({name(column)}, '[^\\s\\p{{C}}|]{{1,{LONGEST_ID}}}')"
    return Check(column, f"coalesce(NOT {is_valid}, false)", f"an id has 1 to {LONGEST_ID} characters and no spaces")
