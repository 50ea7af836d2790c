"""Totals of members' purchases, kept beside the warehouse: what was summed once is not summed again.

A rule's scan of purchases is a statement over immutable files, so its answer is a file too, named by a hash of the
statement, its values, and the views it reads, which name every file behind them. Another import, erasure, day of
retention or catalogue is another hash. Changing a limit or asking again an hour later is the same scan.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BinaryExpression, BindParameter, ColumnClause, Select, Subquery, TableClause, column, table, true
from sqlalchemy.sql.operators import lt
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from audiences.warehouse.sql_quoting import text
from campaigns.rules.compile import Compiled, compile_for
from campaigns.runs.planning.query_session import Connection

_BEHIND: Final[Mapping[str, tuple[str, ...]]] = {
    "receipts": ("receipts", "stored_receipts", "stored_tombstones"),
    "purchase_lines": ("assortment", "purchase_lines", "stored_products", "stored_purchases", "stored_tombstones"),
}


@dataclass(frozen=True, slots=True)
class KeptTotals:
    """The folder of kept totals. They go with the warehouse's superseded files; without them, all is summed anew."""

    folder: Path

    def put(self, connection: Connection, statement: Select[Any]) -> Select[Any]:
        """The statement with every scan of purchases replaced by what it once came to, or comes to now."""
        found: dict[Subquery, TableClause] = {}
        for each in iterate(statement):
            if isinstance(each, Subquery) and isinstance(each.element, Select) and each not in found:
                source = _purchases(each.element)
                if source is not None:
                    found[each] = self._total(connection, each.name, each.element, source)

        def replaced(element: Any) -> Any:
            if isinstance(element, ColumnClause) and element.table in found:
                return found[element.table].c[element.name]
            return found.get(element) if isinstance(element, Subquery) else None

        return _replaced(statement, replaced) if found else statement

    def _total(self, connection: Connection, name: str, scan: Select[Any], source: str) -> TableClause:
        """One scan's answer under the scan's name."""
        compiled = compile_for(_without_future(scan, _newest(connection, source)), "duckdb")
        path = self.folder / f"{_hash(connection, compiled, source)}.parquet"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            connection.execute(f"COPY ({compiled.sql}) TO {text(str(draft))} (FORMAT parquet)", compiled.parameters)
            draft.replace(path)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet({text(str(path))})")
        return table(name, *(column(each.name, each.type) for each in scan.selected_columns))


def _purchases(scan: Select[Any]) -> str | None:
    """The view of purchases that a statement reads and nothing else, if it does."""
    sources = [each.name for each in scan.get_final_froms() if isinstance(each, TableClause)]
    return sources[0] if len(sources) == 1 and sources[0] in _BEHIND else None


def _newest(connection: Connection, source: str) -> datetime | None:
    """A moment that no stored row of a view lies after; None when that is not known."""
    found: datetime | None = connection.execute(f"SELECT purchased_at FROM newest_{source}").fetchone()[0]
    return found


def _without_future(scan: Select[Any], last: datetime | None) -> Select[Any]:
    """The scan without its end where no stored purchase lies beyond it: the same rows, whatever the hour."""

    def replaced(element: Any) -> Any:
        match element:
            case BinaryExpression(left=ColumnClause(name="purchased_at"), right=BindParameter(value=datetime() as end)):
                return true() if element.operator is lt and last is not None and last < end else None
        return None

    return _replaced(scan, replaced)


def _replaced(statement: Select[Any], by: Callable[[Any], Any]) -> Select[Any]:
    """The statement with every element for which `by` gives another."""
    changed: Any = replacement_traverse(statement, {}, lambda element, **_: by(element))
    whole: Select[Any] = changed
    return whole


def _hash(connection: Connection, compiled: Compiled, source: str) -> str:
    names = ", ".join(map(text, _BEHIND[source]))
    query = f"SELECT sql FROM duckdb_views() WHERE view_name IN ({names}) ORDER BY view_name"
    asked = (compiled.sql, sorted(compiled.parameters.items()), connection.execute(query).fetchall())
    return hashlib.sha256(repr(asked).encode()).hexdigest()
