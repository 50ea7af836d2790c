"""QR codes of members' own links, as drawings that Typst prints without loss."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import segno

_DARK: Final = re.compile(b"\x01+")
_MASK: Final = 2  # trying all eight takes five times as long, and readers do not mind
_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{path}" stroke="#000"/></svg>'
)
_BASE: Final = "A"
_BITS: Final = 7  # of a character of ASCII
SERIES_FROM: Final = 300
"""Codes of one form that are made one by one; a series costs as much as these."""


@dataclass
class QrCodes:
    """QR codes of many links that differ in what stands behind their last `/`, as the links of one run do.

    From the 300th of them on they come from a series, which is ten times as fast (decision 58).
    """

    _counts: dict[tuple[str, int], int] = field(default_factory=dict)
    _series: dict[tuple[str, int], "QrSeries"] = field(default_factory=dict)

    def drawing(self, url: str) -> str:
        """Return the code of an address as SVG, without the white border that the layout leaves round it.

        Up to 15 percent of it may be spoiled by folds and stains (level M).
        """
        stem, slash, ending = url.rpartition("/")
        form = (stem + slash, len(ending))
        if not url.isascii() or self._count(form) < SERIES_FROM:
            return _svg(qr_modules(url))
        if form not in self._series:
            self._series[form] = QrSeries(*form)
        return _svg(self._series[form].modules(ending))

    def _count(self, form: tuple[str, int]) -> int:
        self._counts[form] = self._counts.get(form, 0) + 1
        return self._counts[form]


class QrSeries:
    """QR codes of texts that begin with `stem` and end with `length` characters of ASCII.

    With equal length, version and mask, each bit of the text turns the same modules round in every code, whatever the
    others are: error correction and mask are sums modulo 2. So the modules of each bit are found once and then added.
    """

    def __init__(self, stem: str, length: int) -> None:
        self._size = len(qr_modules(stem + _BASE * length))
        self._base = self._number(stem + _BASE * length)
        self._turned = [[self._number(text) ^ self._base for text in texts] for texts in _single_changes(stem, length)]

    def modules(self, ending: str) -> bytes:
        """Return the modules of the code whose text ends with these characters, row by row."""
        code = self._base
        for turned, character in zip(self._turned, ending.encode("ascii"), strict=True):
            changed = character ^ ord(_BASE)
            for bit in range(_BITS):
                if changed >> bit & 1:
                    code ^= turned[bit]
        return code.to_bytes(self._size)

    def _number(self, text: str) -> int:
        return int.from_bytes(qr_modules(text))


def qr_modules(text: str) -> bytes:
    """Return the modules of a text's code row by row: a byte each, 1 for dark."""
    code = segno.make(text, error="m", mode="byte", mask=_MASK, boost_error=False, micro=False)
    return b"".join(map(bytes, code.matrix))


def _single_changes(stem: str, length: int) -> Iterator[list[str]]:
    """Yield, for each character of the ending, the texts in which one of its bits differs from the base."""
    for place in range(length):
        before, after = stem + _BASE * place, _BASE * (length - place - 1)
        yield [before + chr(ord(_BASE) ^ 1 << bit) + after for bit in range(_BITS)]


def _svg(modules: bytes) -> str:
    side = int(len(modules) ** 0.5)
    path = "".join(
        f"M{dark.start()} {row}.5h{dark.end() - dark.start()}"
        for row in range(side)
        for dark in _DARK.finditer(modules[row * side : (row + 1) * side])
    )
    return _SVG.format(side=side, path=path)
