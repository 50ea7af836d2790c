"""One statement for three engines: compiled for PostgreSQL, and carried to DuckDB and Spark."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.selectable import Select

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
    from campaigns.rules.carrying import carry

    return carry(query, _DIALECTS["duckdb"], _DIALECTS[engine])


def _compiled_for(statement: Select[Any], engine: Engine) -> Compiled:
    from campaigns.rules.carrying import carry

    compiled = _compiled(statement)
    if engine == "postgresql":
        return compiled
    return Compiled(carry(compiled.sql, _DIALECTS["postgresql"], _DIALECTS[engine]), compiled.parameters)


def _written_out(compiled: Compiled, engine: Engine) -> str:
    from campaigns.rules.carrying import carry

    return carry(compiled.sql, _DIALECTS["postgresql"], _DIALECTS[engine], compiled.parameters, pretty=True)


def _compiled(statement: Select[Any]) -> Compiled:
    compiled = statement.compile(dialect=_POSTGRESQL, compile_kwargs={"render_postcompile": True})
    return Compiled(str(compiled), dict(compiled.params))


def _with_room(work: Callable[[], Result]) -> Result:
    """Do the work, a second time with a deeper stack when a rule is nested as deep as the language allows.

    Both libraries take some 30 frames a level. The limit is not set back: another thread may be down there by then.
    """
    try:
        return work()
    except RecursionError:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _FRAMES))
        return work()
