"""Cache of purchase aggregates beside the warehouse: no sum is computed twice.

A rule's scan of purchases is a statement over immutable files, so its result is a file too, named by a hash of the
statement, its values, and the views it reads, which name every file behind them. Another import, erasure, day of
retention or catalogue gives another hash. A changed limit, or the same query an hour later, is the same scan.
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

from audiences.warehouse.sql_quoting import quote_literal
from campaigns.core.private_files import make_private_folder
from campaigns.rules.compile import CompiledQuery, compile_for
from campaigns.runs.planning.query_session import DuckDBConnection

_SOURCE_VIEWS: Final[Mapping[str, tuple[str, ...]]] = {
    "receipts": ("receipts", "stored_receipts", "stored_tombstones"),
    "purchase_lines": ("assortment", "purchase_lines", "stored_products", "stored_purchases", "stored_tombstones"),
}


@dataclass(frozen=True, slots=True)
class AggregateCache:
    """Folder of cached aggregates, deleted with the warehouse's superseded files; without it, all is summed again."""

    folder: Path

    def use_cached(self, connection: DuckDBConnection, statement: Select[Any]) -> Select[Any]:
        """Return the statement with every scan of purchases replaced by its result, from the cache or computed now."""
        tables: dict[Subquery, TableClause] = {}
        for element in iterate(statement):
            if isinstance(element, Subquery) and isinstance(element.element, Select) and element not in tables:
                source = _purchase_view(element.element)
                if source is not None:
                    tables[element] = self._cached(connection, element.name, element.element, source)

        def replacement(element: Any) -> Any:
            if isinstance(element, ColumnClause) and element.table in tables:
                return tables[element.table].c[element.name]
            return tables.get(element) if isinstance(element, Subquery) else None

        return _replace(statement, replacement) if tables else statement

    def _cached(self, connection: DuckDBConnection, name: str, scan: Select[Any], source: str) -> TableClause:
        """Return the result of a scan, as a view under the scan's name."""
        compiled = compile_for(_without_future(scan, _newest(connection, source)), "duckdb")
        path = self.folder / f"{_hash(connection, compiled, source)}.parquet"
        if not path.exists():
            make_private_folder(self.folder)
            draft = path.with_suffix(f".{os.getpid()}")
            connection.execute(
                f"COPY ({compiled.sql}) TO {quote_literal(str(draft))} (FORMAT parquet)", compiled.parameters
            )
            draft.replace(path)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet({quote_literal(str(path))})")
        return table(name, *(column(field.name, field.type) for field in scan.selected_columns))


def _purchase_view(scan: Select[Any]) -> str | None:
    """Return the view of purchases that a statement reads, or None when it reads another source or several."""
    sources = [source.name for source in scan.get_final_froms() if isinstance(source, TableClause)]
    return sources[0] if len(sources) == 1 and sources[0] in _SOURCE_VIEWS else None


def _newest(connection: DuckDBConnection, source: str) -> datetime | None:
    """Return a time after which a view has no stored row; None when it is not known."""
    newest: datetime | None = connection.execute(f"SELECT purchased_at FROM newest_{source}").fetchone()[0]
    return newest


def _without_future(scan: Select[Any], newest: datetime | None) -> Select[Any]:
    """Return the scan without its end when no stored purchase lies beyond it: the same rows, whatever the hour."""

    def replacement(element: Any) -> Any:
        match element:
            case BinaryExpression(left=ColumnClause(name="purchased_at"), right=BindParameter(value=datetime() as end)):
                return true() if element.operator is lt and newest is not None and newest < end else None
        return None

    return _replace(scan, replacement)


def _replace(statement: Select[Any], replacement: Callable[[Any], Any]) -> Select[Any]:
    """Return the statement with every element for which `replacement` returns another."""
    changed: Any = replacement_traverse(statement, {}, lambda element, **_: replacement(element))
    result: Select[Any] = changed
    return result


def _hash(connection: DuckDBConnection, compiled: CompiledQuery, source: str) -> str:
    names = ", ".join(map(quote_literal, _SOURCE_VIEWS[source]))
    query = f"SELECT sql FROM duckdb_views() WHERE view_name IN ({names}) ORDER BY view_name"
    content = (compiled.sql, sorted(compiled.parameters.items()), connection.execute(query).fetchall())
    return hashlib.sha256(repr(content).encode()).hexdigest()
