"""GSM-7 alphabet: normalisation, characters outside it, and segments of a text (TW-01, TW-02)."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = frozenset("^{}\\[~]|€\f")  # each is sent as an escape and a letter
_ALPHABET: Final = _BASIC | _EXTENSION

_SPACES: Final = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_DOUBLE_QUOTES: Final = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02"
_SINGLE_QUOTES: Final = "\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`\uff07"
_INVISIBLE: Final = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_DOUBLE_QUOTES, '"'),
        **dict.fromkeys(_SINGLE_QUOTES, "'"),
        **dict.fromkeys(_INVISIBLE, ""),
        **dict.fromkeys("\u0085\u2028\u2029", "\n"),
        "\u2026": "...",
    }
)


class SmsEncoding(StrEnum):
    """Encoding of a text message; one character outside GSM-7 makes the whole text UCS-2."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class _Capacity:
    """Units that a single message holds, and each part of a longer one."""

    single: int
    part: int


_CAPACITY: Final = {SmsEncoding.GSM7: _Capacity(160, 153), SmsEncoding.UCS2: _Capacity(70, 67)}


@dataclass(frozen=True, slots=True)
class SmsSize:
    """Size of a text: its encoding, its units (septets or UTF-16 units) and the segments to pay for."""

    encoding: SmsEncoding
    units: int
    segments: int


def normalise(text: str) -> str:
    """Return the text with plain signs for typographic ones, so that one quotation mark does not triple its cost.

    Letters are composed but never replaced: names keep their spelling.
    """
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    return lines.translate(_PLAIN)


def characters_outside_gsm7(text: str) -> str:
    """Return the characters that force UCS-2, each once, in the order of the text; empty for a GSM-7 text."""
    return "".join(dict.fromkeys(character for character in text if character not in _ALPHABET))


def sms_size(text: str) -> SmsSize:
    """Return encoding, units and segments of a text without changing it; an empty text has no segment."""
    encoding = SmsEncoding.GSM7 if _ALPHABET.issuperset(text) else SmsEncoding.UCS2
    widths = _septets(text) if encoding is SmsEncoding.GSM7 else _utf16_units(text)
    units = sum(widths)
    capacity = _CAPACITY[encoding]
    is_single = units <= capacity.single
    return SmsSize(encoding, units, min(units, 1) if is_single else _count_parts(widths, capacity.part))


def _septets(text: str) -> list[int]:
    return [2 if character in _EXTENSION else 1 for character in text]


def _utf16_units(text: str) -> list[int]:
    return [2 if character > "\uffff" else 1 for character in text]


def _count_parts(widths: list[int], capacity: int) -> int:
    """Return the number of parts of a long text; no surrogate pair and no escape is split (TW-01)."""
    parts, free = 1, capacity
    for width in widths:
        if width > free:
            parts, free = parts + 1, capacity
        free -= width
    return parts
