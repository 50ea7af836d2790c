"""Query session of the planner: temporary tables over the warehouse, each created by one statement."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import ColumnClause, Select, TableClause, column, func, select, table
from sqlalchemy.sql.visitors import iterate

from campaigns.rules.compile import as_text, compile_for

_SESSION_TABLES: Final = ("population", "history", "clicks")
_ROWS_PER_BATCH: Final = 100_000


class Connection(Protocol):
    """Methods of an open warehouse connection that the session uses."""

    def execute(self, query: str, parameters: object = None, /) -> Any: ...
    def sql(self, query: str, *, params: object = None) -> Any: ...
    def register(self, view_name: str, python_object: object, /) -> Any: ...


class Elsewhere(Protocol):
    """Engine that evaluates rules in place of DuckDB and reads the warehouse's purchases itself."""

    def lay(self, name: str, data: pa.Table, /) -> None: ...
    def stream(self, statement: Select[Any], /) -> pa.RecordBatchReader: ...


class Kept(Protocol):
    """Cache of earlier query results, to be read instead of computed again."""

    def put(self, connection: Connection, statement: Select[Any], /) -> Select[Any]: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """Open warehouse with the ledger's snapshot beside it; all tables live as long as the connection.

    Rules are evaluated here, with the results in `cache` if there is one, or by `rule_engine`.
    """

    connection: Connection
    elsewhere: Elsewhere | None = None
    kept: Kept | None = None

    def lay(self, name: str, data: pa.Table) -> TableClause:
        """Register Arrow columns under the name of a table."""
        self.connection.register(name, data)
        return table(name, *(column(field) for field in data.column_names))

    def make(self, name: str, statement: Select[Any]) -> TableClause:
        """Run a statement into a temporary table, replacing an older one of that name."""
        compiled = compile_for(statement, "duckdb")
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {compiled.sql}", compiled.parameters)
        return table(name, *(column(field.name) for field in statement.selected_columns))

    def show(self, name: str, statement: Select[Any]) -> TableClause:
        """Create a temporary view of a statement, so that its readers compute and store only the columns they read."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {as_text(statement, 'duckdb')}")
        return table(name, *(column(field.name) for field in statement.selected_columns))

    def judge(self, name: str, statement: Select[Any]) -> TableClause:
        """Run a statement of rules into a temporary table, on the engine that the workspace chose for rules.

        A separate rule engine receives the session's tables that the rules read, with only the columns they name.
        """
        if self.elsewhere is None:
            return self.make(name, self.kept.put(self.connection, statement) if self.kept else statement)
        for source, columns in _session_columns(statement).items():
            selected: list[ColumnClause[Any]] = [column(name) for name in sorted(columns)]
            query = select(*selected).select_from(table(source))
            self.elsewhere.lay(source, self.reader(query).read_all())
        result = self.lay(f"{name}_elsewhere", self.elsewhere.stream(statement).read_all())
        return self.make(name, select(*result.c))

    def write(self, path: Path, statement: Select[Any], row_group_size: int) -> None:
        """Write the rows of a statement to a Parquet file with row groups of a fixed size."""
        compiled = compile_for(statement, "duckdb")
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {row_group_size}"
        self.connection.execute(f"COPY ({compiled.sql}) TO '{_quoted(path)}' ({options})", compiled.parameters)

    def rows(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a statement; for counts and other small results."""
        compiled = compile_for(statement, "duckdb")
        rows: list[tuple[Any, ...]] = self.connection.execute(compiled.sql, compiled.parameters).fetchall()
        return rows

    def dicts(self, statement: Select[Any]) -> list[dict[str, Any]]:
        """Return the rows of a statement as dictionaries by column name; for small results."""
        names = [column.name for column in statement.selected_columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows(statement)]

    def reader(self, statement: Select[Any]) -> pa.RecordBatchReader:
        """Return the rows of a statement as a stream of Arrow batches; run nothing else before its end."""
        compiled = compile_for(statement, "duckdb")
        return self.connection.sql(compiled.sql, params=compiled.parameters).to_arrow_reader(_ROWS_PER_BATCH)

    def count(self, source: TableClause) -> int:
        """Return the number of rows of a table."""
        return int(self.rows(select(func.count()).select_from(source))[0][0])


def _session_columns(statement: Select[Any]) -> dict[str, set[str]]:
    """Return the session's own tables that a statement of rules reads, with the columns it names in them."""
    columns: dict[str, set[str]] = {}
    for element in iterate(statement):
        if isinstance(element, ColumnClause) and isinstance(element.table, TableClause):
            columns.setdefault(element.table.name, set()).add(element.name)
    return {source: columns[source] for source in _SESSION_TABLES if source in columns}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
