"""Checks of pictures in `images/`: they exist, can be read, and are no larger than readers wait for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from campaigns.core.errors import FilePosition, Problem, Severity, closest_match
from campaigns.core.pictures import SHOWN, is_cut_off, size_in_pixels
from campaigns.core.regular_files import is_regular

HUGE_BYTES, LARGE_BYTES = 1_000_000, 200_000
HUGE_PIXELS, LARGE_PIXELS = 4_000, 1_600
"""An e-mail is 600 pixels wide; twice that serves sharp screens."""
_SERVED: Final = "/images/"
_EXCERPT: Final = 120


def picture_of_address(address: str, public_url: str) -> str | None:
    """Return the path below `images/` that an address of our own site serves; None for other addresses."""
    prefix = public_url.rstrip("/") + _SERVED
    return unquote(urlsplit(address).path.partition(_SERVED)[2]) if address.startswith(prefix) else None


def picture_file(images: Path, name: str) -> Path | None:
    """Return the file of a picture by its path below `images`; None for anything that is no file in that folder."""
    try:
        file = (images / name).resolve()
    except (OSError, ValueError):  # a name that no file can have
        return None
    return file if file.is_relative_to(images.resolve()) and is_regular(file) else None


def picture_problems(images: Path, name: str, place: FilePosition) -> Iterator[Problem]:
    """Yield what is wrong with a picture that stands at `place`, by its path below `images`."""
    path = picture_file(images, name)
    if path is None:
        names = (file.relative_to(images).as_posix() for file in images.rglob("*") if file.is_file())
        hint = closest_match(name, names) or "put it there, or name another"
        message = f"there is no picture `images/{name[:_EXCERPT]}`"
        yield Problem(place, message, "picture_missing", hint)
        return
    with path.open("rb") as file:
        head = file.read(HUGE_BYTES)
    size, octets = size_in_pixels(head, SHOWN), path.stat().st_size
    if min(size) < 1:
        message = f"`images/{name}` is no PNG, JPEG or GIF, which all mailboxes show"
        yield Problem(place, message, "picture_unreadable", "save it anew as PNG or JPEG")
    elif octets > LARGE_BYTES or max(size) > LARGE_PIXELS:
        is_huge = octets > HUGE_BYTES or max(size) > HUGE_PIXELS
        pixels = f"{size[0]} × {size[1]} pixels"
        message = f"`images/{name}` is {octets / 1000:.0f} kB and {pixels}: readers wait for it"
        hint = f"at most {LARGE_BYTES // 1000} kB and 1200 pixels wide"
        yield Problem(place, message, "picture_size", hint, Severity.ERROR if is_huge else Severity.WARNING)
    elif octets <= HUGE_BYTES and is_cut_off(head):
        yield Problem(place, f"`images/{name}` is cut off before its end", "picture_unreadable", "copy it here anew")
