"""What a kind of file is: its columns, and how its good rows are stored. A new kind is one module and one line in
`importing.KINDS`.
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
    """One import under way: the staged rows, where they go, and what the file's `header` names.

    `signer` knows the addresses of erased members again.
    """

    staging: Staging
    ledger: Ledger
    warehouse: Warehouse
    settings: Settings
    now: datetime
    header: frozenset[str]
    signer: Signer

    def future(self, column: str) -> Check:
        """Refuses a time that has not come yet."""
        now = f"TIMESTAMP {text(stored(self.now).isoformat(sep=' '))}"
        return Check(column, f"coalesce({timestamp(column).value} > {now}, false)", "lies in the future")

    def erased(self) -> Check:
        """Refuses a member who asked to be forgotten (GD-12)."""
        gone = self.warehouse.stored_rows("tombstones", columns.TOMBSTONES)
        return Check("member_id", f"coalesce(member_id IN ({gone}), false)", "this member was erased")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. `required` columns must stand in the header, `optional` ones (by catalogue) may.

    `store` checks the staged rows, stores the good ones and returns how many were new or changed.
    """

    required: Mapping[str, Cell]
    store: Callable[[Job], int]
    optional: Callable[[Catalogue], Mapping[str, Cell]] = field(default=lambda _: {})

    def columns(self, catalogue: Catalogue) -> Mapping[str, Cell]:
        """Every column that such a file may have."""
        return {**self.required, **self.optional(catalogue)}


def missing(names: Sequence[str]) -> list[Check]:
    """Refuses rows without one of these values."""
    return [Check(column, f"{name(column)} IS NULL", "missing") for column in names]


def unusable_id(column: str) -> Check:
    """Refuses ids that could not stand in a file's name or a list."""
    good = f"regexp_full_match({name(column)}, '[^\\s\\p{{C}}|]{{1,{LONGEST_ID}}}')"
    return Check(column, f"coalesce(NOT {good}, false)", f"an id has 1 to {LONGEST_ID} characters and no spaces")
