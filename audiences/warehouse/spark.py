"""Warehouse on Spark: the same files and views, for rules that have outgrown one machine."""

import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession
from sqlalchemy import Select

from audiences.warehouse.views import stored_tables, view_queries
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.errors import UserError
from campaigns.rules.compile import compile_for, transpile_query

_TYPES: Final = {"VARCHAR": "STRING", "TIMESTAMP": "TIMESTAMP_NTZ"}
_CONFIG: Final = {
    "spark.sql.session.timeZone": "UTC",
    # As the warehouse stores it: UTC, without a zone. Otherwise a naive value is taken in this machine's time zone.
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, never NULL: NULL means an unknown rule
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_LOCAL: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "16",  # the default of 200 is meant for a cluster
}


class SparkWarehouse:
    """Session with its own views in the Spark of this process; it ends with the process.

    `master` is the address of Spark, `local[*]` for this machine. Raises UserError when Spark does not start.
    """

    def __init__(self, master: str) -> None:
        self._session = _session(master).newSession()

    def register(self, name: str, data: pa.Table) -> None:
        """Register an Arrow table under a name."""
        self._session.createDataFrame(data).createOrReplaceTempView(name)

    def register_files(self, name: str, types: Mapping[str, str], files: Sequence[Path]) -> None:
        """Register Parquet files as a table; a column that a file lacks is NULL."""
        declared = ", ".join(f"`{column}` {_TYPES.get(type_, type_)}" for column, type_ in types.items())
        reader = self._session.read.schema(declared)
        rows = reader.parquet(*map(str, files)) if files else self._session.createDataFrame([], declared)
        rows.createOrReplaceTempView(name)

    def create_view(self, name: str, query: str) -> None:
        """Create a view of a query that is written for DuckDB."""
        self._session.sql(transpile_query(query, "spark")).createOrReplaceTempView(name)

    def fetch_batches(self, statement: Select[Any]) -> pa.RecordBatchReader:
        """Return the rows of a statement as Arrow batches."""
        compiled = compile_for(statement, "spark")
        return self._session.sql(compiled.sql, args=dict(compiled.parameters)).toArrow().to_reader()


def open_spark(warehouse: Warehouse, as_of: datetime, master: str) -> SparkWarehouse:
    """Return a Spark session with the views of `Warehouse.connect`, over the present state of the warehouse."""
    spark = SparkWarehouse(master)
    manifest = warehouse.manifest()
    for table, types in stored_tables(warehouse.catalogue).items():
        files = [warehouse.root.resolve() / file for file in manifest.files(table)]
        spark.register_files(f"stored_{table}", types, files)
    for view, query in view_queries(warehouse.catalogue, as_of, warehouse.product_kinds(manifest)).items():
        spark.create_view(view, query)
    return spark


def _session(master: str) -> SparkSession:
    config = _CONFIG | (_LOCAL if master.startswith("local") else {})
    builder = SparkSession.builder.master(master).appName("viesti")
    for key, value in config.items():
        builder = builder.config(key, value)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")  # pandas is not used here
            session = builder.getOrCreate()
    except (PySparkRuntimeError, Py4JJavaError) as error:
        message = f"Spark does not start: {str(error).splitlines()[0]}"
        hint = "is this where Spark is; and is Java 17 or later installed here, and JAVA_HOME set?"
        raise UserError.about(f"warehouse.master: {master}", message, "no_spark", hint) from error
    session.sparkContext.setLogLevel("ERROR")
    return session
