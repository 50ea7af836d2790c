"""World of a rule test as typed rows, for engines loaded from DuckDB."""

from pathlib import Path
from typing import Any

from tests.support.rule_world import DuckdbWorld, RuleWorld


class WarehouseRows:
    """Typed rows of a world, read from DuckDB so that every engine gets the same values and types."""

    def __init__(self) -> None:
        self._duckdb = DuckdbWorld()
        columns = self._duckdb.connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "ORDER BY table_name, ordinal_position"
        ).fetchall()
        self.tables: dict[str, dict[str, str]] = {}
        for table, column, type_ in columns:
            self.tables.setdefault(table, {})[column] = type_

    def show(self, world: RuleWorld) -> None:
        self._duckdb.show(world)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return self._duckdb.connection.execute(f"FROM {table}").fetchall()

    def write(self, table: str, path: Path) -> None:
        """Write the rows of a table as a Parquet file."""
        self._duckdb.connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
