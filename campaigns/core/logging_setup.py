"""Logging setup: one line a record, as text or as JSON, with ids and without personal data.

Callers log ids only. Addresses, numbers and tokens that slip in through texts of other libraries are masked here.
"""

import json
import logging
import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

_EMAIL: Final = re.compile(r"(?:\"[^\"]*\"|[^\s<>\"'(),;:=@]+)@[^\s<>\"'(),;:=@]+")
_PHONE: Final = re.compile(r"(?<![\w-])\+\d[\d ()-]{5,}\d|(?<![\w.-])0[45]\d[ -]?\d{3}[ -]?\d{3,5}(?![\w.-])")
_TOKEN: Final = re.compile(r"(/[upwsc]/)[A-Za-z0-9_-]{16,}")
_STANDARD_FIELDS: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogFormat(StrEnum):
    """Format of log lines: for people, or for programs."""

    TEXT = "text"
    JSON = "json"


def mask_personal_data(text: str) -> str:
    """Return the text without e-mail addresses, telephone numbers and tokens of members' links."""
    return _TOKEN.sub(r"\1…", _PHONE.sub("+…", _EMAIL.sub("…@…", text)))


class _Text(logging.Formatter):
    """Formatter of `time level logger: message`, with the traceback below, if any."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as lines."""
        return mask_personal_data(super().format(record))


class _Json(logging.Formatter):
    """Formatter of one JSON object a line: at, level, logger, message, and the extra fields (`run`, `attempt`, …)."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as an object; a value that JSON cannot hold is written as text."""
        fields: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD_FIELDS},
        }
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps({name: _json_value(value) for name, value in fields.items()}, ensure_ascii=False)


def _json_value(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else mask_personal_data(str(value))


@dataclass
class LogOnce:
    """Log of persistent errors: an error of a subject is logged once, and again when it changes or comes back.

    Otherwise a check that runs every second would log it every second.
    """

    logger: logging.Logger
    _last_errors: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def error(self, subject: str, error: object) -> None:
        """Log an error of a subject, unless it is logged already."""
        text = str(error)
        if self._last_errors.get(subject) != text:
            self._last_errors[subject] = text
            self.logger.error(text if text.startswith(f"{subject}:") else f"{subject}: {text}")

    def ok(self, subject: str) -> None:
        """Forget the error of a subject: it works again."""
        self._last_errors.pop(subject, None)


def log_to_stderr(log_format: LogFormat, level: str) -> None:
    """Send all log records of this process to standard error, in a format and from a level up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if log_format is LogFormat.JSON else _Text())
    root = logging.getLogger()
    for handler_before in list(root.handlers):
        root.removeHandler(handler_before)
    root.addHandler(handler)
    root.setLevel(logging.getLevelNamesMapping()[level.upper()])
