"""Cell types: SQL that turns the text of a cell into a typed value, and the description of valid texts."""

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
_MAX_EXAMPLES: Final = 24
_INTEGER: Final = r"[+-]?\d+(\.0+)?"


@dataclass(frozen=True, slots=True)
class Reading:
    """Type of a column: `value` is SQL over the staged text, NULL where the text is not as `expected`."""

    column: str
    value: str
    expected: str

    @property
    def fails(self) -> str:
        """Return SQL: there is a text, and it is not a value of the type."""
        return f"({name(self.column)} IS NOT NULL AND ({self.value}) IS NULL)"


def date(column: str) -> Reading:
    """Return the type of a calendar day."""
    return Reading(
        column, _if_matches(column, _DATE, f"TRY_CAST({name(column)}[:10] AS DATE)"), "a date like 2017-12-31"
    )


def timestamp(column: str) -> Reading:
    """Return the type of an instant, as UTC without a zone.

    A text without a zone is in the staging connection's `TimeZone`.
    """
    value = f"timezone('UTC', TRY_CAST({name(column)} AS TIMESTAMPTZ))"
    return Reading(column, _if_matches(column, _TIMESTAMP, value), "a time like 2017-12-31 16:05")


def decimal(column: str, type_: str = "DECIMAL(18,4)") -> Reading:
    """Return the type of a number with a decimal point."""
    return Reading(column, _if_matches(column, _NUMBER, f"TRY_CAST({name(column)} AS {type_})"), "a number like 12.50")


def integer(column: str) -> Reading:
    """Return the type of a whole number; `3.0`, as spreadsheets write it, is valid."""
    value = f"TRY_CAST(split_part({name(column)}, '.', 1) AS BIGINT)"
    return Reading(column, _if_matches(column, _INTEGER, value), "a whole number")


def boolean(column: str) -> Reading:
    """Return the type of true or false."""
    value = f"CASE lower({name(column)}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    return Reading(column, value, "`true` or `false`")


def one_of(column: str, values: tuple[str, ...]) -> Reading:
    """Return the type of a text from a closed list."""
    literals = ", ".join(map(text, values))
    examples = ", ".join(f"`{value}`" for value in values[:_MAX_EXAMPLES]) + (
        ", ..." if len(values) > _MAX_EXAMPLES else ""
    )
    return Reading(column, f"CASE WHEN {name(column)} IN ({literals}) THEN {name(column)} END", f"one of {examples}")


def plain(column: str) -> Reading:
    """Return the type of any text."""
    return Reading(column, name(column), "a text")


def declared(column: str, declaration: Column) -> Reading:
    """Return the type that the catalogue declares for the column."""
    if declaration.values:
        return one_of(column, declaration.values)
    return _BY_COLUMN_TYPE[declaration.type](column)


_BY_COLUMN_TYPE: Final[Mapping[ColumnType, Callable[[str], Reading]]] = {
    ColumnType.TEXT: plain,
    ColumnType.INTEGER: integer,
    ColumnType.DECIMAL: decimal,
    ColumnType.DATE: date,
    ColumnType.TIMESTAMP: timestamp,
    ColumnType.BOOLEAN: boolean,
}


def _if_matches(column: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({name(column)}, {text(pattern)}) THEN {value} END"
