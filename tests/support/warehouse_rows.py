"""A world as rows of typed tables, for the engines that take them over from DuckDB."""

from pathlib import Path
from typing import Any

from tests.support.rule_world import DuckdbWorld, RuleWorld


class WarehouseRows:
    """Lays each world out in DuckDB first, so that every engine gets the same values of the same types."""

    def __init__(self) -> None:
        self._duckdb = DuckdbWorld()
        described = self._duckdb.connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "ORDER BY table_name, ordinal_position"
        ).fetchall()
        self.tables: dict[str, dict[str, str]] = {}
        for table, column, type_ in described:
            self.tables.setdefault(table, {})[column] = type_

    def show(self, world: RuleWorld) -> None:
        self._duckdb.show(world)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        return self._duckdb.connection.execute(f"FROM {table}").fetchall()

    def write(self, table: str, path: Path) -> None:
        """The rows as a Parquet file."""
        self._duckdb.connection.execute(f"COPY {table} TO '{path}' (FORMAT parquet)")
