"""QR codes of members' own links and coupons, as drawings that Typst prints without loss."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import segno

from campaigns.rendering.symbols.drawing import square_svg

_MASK: Final = 2  # trying all eight takes five times as long, and readers do not mind


def qr_drawing(url: str) -> str:
    """Return the code of an address as SVG, without the white border that the layout leaves round it.

    Up to 15 percent of it may be spoiled by folds and stains (level M). Of many links that differ in what stands
    behind their last `/`, as those of one run do, the first few hundred take longer (decision 65).
    """
    if not url.isascii():
        return square_svg(qr_modules(url))
    stem, slash, ending = url.rpartition("/")
    return square_svg(qr_family(stem + slash, len(ending)).modules(ending))


@dataclass
class QrFamily:
    """QR codes of texts of ASCII that begin with `stem` and go on for `length` characters.

    Version and mask are equal, too, and then each bit of a text turns the same modules round in every code, whatever
    the others are: error correction and mask are sums modulo 2. So a text that is the sum of an odd number of earlier
    ones has the sum of their codes; any other is made by itself and kept, by its highest bit that is not a sum.
    """

    stem: str
    length: int
    _made: dict[int, tuple[int, int]] = field(default_factory=dict, repr=False)
    _size: int = 0

    def modules(self, ending: str) -> bytes:
        """Return the modules of the code whose text ends with these characters, row by row."""
        if len(ending) != self.length:
            raise ValueError(f"a text of this family ends with {self.length} characters")
        rest, code = int.from_bytes(b"\x01" + ending.encode("ascii")), 0  # the first bit counts the summands
        while rest and (known := self._made.get(rest.bit_length())):
            rest, code = rest ^ known[0], code ^ known[1]
        if not rest:
            return code.to_bytes(self._size)
        modules = qr_modules(self.stem + ending)
        self._size = len(modules)
        self._made[rest.bit_length()] = (rest, code ^ int.from_bytes(modules))
        return modules


qr_family: Final = lru_cache(maxsize=16)(QrFamily)


def qr_modules(text: str) -> bytes:
    """Return the modules of a text's code row by row: a byte each, 1 for dark."""
    code = segno.make(text, error="m", mode="byte", mask=_MASK, boost_error=False, micro=False)
    return b"".join(map(bytes, code.matrix))
