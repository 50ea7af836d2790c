"""Postal codes of countries: how many digits they have, and the form in which they are stored and printed."""

import re
from collections.abc import Mapping
from typing import Final

PRINTED_FORM: Final = r"(?:[0-9]{4,5}|LV-[0-9]{4}|LT-[0-9]{5})"
"""Form of a stored code, whatever the country."""

_USUAL_DIGITS: Final = 5
_DIGITS: Final[Mapping[str, int]] = {"NO": 4, "DK": 4, "LV": 4}
_PREFIXES: Final[Mapping[str, str]] = {"LV": "LV-", "LT": "LT-"}  # part of the code, as letters print it
_BEGINNING_WITH_ZEROS: Final[Mapping[str, int]] = {"FI": 2, "NO": 1}  # zeros that a spreadsheet may have dropped
_SPLIT_IN_SWEDEN: Final = re.compile(r"([0-9]{3}) ([0-9]{2})")


def normalise_postal_code(text: str, country: str) -> str | None:
    """Return a code as it is stored and printed, or None when it is none of the country (PR-01)."""
    digits = text.removeprefix(_PREFIXES.get(country, ""))
    if country == "SE" and (parts := _SPLIT_IN_SWEDEN.fullmatch(digits)):
        digits = parts[1] + parts[2]
    if not re.fullmatch(rf"[0-9]{{{digit_count(country)}}}", digits):
        return None
    return _PREFIXES.get(country, "") + digits


def digit_count(country: str) -> int:
    """Return how many digits a code of the country has."""
    return _DIGITS.get(country, _USUAL_DIGITS)


def postal_code_rule(country: str) -> str:
    """Return what a code of the country is, in words."""
    return f"{'four' if digit_count(country) == 4 else 'five'} digits"


def postal_code_example(country: str) -> str:
    """Return a code of the country's form."""
    return _PREFIXES.get(country, "") + "00100"[: digit_count(country)]


def shortened_form(country: str) -> str | None:
    """Return the pattern of a code whose zeros a spreadsheet dropped; None where codes have none in front."""
    zeros = _BEGINNING_WITH_ZEROS.get(country)
    if zeros is None:
        return None
    return f"[1-9][0-9]{{{digit_count(country) - zeros - 1},{digit_count(country) - 2}}}"
