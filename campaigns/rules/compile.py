"""Compilation of a statement for three engines: compiled for PostgreSQL, then transpiled to DuckDB or Spark."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.selectable import Select

SqlEngine = Literal["duckdb", "postgresql", "spark"]
Result = TypeVar("Result")

_DIALECTS: Final[dict[SqlEngine, str]] = {"duckdb": "duckdb", "postgresql": "postgres", "spark": "spark"}
_FRAMES: Final = 20_000
# `named`: every other parameter style of SQLAlchemy doubles the percent signs in literals.
_POSTGRESQL: Final[Dialect] = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy's own


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """SQL text with named parameters (`:name`; `$name` for DuckDB) and their values."""

    sql: str
    parameters: Mapping[str, object]


def compile_for(statement: Select[Any], engine: SqlEngine) -> CompiledQuery:
    """Return the statement in the dialect of `engine`."""
    return _with_deep_stack(lambda: _compile_for(statement, engine))


def render_sql(statement: Select[Any], engine: SqlEngine) -> str:
    """Return the statement with its values written into it, for people to read and paste."""
    return _with_deep_stack(lambda: _with_values(_compile(statement), engine))


def transpile_query(query: str, engine: SqlEngine) -> str:
    """Return a DuckDB query in the dialect of `engine`."""
    from campaigns.rules.transpile import transpile

    return transpile(query, _DIALECTS["duckdb"], _DIALECTS[engine])


def _compile_for(statement: Select[Any], engine: SqlEngine) -> CompiledQuery:
    from campaigns.rules.transpile import transpile

    compiled = _compile(statement)
    if engine == "postgresql":
        return compiled
    return CompiledQuery(transpile(compiled.sql, _DIALECTS["postgresql"], _DIALECTS[engine]), compiled.parameters)


def _with_values(compiled: CompiledQuery, engine: SqlEngine) -> str:
    from campaigns.rules.transpile import transpile_for_reading

    return transpile_for_reading(compiled.sql, _DIALECTS["postgresql"], _DIALECTS[engine], compiled.parameters)


def _compile(statement: Select[Any]) -> CompiledQuery:
    compiled = statement.compile(dialect=_POSTGRESQL, compile_kwargs={"render_postcompile": True})
    return CompiledQuery(str(compiled), dict(compiled.params))


def _with_deep_stack(work: Callable[[], Result]) -> Result:
    """Run `work`; on RecursionError raise Python's recursion limit and run it once more.

    A rule may be nested as deep as the language allows, and both libraries take about 30 frames a level. The limit
    is not lowered again, because another thread may need it by then.
    """
    try:
        return work()
    except RecursionError:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
        return work()
