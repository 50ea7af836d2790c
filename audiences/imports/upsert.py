"""Upsert of staged rows into an undivided table of the warehouse, by key."""

from collections.abc import Mapping
from typing import Final

from audiences.imports.file_kind import Job
from audiences.imports.staging import GOOD
from audiences.warehouse.sql_quoting import name, text
from audiences.warehouse.warehouse import WHOLE

CHANGED: Final = "changed"
PARQUET: Final = "(FORMAT parquet, COMPRESSION zstd)"


def upsert(job: Job, table: str, types: Mapping[str, str], defaults: Mapping[str, str]) -> int:
    """Replace rows with the same key (the first column of `types`) and add the others; return how many changed.

    Columns that the file lacks stay as they are. The staging table `changed` then holds the keys of changed rows.
    """
    key = name(next(iter(types)))
    stored = f"({job.warehouse.stored_rows(table, types)})"
    values = ", ".join(_value(column, type_, job, defaults) for column, type_ in types.items())
    connection = job.staging.connection
    connection.execute(
        f"CREATE TABLE incoming AS SELECT {values} FROM {GOOD} AS g LEFT JOIN {stored} AS o ON g.{key} = o.{key}"
    )
    connection.execute(f"CREATE TABLE {CHANGED} AS SELECT {key} FROM (FROM incoming EXCEPT FROM {stored})")
    changed = job.staging.count(f"FROM {CHANGED}")
    if changed:
        file = job.warehouse.new_file(table)
        connection.execute(
            f"COPY (FROM {stored} ANTI JOIN incoming USING ({key}) UNION ALL FROM incoming ORDER BY {key}) "
            f"TO {text(str(file))} {PARQUET}"
        )
        job.warehouse.replace({table: {WHOLE: [file]}}, job.now)
    return changed


def _value(column: str, type_: str, job: Job, defaults: Mapping[str, str]) -> str:
    source = "g" if column in job.header else "o"
    value = f"{source}.{name(column)}"
    if column in defaults:
        value = f"coalesce({value}, {text(defaults[column])})"
    return f"{value}::{type_} AS {name(column)}"
