"""Query session of the planner: temporary tables over the warehouse, each created by one statement."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import ColumnClause, Select, TableClause, column, func, select, table
from sqlalchemy.sql.visitors import iterate

from campaigns.rules.compile import compile_for, render_sql

_SESSION_TABLES: Final = ("population", "history", "clicks", "redemptions")
_ROWS_PER_BATCH: Final = 100_000


class DuckDBConnection(Protocol):
    """Methods of an open warehouse connection that the session uses."""

    def execute(self, query: str, parameters: object = None, /) -> Any: ...
    def sql(self, query: str, *, params: object = None) -> Any: ...
    def register(self, view_name: str, python_object: object, /) -> Any: ...


class RuleEngine(Protocol):
    """Engine that evaluates rules in place of DuckDB and reads the warehouse's purchases itself."""

    def register(self, name: str, data: pa.Table, /) -> None: ...
    def fetch_batches(self, statement: Select[Any], /) -> pa.RecordBatchReader: ...


class QueryCache(Protocol):
    """Cache of earlier query results, to be read instead of computed again."""

    def use_cached(self, connection: DuckDBConnection, statement: Select[Any], /) -> Select[Any]: ...


@dataclass(frozen=True, slots=True)
class QuerySession:
    """Open warehouse with the ledger's snapshot beside it; all tables live as long as the connection.

    Rules are evaluated here, with the results in `cache` if there is one, or by `rule_engine`.
    """

    connection: DuckDBConnection
    rule_engine: RuleEngine | None = None
    cache: QueryCache | None = None

    def register(self, name: str, data: pa.Table) -> TableClause:
        """Register Arrow columns under the name of a table."""
        self.connection.register(name, data)
        return table(name, *(column(field) for field in data.column_names))

    def create_table(self, name: str, statement: Select[Any]) -> TableClause:
        """Run a statement into a temporary table, replacing an older one of that name."""
        compiled = compile_for(statement, "duckdb")
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {compiled.sql}", compiled.parameters)
        return table(name, *(column(field.name) for field in statement.selected_columns))

    def insert(self, name: str, statement: Select[Any]) -> None:
        """Add the rows of a statement to a table of the session; its columns are those of the table, in order."""
        compiled = compile_for(statement, "duckdb")
        self.connection.execute(f"INSERT INTO {name} {compiled.sql}", compiled.parameters)

    def create_view(self, name: str, statement: Select[Any]) -> TableClause:
        """Create a temporary view of a statement, so that its readers compute and store only the columns they read."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {render_sql(statement, 'duckdb')}")
        return table(name, *(column(field.name) for field in statement.selected_columns))

    def evaluate_rules(self, name: str, statement: Select[Any]) -> TableClause:
        """Run a statement of rules into a temporary table, on the engine that the workspace chose for rules.

        A separate rule engine receives the session's tables that the rules read, with only the columns they name.
        """
        if self.rule_engine is None:
            return self.create_table(
                name, self.cache.use_cached(self.connection, statement) if self.cache else statement
            )
        for source, columns in _session_columns(statement).items():
            selected: list[ColumnClause[Any]] = [column(name) for name in sorted(columns)]
            query = select(*selected).select_from(table(source))
            self.rule_engine.register(source, self.fetch_batches(query).read_all())
        result = self.register(f"{name}_elsewhere", self.rule_engine.fetch_batches(statement).read_all())
        return self.create_table(name, select(*result.c))

    def export_parquet(self, path: Path, statement: Select[Any], row_group_size: int) -> None:
        """Write the rows of a statement to a Parquet file with row groups of a fixed size."""
        compiled = compile_for(statement, "duckdb")
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {row_group_size}"
        self.connection.execute(f"COPY ({compiled.sql}) TO '{_quoted(path)}' ({options})", compiled.parameters)

    def fetch_rows(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement; for counts and other small results."""
        compiled = compile_for(statement, "duckdb")
        rows: list[tuple[Any, ...]] = self.connection.execute(compiled.sql, compiled.parameters).fetchall()
        return rows

    def fetch_dicts(self, statement: Select[Any]) -> list[dict[str, Any]]:
        """Return the rows of a statement as dictionaries by column name; for small results."""
        names = [column.name for column in statement.selected_columns]
        return [dict(zip(names, row, strict=True)) for row in self.fetch_rows(statement)]

    def fetch_batches(self, statement: Select[Any]) -> pa.RecordBatchReader:
        """Return the rows of a statement as a stream of Arrow batches; run nothing else before its end."""
        compiled = compile_for(statement, "duckdb")
        return self.connection.sql(compiled.sql, params=compiled.parameters).to_arrow_reader(_ROWS_PER_BATCH)

    def count_rows(self, source: TableClause) -> int:
        """Return the number of rows of a table."""
        return int(self.fetch_rows(select(func.count()).select_from(source))[0][0])


def _session_columns(statement: Select[Any]) -> dict[str, set[str]]:
    """Return the session's own tables that a statement of rules reads, with the columns it names in them."""
    columns: dict[str, set[str]] = {}
    for element in iterate(statement):
        if isinstance(element, ColumnClause) and isinstance(element.table, TableClause):
            columns.setdefault(element.table.name, set()).add(element.name)
    return {source: columns[source] for source in _SESSION_TABLES if source in columns}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
