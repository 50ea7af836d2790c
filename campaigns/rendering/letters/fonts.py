"""What the typeface of letters can draw: one character that it lacks would refuse a whole file of letters (PDF/A)."""

import re
import unicodedata
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent / "fonts"

_DRAWN: Final = re.compile(  # Carlito: Latin, Greek and Cyrillic, and the signs that texts are set with
    "[\n -~\u00a0-\u00ac\u00ae-\u024f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f"
    "\u1e00-\u1e9b\u1ea0-\u1ef9\u2009\u200a\u2012-\u2015\u2018-\u2022\u2026\u202f\u2030\u2039\u203a\u20ac\u2122\u2212]*"
)
_HYPHENS: Final = str.maketrans("\u2010\u2011", "--")


def visible(text: str) -> str:
    """The text composed, without controls and direction marks, which print nothing and may reorder a line."""
    if can_draw(text):
        return text
    composed = unicodedata.normalize("NFC", text).translate(_HYPHENS)
    return "".join(sign for sign in composed if sign == "\n" or unicodedata.category(sign)[0] != "C")


def can_draw(text: str) -> bool:
    """Whether every character of a visible text is in the typeface."""
    return _DRAWN.fullmatch(text) is not None
