"""One statement for three engines: compiled for PostgreSQL, carried to DuckDB and Spark by sqlglot."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import sqlglot
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.selectable import Select
from sqlglot import exp

Engine = Literal["duckdb", "postgresql", "spark"]
Result = TypeVar("Result")

_DIALECTS: Final[dict[Engine, str]] = {"duckdb": "duckdb", "postgresql": "postgres", "spark": "spark"}
_FRAMES: Final = 20_000
# `named`: every other style of SQLAlchemy's doubles the percent signs of literals.
_POSTGRESQL: Final[Dialect] = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]  # SQLAlchemy's own


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement's text with named parameters (`:name`; `$name` for DuckDB) and their values."""

    sql: str
    parameters: Mapping[str, object]


def compile_for(statement: Select[Any], engine: Engine) -> Compiled:
    """The statement as `engine` reads it."""
    return _with_room(lambda: _compiled_for(statement, engine))


def as_text(statement: Select[Any], engine: Engine) -> str:
    """The statement with its values written into it, for people to read and to paste."""
    return _with_room(lambda: _written_out(_compiled(statement), engine))


def carried(query: str, engine: Engine) -> str:
    """A query that was written for DuckDB, as `engine` reads it."""
    return _carried(sqlglot.parse_one(query, read=_DIALECTS["duckdb"]), engine, pretty=False)


def _compiled_for(statement: Select[Any], engine: Engine) -> Compiled:
    compiled = _compiled(statement)
    if engine == "postgresql":
        return compiled
    return Compiled(_carried(_parsed(compiled.sql), engine, pretty=False), compiled.parameters)


def _written_out(compiled: Compiled, engine: Engine) -> str:
    def value(node: exp.Expr) -> exp.Expr:
        return exp.convert(compiled.parameters[node.name]) if isinstance(node, exp.Placeholder) else node

    return _carried(_parsed(compiled.sql).transform(value), engine, pretty=True)


def _compiled(statement: Select[Any]) -> Compiled:
    compiled = statement.compile(dialect=_POSTGRESQL, compile_kwargs={"render_postcompile": True})
    return Compiled(str(compiled), dict(compiled.params))


def _parsed(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, read="postgres")


def _carried(tree: exp.Expr, engine: Engine, *, pretty: bool) -> str:
    """The tree in the engine's dialect, read back to see that no `IS TRUE` was lost on the way."""
    asked = _truths(tree)
    sql = tree.sql(dialect=_DIALECTS[engine], pretty=pretty, copy=False)
    if asked and _truths(sqlglot.parse_one(sql, read=_DIALECTS[engine])) != asked:
        raise AssertionError(f"an IS TRUE was lost on the way to {engine}")
    return sql


def _truths(tree: exp.Expr) -> int:
    return sum(isinstance(test.expression, exp.Boolean) for test in tree.find_all(exp.Is))


def _with_room(work: Callable[[], Result]) -> Result:
    """Do the work, a second time with a deeper stack when a rule is nested as deep as the language allows.

    Both libraries take some 30 frames a level. The limit is not set back: another thread may be down there by then.
    """
    try:
        return work()
    except RecursionError:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
        return work()
