"""Files of the outbox: removal of one member's messages, and deletion of old files."""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from campaigns.channels.claimed_delivery import NOTICES_RUN

_TEXTS: Final = "sms.jsonl"
_POSITION_DIGITS: Final = 7

TextFilter = Callable[[str], bool]
"""Whether a text message belongs to those to remove, by the name of its delivery."""


def remove_messages(outbox: Path, run: str, positions: Collection[int], is_text: TextFilter) -> int:
    """Remove the e-mails at these positions of a run and the text messages that the filter takes; return how many."""
    folder = outbox / run
    mails = [file for file in _mails(folder) if _position(file) in positions]
    for mail in mails:
        mail.unlink(missing_ok=True)
    return len(mails) + _blank_texts(folder / _TEXTS, is_text)


def remove_other_notices(outbox: Path, numbers: Collection[int], names: Collection[str]) -> int:
    """Remove every notice but those of these numbers, which the providers call by `names`; return how many."""
    folder = outbox / NOTICES_RUN
    mails = [file for file in _mails(folder) if _position(file) not in numbers]
    for mail in mails:
        mail.unlink(missing_ok=True)
    return len(mails) + _blank_texts(folder / _TEXTS, lambda name: name not in names)


def run_folders(outbox: Path) -> Iterator[Path]:
    """Yield the folders of runs, proofs included."""
    if outbox.is_dir():
        yield from (path for path in sorted(outbox.iterdir()) if path.is_dir() and path.name != NOTICES_RUN)


def newest_change(folder: Path) -> float:
    """Return the time of the newest change below a folder, by the clock of the machine."""
    newest = folder.stat().st_mtime
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            newest = max(newest, path.stat().st_mtime)
    return newest


def delete_folder(folder: Path) -> int:
    """Delete a folder of the outbox; return the number of its files."""
    files = sum(path.is_file() for path in folder.rglob("*"))
    shutil.rmtree(folder, ignore_errors=True)
    return files


def _mails(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from (folder / "email").iterdir()


def _position(mail: Path) -> int:
    """Return the position in a mail's name, or in that of its draft; -1 for a file that is not ours."""
    digits = mail.name.removeprefix(".")[:_POSITION_DIGITS]
    return int(digits) if digits.isascii() and digits.isdecimal() else -1


def _blank_texts(file: Path, is_text: TextFilter) -> int:
    """Overwrite lines in place, each by one as long: a sender may be appending others."""
    removed = offset = 0
    with suppress(FileNotFoundError), file.open("r+b") as stream:
        for line in stream:
            values = _values(line)
            if values.get("to") and is_text(str(values["id"])):
                erased = {"id": values["id"], "attempt": values["attempt"], "to": "", "text": "", "erased": True}
                os.pwrite(stream.fileno(), json.dumps(erased).encode().ljust(len(line) - 1) + b"\n", offset)
                removed += 1
            offset += len(line)
        os.fsync(stream.fileno())
    return removed


def _values(line: bytes) -> dict[str, Any]:
    """Return the values of a whole line; none for one that a power cut tore."""
    try:
        values = json.loads(line) if line.endswith(b"}\n") else {}
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}
