"""Pictures of a letter's own: PNG and JPEG that lie beside its files.

Typst is given texts alone, so a picture reaches it as the list of its bytes, and its name in the source becomes what
reads that list: `image("photo.png")` is drawn as `image(bytes(json("photo.png.json")))`. SVG is text and stays so.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from campaigns.core.errors import FilePosition, Problem
from campaigns.core.pictures import PRINTED, is_cut_off, size_in_pixels

MAX_BYTES: Final = 500_000
MAX_PIXELS: Final = 4_000
"""A whole sheet has 2,480 × 3,508 pixels at 300 dpi."""


def picture_uses(file: str) -> re.Pattern[str]:
    """Return the pattern of a picture's path in Typst's code, between quotes; `name` is its last part."""
    name = re.escape(file.rpartition("/")[2])
    return re.compile(rf"""(?P<before>[(,:=]\s*)"(?P<path>(?:[^"\\\n]*/)?(?P<name>{name}))\"""")


def picture_problems(file: str, content: bytes, places: Iterable[FilePosition]) -> Iterator[Problem]:
    """Yield what is wrong with a picture, at each place where the letter uses it."""
    name = file.rpartition("/")[2]
    width, height = size_in_pixels(content, PRINTED)
    if min(width, height) < 1:
        message, code = f"`{name}` is no PNG, JPEG or SVG, which a letter can print", "picture_unreadable"
        hint = "save it anew as one of them"
    elif is_cut_off(content):
        message, code, hint = f"`{name}` is cut off before its end", "picture_unreadable", "copy it here anew"
    elif len(content) > MAX_BYTES or max(width, height) > MAX_PIXELS:
        message, code = f"`{name}` is {len(content) / 1000:.0f} kB and {width} × {height} pixels", "picture_size"
        hint = f"at most {MAX_BYTES // 1000} kB and {MAX_PIXELS} pixels; a whole sheet has 2480 × 3508"
    else:
        return
    for place in places:
        yield Problem(place, message, code, hint)


def typst_sources(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return the files as Typst can be given them: the texts, and each picture that one of them uses as a list."""
    texts = {name: content for name, content in files.items() if is_text(content)}
    sources = {name: content.decode() for name, content in texts.items() if name.endswith(".typ")}
    lists = {}
    for picture in files.keys() - texts.keys():
        uses = picture_uses(picture)
        if any(uses.search(texts[name].decode()) for name in sources):
            lists[f"{picture}.json"] = json.dumps(list(files[picture]), separators=(",", ":")).encode()
            drawn = r'\g<before>bytes(json("\g<path>.json"))'
            sources = {name: uses.sub(drawn, source) for name, source in sources.items()}
    return {**texts, **{name: source.encode() for name, source in sources.items()}, **lists}


def is_text(content: bytes) -> bool:
    """Return whether Typst can be given the file as it is."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
