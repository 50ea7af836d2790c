"""Drawings of symbols: SVG without a border for print, PNG with its own white border for mail programs in the dark."""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import methodcaller
from typing import Final

_DARK: Final = re.compile(b"\x01+")
_SPAN: Final = methodcaller("span")
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SQUARE_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{path}" stroke="#000"/></svg>'
)
_BARS_SVG: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"><path d="{path}"/></svg>'
_BIT_DEPTH, _GREYSCALE = 1, 0


@dataclass(frozen=True, slots=True)
class Border:
    """White border that readers need round a symbol, in modules."""

    left: int
    right: int
    above: int
    below: int


def square_svg(modules: bytes) -> str:
    """Return a square of modules, a byte each and 1 for dark, as SVG without its border."""
    side = int(len(modules) ** 0.5)
    moves, strokes = _path_pieces(side)
    path = "".join(
        [
            moves[begin] + strokes[end - begin]
            for row in range(0, len(modules), side)
            for begin, end in map(_SPAN, _DARK.finditer(modules, row, row + side))
        ]
    )
    return _SQUARE_SVG.format(side=side, path=path)


def bars_svg(modules: bytes, height: int) -> str:
    """Return bars of modules, a byte each and 1 for dark, as SVG of a height in modules, without its border."""
    bars = (match.span() for match in _DARK.finditer(modules))
    path = "".join(f"M{begin} 0h{end - begin}v{height}h-{end - begin}z" for begin, end in bars)
    return _BARS_SVG.format(width=len(modules), height=height, path=path)


def png(rows: Sequence[bytes], border: Border, scale: int, row_height: int = 1) -> bytes:
    """Return rows of modules, a byte each and 1 for dark, as PNG in black and white with `scale` pixels a module.

    Rows are `row_height` modules high. The same modules give the same bytes.
    """
    width = (border.left + len(rows[0]) + border.right) * scale
    height = (border.above + len(rows) * row_height + border.below) * scale
    header = struct.pack(">IIBBBBB", width, height, _BIT_DEPTH, _GREYSCALE, 0, 0, 0)
    pixels = zlib.compress(b"".join(_scan_lines(rows, border, scale, row_height)))
    return _SIGNATURE + b"".join(
        _chunk(name, data) for name, data in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )


def _scan_lines(rows: Sequence[bytes], border: Border, scale: int, row_height: int) -> Iterator[bytes]:
    """Yield the lines of a picture: each begins with the number of its filter, and 1 is white."""
    pixels = bytes.maketrans(b"\x00\x01", b"10")
    white = bytes(len(rows[0]))
    for row, height in ((white, border.above), *((row, row_height) for row in rows), (white, border.below)):
        modules = (bytes(border.left) + row + bytes(border.right)).translate(pixels).decode("ascii")
        bits = "".join([module * scale for module in modules]) + "1" * (-len(modules) * scale % 8)
        yield (b"\0" + int(bits, 2).to_bytes(len(bits) // 8)) * (height * scale)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@lru_cache(maxsize=8)
def _path_pieces(side: int) -> tuple[list[str], list[str]]:
    """Return the parts of a path that go to each module, and that stroke each number of modules."""
    moves = [f"M{column} {row}.5" for row in range(side) for column in range(side)]
    return moves, [f"h{length}" for length in range(side + 1)]
