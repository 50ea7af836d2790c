"""Size of a PNG, JPEG or GIF picture, read from its first bytes."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xDA)})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class PictureSize(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def picture_size(content: bytes) -> PictureSize | None:
    """Return the size of a PNG or JPEG; None for anything else."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        return _positive(*struct.unpack(">II", content[16:24]))
    if content.startswith(_JPEG):
        for marker, start in _segments(content):
            if marker in _FRAMES and len(content) >= start + 7:
                height, width = struct.unpack(">HH", content[start + 3 : start + 7])
                return _positive(width, height)
    return None


def gif_size(content: bytes) -> PictureSize | None:
    """Return the size of a GIF, which mailboxes show, but letters do not print; None for anything else."""
    is_gif = content.startswith((b"GIF87a", b"GIF89a")) and len(content) >= 10
    return _positive(*struct.unpack("<HH", content[6:10])) if is_gif else None


def _positive(width: int, height: int) -> PictureSize | None:
    return PictureSize(width, height) if width and height else None


def _segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker of a JPEG with the position of its length."""
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF:
        marker = content[position + 1]
        if marker == 0xFF:  # fill bytes
            position += 1
            continue
        if marker in _WITHOUT_LENGTH:
            position += 2
            continue
        yield marker, position + 2
        position += 2 + int.from_bytes(content[position + 2 : position + 4])
