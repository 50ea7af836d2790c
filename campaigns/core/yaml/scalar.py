"""Plain YAML 1.2 scalars: text, number, date, boolean or null; never a binary float."""

import re
from datetime import date
from decimal import Decimal
from typing import Final, Self

YamlScalar = str | int | Decimal | bool | date | None

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Bounded lengths: no number of a hostile file takes long to parse or to calculate with.
_INTEGER = re.compile(r"[-+]?\d{1,30}")
_OTHER_BASE = re.compile(r"0o[0-7]{1,20}|0x[0-9a-fA-F]{1,20}")
_DECIMAL = re.compile(r"[-+]?(?:\.\d{1,30}|\d{1,30}(?:\.\d{0,30})?)(?:[eE][-+]?\d{1,2})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class WrittenInteger(int):
    """Integer whose digits are not those of the number: `00100` is a postal code, `+358…` a telephone number."""

    written: str

    def __new__(cls, text: str) -> Self:
        """Return the number of a text that keeps the text."""
        number = super().__new__(cls, text)
        number.written = text
        return number

    def __str__(self) -> str:
        return self.written


def parse_scalar(text: str) -> YamlScalar:
    """Return the value of an unquoted scalar by the core schema of YAML 1.2, plus dates.

    `NO` and `10:30` stay text, as do impossible dates, infinities and numbers of absurd length.
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        number = int(text)
        return number if str(number) == text else WrittenInteger(text)
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return _date(text) if _DATE.fullmatch(text) else text


def _date(text: str) -> date | str:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text
