"""Pictures of a letter: those of offers, and PNG and JPEG of its own that lie beside its files.

Typst is given texts alone, so a picture reaches it as the list of its bytes, and its name in the source becomes what
reads that list: `image("photo.png")` is drawn as `image(bytes(json("photo.png.json")))`. SVG is text and stays so.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from campaigns.core.errors import FilePosition, Problem
from campaigns.core.pictures import PRINTED, is_cut_off, size_in_pixels
from campaigns.core.regular_files import is_regular
from campaigns.rendering.letters.typst import TypstDocument

MAX_BYTES: Final = 500_000
MAX_PIXELS: Final = 4_000
"""A whole sheet has 2,480 × 3,508 pixels at 300 dpi."""


IMAGES_FOLDER: Final = "images"
_TYPST_FOLDER: Final = "pictures"
_LIGHT_BYTES: Final = 40_000
_PRINTED_PIXELS: Final = 480  # 40 mm at 300 dpi
_SMALLER: Final = """\
#set page(width: {pixels}pt, height: auto, margin: 0pt)
#image(bytes(json("/picture.json")), width: 100%)
"""


@dataclass(frozen=True)
class OfferPictures:
    """Pictures of offers below a folder `images`, each read once."""

    folder: Path
    _contents: dict[str, bytes | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def content(self, name: str) -> bytes | None:
        """Return a picture by its path below the folder; None where there is no such file."""
        if name not in self._contents:
            file = (self.folder / name).resolve()
            is_here = bool(name) and file.is_relative_to(self.folder.resolve()) and is_regular(file)
            self._contents[name] = file.read_bytes() if is_here else None
        return self._contents[name]


def picture_name(address: str) -> str:
    """Return the path of an offer's picture below the folder of pictures."""
    return address.rpartition(f"/{IMAGES_FOLDER}/")[2]


def picture_path(name: str) -> str:
    """Return the path by which Typst reads an offer's picture."""
    return f"{_TYPST_FOLDER}/{name}.json"


def printable_picture(name: str, content: bytes) -> bytes:
    """Return a picture as Typst can be given it, its bytes as a list; a heavy one smaller: each letter holds it anew.

    The entry `/*` lets Typst take the rest for a comment, as in every file that it is given. Raise UserError for a
    picture that Typst cannot read.
    """
    light = content if len(content) <= _LIGHT_BYTES else _smaller(name, content)
    return json.dumps({"/*": None, "bytes": list(light)}, separators=(",", ":")).encode()


def _smaller(name: str, content: bytes) -> bytes:
    source = {
        "main.typ": _SMALLER.format(pixels=_PRINTED_PIXELS).encode(),
        "picture.json": json.dumps(list(content), separators=(",", ":")).encode(),
    }
    return TypstDocument(source, f"{IMAGES_FOLDER}/{name}").render_images(72)[0]


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
