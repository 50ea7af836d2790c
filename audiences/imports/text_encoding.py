"""Text encoding of a file: the byte order mark first, then UTF-8, then Windows-1252; what fits none is refused."""

import codecs
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.regular_files import open_regular

_BLOCK: Final = 1 << 20
_MAX_LINE: Final = 1 << 20
_HEAD: Final = 4096
_UNDEFINED: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # no characters of Windows-1252
_LETTERS: Final = re.compile(rb"[\xc0-\xff]")
_BROKEN_UTF8: Final = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x80-\xbf]")
_OTHER_LETTERS: Final = re.compile(rb"[A-Za-z][\x84\x86\x94][a-z]|[A-Za-z]\x8a[a-z]")  # ä, å, ö of DOS; ä of old Macs


class Encoding(StrEnum):
    """Encoding of a text file, as mapping files name it."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    CP1252 = "cp1252"
    LATIN1 = "latin-1"


_NAMES: Final = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


def encoding_name(codec: str) -> str:
    """Return the name of a codec for people."""
    return _NAMES.get(codec, "UTF-16")


def text_codec(path: Path, encoding: Encoding | None) -> str:
    """Return Python's codec of the text in a file, recognised unless the encoding is given; all of it was decoded.

    Raise UserError with the place of the first byte that does not fit.
    """
    with open_regular(path) as file:
        utf16 = _utf16_codec(file.read(_HEAD))
    if encoding is Encoding.UTF16 or (encoding is None and utf16 is not None):
        return _checked(path, utf16 or "utf-16-le")
    if encoding in {Encoding.CP1252, Encoding.LATIN1}:
        return _checked(path, str(encoding))
    position = _first_position_not_utf8(path)
    if position is None:
        return "utf-8-sig"
    if encoding is None and _is_windows_text(path):
        return _checked(path, "cp1252")
    message = f"byte {position.column} of line {position.line} is not UTF-8"
    raise UserError([Problem(position, message, "encoding", "save the file as `CSV UTF-8`")])


def _utf16_codec(head: bytes) -> str | None:
    """Return the codec of UTF-16 by its mark, or by every second byte being zero; None for other text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = (head[::2].count(0), head[1::2].count(0))
    most = 0.8 * (len(head) // 2)
    if len(head) < 4 or max(zeros) < most or min(zeros) > 0.2 * most:
        return None
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _is_windows_text(path: Path) -> bool:
    """Return whether text that is not UTF-8 is Windows-1252, as the letters of European languages make likely.

    UTF-8 with a few damaged bytes is not, nor is text of DOS or of old Macs, whose letters would become wrong ones.
    """
    with open_regular(path) as file:
        blocks = [bool(pattern.search(block)) for block in _blocks(file) for pattern in _SIGNS]
    undefined, broken, letters, others = (any(blocks[place :: len(_SIGNS)]) for place in range(len(_SIGNS)))
    return not (undefined or broken or (others and not letters))


_SIGNS: Final = (_UNDEFINED, _BROKEN_UTF8, _LETTERS, _OTHER_LETTERS)


def _blocks(file: object) -> Iterator[bytes]:
    while block := file.read(_BLOCK):  # type: ignore[attr-defined]
        yield block


def _checked(path: Path, codec: str) -> str:
    """Return the codec after decoding the whole file; raise UserError with the line that does not fit."""
    decode = codecs.getincrementaldecoder(codec)().decode
    line, length = 1, 0
    with open_regular(path) as file:
        for block in chain(_blocks(file), (b"",)):
            try:
                text = decode(block, final=not block)
            except UnicodeDecodeError as error:
                line += block.count(b"\n", 0, error.start)
                message = f"a byte after line {line} is not {encoding_name(codec)}"
                hint = "save the file as `CSV UTF-8`"
                raise UserError([Problem(FilePosition(str(path), line, 1), message, "encoding", hint)]) from error
            line += text.count("\n")
            length = len(text) - text.rfind("\n") - 1 if "\n" in text else length + len(text)
            _check_line(path, line, length)
    return codec


def _first_position_not_utf8(path: Path) -> FilePosition | None:
    """Return the position of the first byte that is not UTF-8."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    line, before = 1, b""  # `before`: part of the present line in earlier blocks
    with open_regular(path) as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decode(block, final=not block)
            except UnicodeDecodeError as error:
                text_before = before + block[: len(block) - len(error.object) + error.start]
                column = len(text_before) - text_before.rfind(b"\n")
                return FilePosition(str(path), line + text_before.count(b"\n"), column)
            if not block:
                return None
            line += block.count(b"\n")
            before = block.rpartition(b"\n")[2] if b"\n" in block else before + block
            _check_line(path, line, len(before))


def _check_line(path: Path, line: int, length: int) -> None:
    if length > _MAX_LINE:
        message = f"line {line} is longer than 1 MB"
        raise UserError([Problem(FilePosition(str(path), line, 1), message, "line_too_long", "is this a CSV file?")])
