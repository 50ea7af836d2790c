"""Cell types: SQL that turns the text of a cell into a typed value, and the description of valid texts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from audiences.warehouse.sql_quoting import quote_identifier, quote_literal
from campaigns.core.model.catalogue import CatalogueColumn
from campaigns.core.model.enums import ColumnType

_DAY: Final = r"\d{4}-\d\d-\d\d"
_TIME: Final = r"\d\d:\d\d(:\d\d(\.\d+)?)?"
_DATE: Final = rf"{_DAY}([ T]00:00(:00(\.0+)?)?)?"
_TIMESTAMP: Final = rf"{_DAY}([ T]{_TIME} ?(Z|[+-]\d\d(:?\d\d)?)?)?"
_NUMBER: Final = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?"
_MAX_EXAMPLES: Final = 24
_INTEGER: Final = r"[+-]?\d+(\.0+)?"


@dataclass(frozen=True, slots=True)
class CellType:
    """Type of a column: `value` is SQL over the staged text, NULL where the text is not as `expected`."""

    column: str
    value: str
    expected: str

    @property
    def fails(self) -> str:
        """Return SQL: there is a text, and it is not a value of the type."""
        return f"({quote_identifier(self.column)} IS NOT NULL AND ({self.value}) IS NULL)"


def date_type(column: str) -> CellType:
    """Return the type of a calendar day."""
    return CellType(
        column,
        _if_matches(column, _DATE, f"TRY_CAST({quote_identifier(column)}[:10] AS DATE)"),
        "a date like 2017-12-31",
    )


def timestamp_type(column: str) -> CellType:
    """Return the type of an instant, as UTC without a zone.

    A text without a zone is in the staging connection's `TimeZone`.
    """
    value = f"timezone('UTC', TRY_CAST({quote_identifier(column)} AS TIMESTAMPTZ))"
    return CellType(column, _if_matches(column, _TIMESTAMP, value), "a time like 2017-12-31 16:05")


def decimal_type(column: str, type_: str = "DECIMAL(18,4)") -> CellType:
    """Return the type of a number with a decimal point."""
    return CellType(
        column, _if_matches(column, _NUMBER, f"TRY_CAST({quote_identifier(column)} AS {type_})"), "a number like 12.50"
    )


def integer_type(column: str) -> CellType:
    """Return the type of a whole number; `3.0`, as spreadsheets write it, is valid."""
    value = f"TRY_CAST(split_part({quote_identifier(column)}, '.', 1) AS BIGINT)"
    return CellType(column, _if_matches(column, _INTEGER, value), "a whole number")


def boolean_type(column: str) -> CellType:
    """Return the type of true or false."""
    value = f"CASE lower({quote_identifier(column)}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    return CellType(column, value, "`true` or `false`")


def one_of_type(column: str, values: tuple[str, ...]) -> CellType:
    """Return the type of a text from a closed list."""
    literals = ", ".join(map(quote_literal, values))
    examples = ", ".join(f"`{value}`" for value in values[:_MAX_EXAMPLES]) + (
        ", ..." if len(values) > _MAX_EXAMPLES else ""
    )
    return CellType(
        column,
        f"CASE WHEN {quote_identifier(column)} IN ({literals}) THEN {quote_identifier(column)} END",
        f"one of {examples}",
    )


def text_type(column: str) -> CellType:
    """Return the type of any text."""
    return CellType(column, quote_identifier(column), "a text")


def declared_type(column: str, declaration: CatalogueColumn) -> CellType:
    """Return the type that the catalogue declares for the column."""
    if declaration.values:
        return one_of_type(column, declaration.values)
    return _BY_COLUMN_TYPE[declaration.type](column)


_BY_COLUMN_TYPE: Final[Mapping[ColumnType, Callable[[str], CellType]]] = {
    ColumnType.TEXT: text_type,
    ColumnType.INTEGER: integer_type,
    ColumnType.DECIMAL: decimal_type,
    ColumnType.DATE: date_type,
    ColumnType.TIMESTAMP: timestamp_type,
    ColumnType.BOOLEAN: boolean_type,
}


def _if_matches(column: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({quote_identifier(column)}, {quote_literal(pattern)}) THEN {value} END"
