"""Content of an import file by its first bytes: what is neither a table nor text is refused by its name."""

import re
from enum import Enum, auto
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from campaigns.core.errors import UserError
from campaigns.core.regular_files import open_regular

_HEAD: Final = 512
_MAX_ENTRIES_SIZE: Final = 512 << 20
_PARQUET: Final = b"PAR1"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_WORKBOOK: Final = "xl/workbook.xml"
_SAVE: Final = "save it as `CSV UTF-8`, or as an Excel workbook (.xlsx)"
_SIGNATURES: Final = (
    (
        b"\xd0\xcf\x11\xe0",
        "an Excel file of before 2007, or one with a password",
        "save it as .xlsx, without a password",
    ),
    (b"\x1f\x8b", "compressed with gzip", "unpack it, and import the file inside"),
    (b"7z\xbc\xaf", "compressed with 7-Zip", "unpack it, and import the file inside"),
    (b"%PDF", "a PDF document", "ask for the data as CSV or as an Excel workbook"),
    (b"SQLite format 3", "a database", "export a table of it as CSV"),
    (b"\x89PNG", "a picture", "is it the right file?"),
    (b"\xff\xd8\xff", "a picture", "is it the right file?"),
)
_MARKUP: Final = re.compile(rb"\s*<(!doctype html|html|head|body|table)\b", re.IGNORECASE)
_XML: Final = re.compile(rb"\s*<\?xml")
_JSON: Final = re.compile(rb"\s*(\[\s*[\[{]|\{\s*\"|\[\s*\])")


class TableFormat(Enum):
    """Format of a file that holds a table."""

    TEXT = auto()
    PARQUET = auto()
    WORKBOOK = auto()


def table_format(path: Path) -> TableFormat:
    """Return the format of a file; raise UserError when it is missing, empty, or no table."""
    try:
        with open_regular(path) as file:
            head = file.read(_HEAD)
    except FileNotFoundError as error:
        raise UserError.about(str(path), "there is no such file", "file_missing", "is the path right?") from error
    if not head:
        raise UserError.about(str(path), "the file is empty", "file_empty", "give it a header and rows")
    if head.startswith(_PARQUET):
        return TableFormat.PARQUET
    if head.startswith(_ZIP):
        _require_workbook(path)
        return TableFormat.WORKBOOK
    _refuse_foreign(path, head)
    return TableFormat.TEXT


def _refuse_foreign(path: Path, head: bytes) -> None:
    text = head.removeprefix(b"\xef\xbb\xbf")
    for signature, what, hint in _SIGNATURES:
        if head.startswith(signature):
            raise _not_a_table(path, what, hint)
    if _MARKUP.match(text):
        hint = "open it in a browser: it may be a page to sign in, or an error; export the data again as CSV"
        raise _not_a_table(path, "a web page (HTML)", hint)
    if _XML.match(text):
        raise _not_a_table(path, "XML", _SAVE)
    if _JSON.match(text):
        raise _not_a_table(path, "JSON", "export the data as CSV")


def _require_workbook(path: Path) -> None:
    """Raise UserError for a ZIP archive that is no Excel workbook."""
    if path.stat().st_size > _MAX_ENTRIES_SIZE:
        raise _not_a_table(path, "a ZIP archive larger than any workbook", "unpack it, and import the file inside")
    try:
        with open_regular(path) as file, ZipFile(file) as archive:
            names = archive.namelist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        hint = "write it again where it comes from"
        raise UserError.about(str(path), "the file is damaged: not a whole workbook", "workbook", hint) from error
    if _WORKBOOK in names:
        return
    if "xl/workbook.bin" in names or "content.xml" in names:
        raise _not_a_table(path, "a workbook of another kind than .xlsx", "save it as .xlsx, or as `CSV UTF-8`")
    inside = f"import the file inside: `{names[0][:80]}`" if len(names) == 1 else "import the files inside"
    raise _not_a_table(path, "a ZIP archive", f"unpack it, and {inside}")


def _not_a_table(path: Path, what: str, hint: str) -> UserError:
    return UserError.about(str(path), f"this is no table of text: it is {what}", "not_a_table", hint)
