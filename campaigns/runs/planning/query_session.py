"""The planner's work bench: temporary tables over the warehouse, each made by one statement."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import ColumnClause, Select, TableClause, column, func, select, table
from sqlalchemy.sql.visitors import iterate

from campaigns.rules.compile import as_text, compile_for

_OWN: Final = ("population", "history", "clicks")
_ROWS: Final = 100_000


class Connection(Protocol):
    """What the bench asks of an open warehouse."""

    def execute(self, query: str, parameters: object = None, /) -> Any: ...
    def sql(self, query: str, *, params: object = None) -> Any: ...
    def register(self, view_name: str, python_object: object, /) -> Any: ...


class Elsewhere(Protocol):
    """An engine that reads the warehouse's purchases itself, and evaluates rules in DuckDB's place."""

    def lay(self, name: str, data: pa.Table, /) -> None: ...
    def stream(self, statement: Select[Any], /) -> pa.RecordBatchReader: ...


class Kept(Protocol):
    """What was found before, to be put in the place of what would be found again."""

    def put(self, connection: Connection, statement: Select[Any], /) -> Select[Any]: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """An open warehouse with the ledger's snapshot beside it; everything here lives as long as the connection.

    Rules are evaluated here too, from what is `kept` of earlier answers where that is given, or `elsewhere`.
    """

    connection: Connection
    elsewhere: Elsewhere | None = None
    kept: Kept | None = None

    def lay(self, name: str, data: pa.Table) -> TableClause:
        """Give Arrow columns the name of a table."""
        self.connection.register(name, data)
        return table(name, *(column(field) for field in data.column_names))

    def make(self, name: str, statement: Select[Any]) -> TableClause:
        """Run a statement into a temporary table, in place of an older one of the name."""
        compiled = compile_for(statement, "duckdb")
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {compiled.sql}", compiled.parameters)
        return table(name, *(column(field.name) for field in statement.selected_columns))

    def show(self, name: str, statement: Select[Any]) -> TableClause:
        """Give a statement the name of a view, so that who reads it computes and keeps no more than it reads."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {as_text(statement, 'duckdb')}")
        return table(name, *(column(field.name) for field in statement.selected_columns))

    def judge(self, name: str, statement: Select[Any]) -> TableClause:
        """Run a statement of rules into a temporary table, on the engine that the workspace chose for rules.

        An engine elsewhere is given this bench's tables that the rules read, and of those only the columns they name.
        """
        if self.elsewhere is None:
            return self.make(name, self.kept.put(self.connection, statement) if self.kept else statement)
        for source, columns in _laid_here(statement).items():
            named: list[ColumnClause[Any]] = [column(each) for each in sorted(columns)]
            own = select(*named).select_from(table(source))
            self.elsewhere.lay(source, self.reader(own).read_all())
        answers = self.lay(f"{name}_elsewhere", self.elsewhere.stream(statement).read_all())
        return self.make(name, select(*answers.c))

    def write(self, path: Path, statement: Select[Any], rows_in_group: int) -> None:
        """Run a statement into a Parquet file with row groups of a known size."""
        compiled = compile_for(statement, "duckdb")
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {rows_in_group}"
        self.connection.execute(f"COPY ({compiled.sql}) TO '{_quoted(path)}' ({options})", compiled.parameters)

    def rows(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement, for counts and other small answers."""
        compiled = compile_for(statement, "duckdb")
        rows: list[tuple[Any, ...]] = self.connection.execute(compiled.sql, compiled.parameters).fetchall()
        return rows

    def dicts(self, statement: Select[Any]) -> list[dict[str, Any]]:
        """The rows of a statement by column name, for a few."""
        names = [column.name for column in statement.selected_columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows(statement)]

    def reader(self, statement: Select[Any]) -> pa.RecordBatchReader:
        """The rows of a statement as a stream of Arrow batches; nothing else is asked of the bench before its end."""
        compiled = compile_for(statement, "duckdb")
        return self.connection.sql(compiled.sql, params=compiled.parameters).to_arrow_reader(_ROWS)

    def count(self, source: TableClause) -> int:
        """How many rows a table has."""
        return int(self.rows(select(func.count()).select_from(source))[0][0])


def _laid_here(statement: Select[Any]) -> dict[str, set[str]]:
    """The tables that only the bench has, with the columns that a statement of rules names in them."""
    named: dict[str, set[str]] = {}
    for element in iterate(statement):
        if isinstance(element, ColumnClause) and isinstance(element.table, TableClause):
            named.setdefault(element.table.name, set()).add(element.name)
    return {source: named[source] for source in _OWN if source in named}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
