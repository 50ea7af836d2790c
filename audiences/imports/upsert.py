"""Upsert of staged rows into an undivided table of the warehouse, by key."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.file_kind import ImportJob
from audiences.imports.staging import VALID_TABLE
from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from audiences.warehouse.warehouse import WHOLE_TABLE

CHANGED_TABLE: Final = "changed"
PARQUET_OPTIONS: Final = "(FORMAT parquet, COMPRESSION zstd)"


def upsert(job: ImportJob, table: str, types: Mapping[str, str], defaults: Mapping[str, str]) -> int:
    """Replace rows with the same key (the first column of `types`) and add the others; return how many changed.

    Columns that the file lacks stay as they are. The staging table `changed` then holds the keys of changed rows.
    """
    key = quote_identifier(next(iter(types)))
    stored = f"({job.warehouse.select_stored(table, types)})"
    values = ", ".join(_value(column, type_, job, defaults) for column, type_ in types.items())
    connection = job.staging.connection
    connection.execute(
        f"CREATE TABLE incoming AS SELECT {values} FROM {VALID_TABLE} AS g LEFT JOIN {stored} AS o ON g.{key} = o.{key}"
    )
    connection.execute(f"CREATE TABLE {CHANGED_TABLE} AS SELECT {key} FROM (FROM incoming EXCEPT FROM {stored})")
    changed = job.staging.count_rows(f"FROM {CHANGED_TABLE}")
    if changed:
        file = job.warehouse.new_file_path(table)
        connection.execute(
            f"COPY (FROM {stored} ANTI JOIN incoming USING ({key}) UNION ALL FROM incoming ORDER BY {key}) "
            f"TO {quote_literal(str(file))} {PARQUET_OPTIONS}"
        )
        job.warehouse.publish_state({table: {WHOLE_TABLE: [file]}}, job.now)
    return changed


def _value(column: str, type_: str, job: ImportJob, defaults: Mapping[str, str]) -> str:
    source = "g" if column in job.header else "o"
    value = f"{source}.{quote_identifier(column)}"
    if column in defaults:
        value = f"coalesce({value}, {quote_literal(defaults[column])})"
    return f"{value}::{type_} AS {quote_identifier(column)}"
