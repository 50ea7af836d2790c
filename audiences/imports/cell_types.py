"""How a cell's text becomes a typed value: the SQL of each type, and the words for what was expected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from audiences.warehouse.sql_quoting import name, text
from campaigns.core.model.catalogue import Column
from campaigns.core.model.enums import ColumnType

_DAY: Final = r"\d{4}-\d\d-\d\d"
_TIME: Final = r"\d\d:\d\d(:\d\d(\.\d+)?)?"
_DATE: Final = rf"{_DAY}([ T]00:00(:00(\.0+)?)?)?"
_TIMESTAMP: Final = rf"{_DAY}([ T]{_TIME} ?(Z|[+-]\d\d(:?\d\d)?)?)?"
_NUMBER: Final = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?"
_LISTED: Final = 24
_INTEGER: Final = r"[+-]?\d+(\.0+)?"


@dataclass(frozen=True, slots=True)
class Reading:
    """`value` is SQL over the staged text, NULL where the text is not what was `expected`."""

    column: str
    value: str
    expected: str

    @property
    def fails(self) -> str:
        """SQL: something was written, and it is not a value of the type."""
        return f"({name(self.column)} IS NOT NULL AND ({self.value}) IS NULL)"


def date(column: str) -> Reading:
    """A calendar day."""
    return Reading(column, _when(column, _DATE, f"TRY_CAST({name(column)}[:10] AS DATE)"), "a date like 2017-12-31")


def timestamp(column: str) -> Reading:
    """An instant, as UTC without a zone; a text without a zone is in the staging connection's `TimeZone`."""
    value = f"timezone('UTC', TRY_CAST({name(column)} AS TIMESTAMPTZ))"
    return Reading(column, _when(column, _TIMESTAMP, value), "a time like 2017-12-31 16:05")


def decimal(column: str, type_: str = "DECIMAL(18,4)") -> Reading:
    """A number with a point."""
    return Reading(column, _when(column, _NUMBER, f"TRY_CAST({name(column)} AS {type_})"), "a number like 12.50")


def integer(column: str) -> Reading:
    """A whole number; one that a spreadsheet wrote as `3.0` is one."""
    value = f"TRY_CAST(split_part({name(column)}, '.', 1) AS BIGINT)"
    return Reading(column, _when(column, _INTEGER, value), "a whole number")


def boolean(column: str) -> Reading:
    """True or false."""
    value = f"CASE lower({name(column)}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    return Reading(column, value, "`true` or `false`")


def one_of(column: str, values: tuple[str, ...]) -> Reading:
    """A text of a closed list."""
    listed = ", ".join(map(text, values))
    words = ", ".join(f"`{value}`" for value in values[:_LISTED]) + (", ..." if len(values) > _LISTED else "")
    return Reading(column, f"CASE WHEN {name(column)} IN ({listed}) THEN {name(column)} END", f"one of {words}")


def plain(column: str) -> Reading:
    """Any text."""
    return Reading(column, name(column), "a text")


def declared(column: str, declaration: Column) -> Reading:
    """What the catalogue says the column is."""
    if declaration.values:
        return one_of(column, declaration.values)
    return _TYPED[declaration.type](column)


_TYPED: Final[Mapping[ColumnType, Callable[[str], Reading]]] = {
    ColumnType.TEXT: plain,
    ColumnType.INTEGER: integer,
    ColumnType.DECIMAL: decimal,
    ColumnType.DATE: date,
    ColumnType.TIMESTAMP: timestamp,
    ColumnType.BOOLEAN: boolean,
}


def _when(column: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({name(column)}, {text(pattern)}) THEN {value} END"
