"""DuckDB on one thread: as many threads as there are cores only slow down tests that run in several processes."""

from typing import Any

import duckdb


def use_one_thread() -> None:
    """Let every connection of this process compute on one thread from now on."""
    connect = duckdb.connect

    def connect_on_one_thread(
        database: str = ":memory:", *, read_only: bool = False, config: dict[str, Any] | None = None
    ) -> duckdb.DuckDBPyConnection:
        return connect(database, read_only, {"threads": 1, **(config or {})})

    duckdb.connect = connect_on_one_thread
