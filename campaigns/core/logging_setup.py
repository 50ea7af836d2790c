"""Logs: a line each, as text or as one JSON object, with ids and never an address, a number, a name or a body.

Whoever logs keeps to ids. What slips through in somebody else's words is masked here, whatever its form.
"""

import json
import logging
import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

_ADDRESS: Final = re.compile(r"(?:\"[^\"]*\"|[^\s<>\"'(),;:=@]+)@[^\s<>\"'(),;:=@]+")
_NUMBER: Final = re.compile(r"(?<![\w-])\+\d[\d ()-]{5,}\d|(?<![\w.-])0[45]\d[ -]?\d{3}[ -]?\d{3,5}(?![\w.-])")
_TOKEN: Final = re.compile(r"(/[upwsc]/)[A-Za-z0-9_-]{16,}")
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogFormat(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


def masked(text: str) -> str:
    """The text without e-mail addresses, telephone numbers and the tokens of members' links."""
    return _TOKEN.sub(r"\1…", _NUMBER.sub("+…", _ADDRESS.sub("…@…", text)))


class _Text(logging.Formatter):
    """`time level logger: message`, with a traceback below where there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as lines."""
        return masked(super().format(record))


class _Json(logging.Formatter):
    """One object a line: at, level, logger, message, and what was said besides (`run`, `attempt`, …)."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as an object; what cannot be written as JSON is written as text."""
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _OWN},
        }
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps({name: _plain(value) for name, value in said.items()}, ensure_ascii=False)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else masked(str(value))


@dataclass
class Once:
    """Logs what is wrong with a subject, and no more of it until that is another thing, or was well in between: what is
    looked at every second would be said every second.
    """

    to: logging.Logger
    _said: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def wrong(self, subject: str, what: object) -> None:
        """Something is wrong with a subject."""
        text = str(what)
        if self._said.get(subject) != text:
            self._said[subject] = text
            self.to.error(text if text.startswith(f"{subject}:") else f"{subject}: {text}")

    def well(self, subject: str) -> None:
        """Nothing is."""
        self._said.pop(subject, None)


def log_to_stderr(form: LogFormat, level: str) -> None:
    """Let everything that this process logs go to standard error in a form, from a level up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form is LogFormat.JSON else _Text())
    root = logging.getLogger()
    for before in list(root.handlers):
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(logging.getLevelNamesMapping()[level.upper()])
