"""Postal codes that a spreadsheet took for numbers: `100` was `00100`."""

import re
from typing import Final

from audiences.imports.cell_types import CellType
from campaigns.core.model.postal_code_forms import digit_count, shortened_form

PADDED: Final = "a postal code that a spreadsheet took for a number: its zeros were put back"


def has_lost_zeros(code: str, country: str) -> bool:
    """Return whether a code lacks the zeros with which codes of the country may begin."""
    form = shortened_form(country)
    return form is not None and re.fullmatch(form, code) is not None


def with_zeros(code: str, country: str) -> str:
    """Return the code with all its digits."""
    return code.zfill(digit_count(country))


def postal_code_type(column: str, country: str) -> CellType:
    """Return the type of a code whose zeros are put back, where codes of the country may begin with some."""
    whole = f"lpad({column}, {digit_count(country)}, '0')"
    padded = f"CASE WHEN {lost_zeros_sql(column, country)} THEN {whole} ELSE {column} END"
    return CellType(column, padded, "a text")


def lost_zeros_sql(column: str, country: str) -> str:
    """Return SQL: whether the column's text has lost zeros."""
    form = shortened_form(country)
    return "false" if form is None else f"coalesce(regexp_full_match({column}, '{form}'), false)"
