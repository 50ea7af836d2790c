"""Parser of single values: text, numbers, dates, spans of days. Wrong values become problems."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from campaigns.core.corrections import correct_date, correct_duration, correct_number, correct_percentage
from campaigns.core.errors import closest_match
from campaigns.core.model.condition import Scalar
from campaigns.core.model.duration import parse_duration
from campaigns.core.model.enums import ColumnType
from campaigns.core.model.percentage import parse_percentage
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.scalar import WrittenInteger
from campaigns.rules.parsing.rule_reader import RuleReader, display_value, list_names, printable
from campaigns.rules.vocabulary import RuleField

FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2999
MAX_NUMBER: Final = 10**12
_SMALLEST_STEP: Final = Decimal("0.000001")
_RANGE: Final = re.compile(r"(\d{1,6})\s*(?:-|–|\.\.)\s*(\d{1,6})")
_COMPARED: Final = re.compile(r"(>=|<=|>|<)\s*(\d{1,6})")
_COMPARISONS: Final = {">=": "at_least", "<=": "at_most", ">": "more_than", "<": "less_than"}
_AGO: Final = re.compile(r"(.*\S) +ago")


def read_value(reader: RuleReader, node: Located, field: RuleField) -> Scalar | None:
    """Return a value of the field's type; where the field lists its values, only one of these."""
    if field.is_share:
        return read_share(reader, node, field.name)
    value = _READERS[field.type](node.value)
    if value is None:
        hint = _hint(field, node.value)
        message = f"`{field.name}` is {_TYPE_NAMES[field.type]}, and this is {display_value(node.value)}"
        reader.add_problem(node, message, "wrong_type", hint)
        return None
    if isinstance(value, str) and not _is_known(reader, node, field, value):
        return None
    return value


def _hint(field: RuleField, value: object) -> str:
    if field.type is ColumnType.TEXT and isinstance(value, WrittenInteger):
        return f'`"{value}"`: without quotes it is the number {int(value)}'
    if field.type is ColumnType.TEXT and isinstance(value, int | Decimal | date):
        return "put quotes round it"
    if field.type in (ColumnType.INTEGER, ColumnType.DECIMAL) and isinstance(value, str):
        return _number_hint(field.name, value)
    if field.type in (ColumnType.DATE, ColumnType.TIMESTAMP) and correct_date(value):
        return f"`{correct_date(value)}`"
    return ""


def _number_hint(name: str, text: str) -> str:
    number = correct_number(text)
    if number:
        return f"`{number}`, with a point and without a unit"
    span = _RANGE.fullmatch(text)
    if span is not None:
        return f"`{name}: {{from: {span[1]}, to: {span[2]}}}`"
    compared = _COMPARED.fullmatch(text)
    if compared is not None:
        return f"`{name}: {{{_COMPARISONS[compared[1]]}: {compared[2]}}}`"
    return f"`{name}: {{at_least: 3}}`, or `{{from: 3, to: 5}}`"


def _is_known(reader: RuleReader, node: Located, field: RuleField, value: str) -> bool:
    if reader.vocabulary.is_special(field.name, value):
        message = f"`{printable(value)}` reveals data of a special category: its lines are never read"
        reader.add_problem(node, message, "special_field", "leave it out")
        return False
    if field.values is None or value in field.values:
        return True
    named = [each for each in re.split(r"\W+", value) if each in field.values]
    several = f"`[{', '.join(named)}]`" if len(named) > 1 else ""
    hint = several or closest_match(value, field.values) or list_names(field.values)
    reader.add_problem(node, f"`{field.name}` has no value `{printable(value)}`", "unknown_value", hint)
    return False


def read_date(reader: RuleReader, node: Located, key: str) -> date | None:
    """Return a calendar day."""
    day = _date(node.value)
    if day is None:
        message = f"`{key}` is {_A_DATE}, and this is {display_value(node.value)}"
        reader.add_problem(node, message, "wrong_type", f"`{key}: {correct_date(node.value) or '2017-12-31'}`")
    return day


def read_days(reader: RuleReader, node: Located, key: str) -> timedelta | None:
    """Return a span of whole days."""
    try:
        days = parse_duration(node.value) if isinstance(node.value, str) else None
    except ValueError:
        days = None
    if days is None or days % timedelta(days=1):
        message = f"`{key}` is a number of whole days, and this is {display_value(node.value)}"
        corrected = correct_duration(node.value)
        example = corrected if corrected.endswith(("day", "days", "week", "weeks")) else "28 days"
        reader.add_problem(node, message, "wrong_type", f"`{key}: {example}`")
        return None
    return days


def read_date_or_days_ago(reader: RuleReader, node: Located, key: str) -> date | timedelta | None:
    """Return a calendar day, or the span of `60 days ago`."""
    day = _date(node.value)
    if day is not None:
        return day
    match = _AGO.fullmatch(node.value) if isinstance(node.value, str) else None
    if match is not None:
        try:
            days = parse_duration(match[1])
        except ValueError:
            days = timedelta(microseconds=1)
        if not days % timedelta(days=1):
            return days
    message = f"`{key}` is a date or a number of days ago, and this is {display_value(node.value)}"
    reader.add_problem(node, message, "wrong_type", f"`{key}: 60 days ago`")
    return None


def read_flag(reader: RuleReader, node: Located, key: str) -> bool | None:
    """Return true or false."""
    if isinstance(node.value, bool):
        return node.value
    reader.add_problem(
        node, f"`{key}` is true or false, and this is {display_value(node.value)}", "wrong_type", f"`{key}: true`"
    )
    return None


def read_share(reader: RuleReader, node: Located, key: str) -> Decimal | None:
    """Return a share from 0 to 1, written like `0.95` or `95 percent`."""
    value = _share(node.value)
    if value is None:
        message = f"`{key}` is a share from 0 to 1, and this is {display_value(node.value)}"
        corrected = correct_percentage(node.value) if isinstance(node.value, str) else ""
        reader.add_problem(node, message, "wrong_type", f"`{corrected}`" if corrected else "`0.25` or `25 percent`")
    return value


def _share(value: object) -> Decimal | None:
    if isinstance(value, str):
        try:
            return parse_percentage(value)
        except ValueError:
            return None
    number = _decimal(value)
    return number if number is not None and 0 <= number <= 1 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: object) -> int | None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return value if is_integer and isinstance(value, int) and abs(value) < MAX_NUMBER else None


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(str(value))
    if not number.is_finite() or abs(number) >= MAX_NUMBER or number != number.quantize(_SMALLEST_STEP):
        return None
    return Decimal(f"{number:f}")  # without an exponent, which some drivers cannot read


def _date(value: object) -> date | None:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            return None
    is_date = isinstance(value, date) and not isinstance(value, datetime)
    return value if is_date and isinstance(value, date) and FIRST_YEAR <= value.year <= LAST_YEAR else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_A_DATE: Final = f"a date like 2017-12-31, from {FIRST_YEAR} to {LAST_YEAR}"
_READERS: Final[dict[ColumnType, Callable[[object], Scalar | None]]] = {
    ColumnType.TEXT: _text,
    ColumnType.INTEGER: _integer,
    ColumnType.DECIMAL: _decimal,
    ColumnType.DATE: _date,
    ColumnType.TIMESTAMP: _date,
    ColumnType.BOOLEAN: _boolean,
}
_TYPE_NAMES: Final[dict[ColumnType, str]] = {
    ColumnType.TEXT: "a text",
    ColumnType.INTEGER: "a whole number of at most 12 digits",
    ColumnType.DECIMAL: "a number of at most 12 digits and 6 decimals",
    ColumnType.DATE: _A_DATE,
    ColumnType.TIMESTAMP: _A_DATE,
    ColumnType.BOOLEAN: "true or false",
}
