"""Picture files by their first bytes: PNG, JPEG or GIF, how many pixels, and whether the end is there."""

import struct
from io import BytesIO
from typing import Final

import imagesize

_PNG: Final = b"\x89PNG\r\n\x1a\n"
PRINTED: Final = (_PNG, b"\xff\xd8\xff")
"""Beginnings of the pictures that letters and mailboxes show: PNG and JPEG."""
SHOWN: Final = (*PRINTED, b"GIF87a", b"GIF89a")
"""Beginnings of the pictures that mailboxes show."""


def size_in_pixels(content: bytes, kinds: tuple[bytes, ...]) -> tuple[int, int]:
    """Return width and height of a picture that begins like one of `kinds`; numbers below 1 for anything else."""
    if not content.startswith(kinds):
        return 0, 0
    try:
        width, height = imagesize.get(BytesIO(content))
    except (ValueError, struct.error):
        return 0, 0
    return int(width), int(height)


def is_cut_off(content: bytes) -> bool:
    """Return whether a PNG lacks its end, as after an upload or a copy that was broken off."""
    return content.startswith(_PNG) and b"IEND" not in content
