"""Glyph coverage of the letter font: a single missing character would make a whole PDF/A file fail."""

import re
import unicodedata
from pathlib import Path
from typing import Final

FONTS_FOLDER: Final = Path(__file__).parent / "fonts"

_COVERED: Final = re.compile(  # Carlito: Latin, Greek, Cyrillic and typographic signs
    "[\n -~\u00a0-\u00ac\u00ae-\u024f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f"
    "\u1e00-\u1e9b\u1ea0-\u1ef9\u2009\u200a\u2012-\u2015\u2018-\u2022\u2026\u202f\u2030\u2039\u203a\u20ac\u2122\u2212]*"
)
_HYPHENS: Final = str.maketrans("\u2010\u2011", "--")


def visible_text(text: str) -> str:
    """Return the text in NFC, without control characters and direction marks, which could reorder a line."""
    if can_draw(text):
        return text
    composed = unicodedata.normalize("NFC", text).translate(_HYPHENS)
    return "".join(
        character for character in composed if character == "\n" or unicodedata.category(character)[0] != "C"
    )


def can_draw(text: str) -> bool:
    """Return whether the font has a glyph for every character of a visible text."""
    return _COVERED.fullmatch(text) is not None
