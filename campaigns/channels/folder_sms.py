"""SMS provider for development: one JSON line a message in a file; nothing is sent."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.channels.folder_outbox import run_folder
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome, Unknown
from campaigns.channels.provider import OutgoingSms
from campaigns.core.private_files import open_private

_Attempt = tuple[str, str]


@dataclass
class FolderSms:
    """Writer of `outbox/<run>/sms.jsonl`; repeating an attempt adds no second line."""

    outbox: Path
    _files: dict[str, tuple[int, set[_Attempt]]] = field(default_factory=dict, init=False, repr=False)

    async def open(self) -> None:
        """Do nothing; a run's file is opened at its first message."""

    async def close(self) -> None:
        """Close every run's file."""
        for descriptor, _attempts_written in self._files.values():
            os.close(descriptor)
        self._files.clear()

    async def send(self, message: OutgoingSms) -> Outcome:
        """Append the message; raises ChannelMisconfiguredError when the folder cannot be written to."""
        try:
            return self._append(message)
        except OSError as error:
            raise ChannelMisconfiguredError(f"the outbox cannot be written to: {error.strerror}") from error

    def _append(self, message: OutgoingSms) -> Outcome:
        claimed, line = message.claimed, _line(message)
        if claimed.run not in self._files:
            run_folder(self.outbox, claimed.run)
            self._files[claimed.run] = _open(self._file(claimed.run))
        descriptor, attempts = self._files[claimed.run]
        attempt = (claimed.opaque_id, claimed.attempt)
        if attempt not in attempts:
            if os.write(descriptor, line) != len(line):  # one call in append mode: lines of processes never mix
                return Unknown("the line was written in part")
            attempts.add(attempt)
        return Accepted(f"sms-{claimed.opaque_id}", self._file(claimed.run))

    def _file(self, run: str) -> Path:
        return self.outbox / run / "sms.jsonl"


def _line(message: OutgoingSms) -> bytes:
    claimed = message.claimed
    values = {
        "id": claimed.opaque_id,
        "attempt": claimed.attempt,
        "to": claimed.address,
        "sender": message.sender,
        "encoding": message.encoding,
        "segments": message.segments,
        "text": message.text,
    }
    return (json.dumps(values, ensure_ascii=False) + "\n").encode()


def _open(path: Path) -> tuple[int, set[_Attempt]]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    descriptor = open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if text and not text.endswith("\n"):
        os.write(descriptor, b"\n")  # a power cut tore the last line: it keeps a line of its own
    return descriptor, set(_attempts(text))


def _attempts(text: str) -> Iterator[_Attempt]:
    for line in text.split("\n"):
        if line.startswith("{") and line.endswith("}"):
            values = json.loads(line)
            yield values["id"], values["attempt"]
