"""One statement for three engines: compiled for PostgreSQL, carried to DuckDB and Spark by sqlglot."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlglot
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.selectable import Select
from sqlglot import exp

Engine = Literal["duckdb", "postgresql", "spark"]

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
    compiled = _compiled(statement)
    if engine == "postgresql":
        return compiled
    return Compiled(_carried(_parsed(compiled.sql), engine, pretty=False), compiled.parameters)


def as_text(statement: Select[Any], engine: Engine) -> str:
    """The statement with its values written into it, for people to read and to paste."""
    compiled = _compiled(statement)
    tree = _parsed(compiled.sql).transform(lambda node: _written_out(node, compiled.parameters))
    return _carried(tree, engine, pretty=True)


def _compiled(statement: Select[Any]) -> Compiled:
    _allow_deep_rules()
    compiled = statement.compile(dialect=_POSTGRESQL, compile_kwargs={"render_postcompile": True})
    return Compiled(str(compiled), dict(compiled.params))


def _parsed(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, read="postgres")


def _carried(tree: exp.Expr, engine: Engine, *, pretty: bool) -> str:
    """The tree in the engine's dialect, read back to see that no `IS TRUE` was lost on the way."""
    sql = tree.sql(dialect=_DIALECTS[engine], pretty=pretty)
    asked = _truths(tree)
    if asked and _truths(sqlglot.parse_one(sql, read=_DIALECTS[engine])) != asked:
        raise AssertionError(f"an IS TRUE was lost on the way to {engine}")
    return sql


def _truths(tree: exp.Expr) -> int:
    return sum(isinstance(test.expression, exp.Boolean) for test in tree.find_all(exp.Is))


def _written_out(node: exp.Expr, parameters: Mapping[str, object]) -> exp.Expr:
    return exp.convert(parameters[node.name]) if isinstance(node, exp.Placeholder) else node


def _allow_deep_rules() -> None:
    """Room for a rule nested as deep as the language allows: both libraries need some 30 frames a level.

    Never set back: another thread may be in the depths just then.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
