"""Rows bound to a statement as one JSON parameter: it stays one statement, executed once, for any number of rows."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import CTE, Text, bindparam, cast, column, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _Elements(FunctionElement[Any]):
    """SQL function: the elements of a JSON array, each in the `value` of a row."""

    name = "elements"
    inherit_cache = True


@compiles(_Elements, "sqlite")
def _of_sqlite(element: _Elements, compiler: Any, **named: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **named)})"


@compiles(_Elements, "postgresql")
def _of_postgresql(element: _Elements, compiler: Any, **named: Any) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **named)} AS JSON))"


def bulk_values(name: str, **types: TypeEngine[Any]) -> CTE:
    """Return the rows that `pack_values` bound to the parameter `name`, as a table with columns of these types.

    Materialized, so that a database starts from these few rows and looks up the others by key.
    """
    element = _Elements(bindparam(name, type_=Text)).table_valued(column("value"), name="element")
    cells = (
        cast(element.c.value.op("->>")(literal_column(str(index))), type_).label(column_name)
        for index, (column_name, type_) in enumerate(types.items())
    )
    return select(*cells).cte(f"{name}_rows").prefix_with("MATERIALIZED")


def pack_values(rows: Iterable[Sequence[str | int | None]]) -> str:
    """Return rows as the JSON value of the parameter, with their cells in the order of its columns."""
    return json.dumps(list(map(list, rows)), ensure_ascii=False)
