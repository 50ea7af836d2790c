"""Cells of CSV files that no spreadsheet takes for a formula."""

from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "|", "%", "\t", "\r")


def inert_cell(text: str) -> str:
    """Return a text that no spreadsheet evaluates: one that begins like a formula gets a leading apostrophe."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text
