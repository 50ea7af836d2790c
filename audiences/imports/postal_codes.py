"""Finnish postal codes that a spreadsheet took for numbers: `100` was `00100`."""

import re
from typing import Final

from audiences.imports.cell_types import CellType

PADDED: Final = "a postal code that a spreadsheet took for a number: its zeros were put back"
_COUNTRY: Final = "FI"
_WITHOUT_ZEROS: Final = "[1-9][0-9]{2,3}"


def has_lost_zeros(code: str, country: str) -> bool:
    """Return whether a code has three or four of five digits, in a workspace of Finland."""
    return country == _COUNTRY and re.fullmatch(_WITHOUT_ZEROS, code) is not None


def with_zeros(code: str) -> str:
    """Return the code with five digits."""
    return code.zfill(5)


def postal_code_type(column: str, country: str) -> CellType:
    """Return the type of a code whose zeros are put back, in a workspace of Finland."""
    padded = f"CASE WHEN {lost_zeros_sql(column, country)} THEN lpad({column}, 5, '0') ELSE {column} END"
    return CellType(column, padded, "a text")


def lost_zeros_sql(column: str, country: str) -> str:
    """Return SQL: whether the column's text has lost zeros."""
    return f"coalesce(regexp_full_match({column}, '{_WITHOUT_ZEROS}'), false)" if country == _COUNTRY else "false"
