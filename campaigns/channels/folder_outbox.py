"""Outbox folder of the development providers: one folder a run, files written atomically."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from campaigns.core.private_files import make_private_folder

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,120}")
_FORMULA: Final = ("=", "+", "-", "@", "|", "%")


def run_folder(outbox: Path, run: str) -> Path:
    """Return the folder of one run, creating it when missing; ValueError for a name that could lead elsewhere."""
    name = safe_name(run)
    return make_private_folder(make_private_folder(outbox) / name)


def safe_name(name: str) -> str:
    """Return the name unchanged when it can name a file, else raise ValueError."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise ValueError("a name that cannot be a file's")
    return name


def spreadsheet_csv(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return CSV for a Finnish spreadsheet: UTF-8 with a byte order mark, semicolons, no cell taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: str) -> str:
    line = " ".join(value.split())
    return f"'{line}" if line.startswith(_FORMULA) else line
