"""Errors that a user can fix: problems with a position, a code and a hint."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """Severity of a problem: an error refuses the file, a warning is shown and the work goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class FilePosition:
    """Position in a file, counted from 1; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: position, message, code, and a hint at the next step."""

    place: FilePosition
    message: str
    code: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        kind = "warning: " if self.severity is Severity.WARNING else ""
        text = f"{self.place}: {kind}{self.message} [{self.code}]"
        return f"{text}\n  try: {self.hint}" if self.hint else text


class UserError(Exception):
    """Error that the user can fix; printed plainly, without a traceback, exit code 1.

    Carries every problem found, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def about(cls, file: str, message: str, code: str, hint: str = "") -> "UserError":
        """Return the error of one problem that concerns a file, or a command's argument, as a whole."""
        return cls([Problem(FilePosition(file), message, code, hint)])

    def renamed(self, file: str) -> "UserError":
        """Return the error with the same problems in another file."""
        return UserError(replace(each, place=replace(each.place, file=file)) for each in self.problems)


@contextmanager
def report_write_errors(file: Path) -> Iterator[None]:
    """Turn an OSError into a UserError that says why the file cannot be written."""
    try:
        yield
    except OSError as error:
        message = f"this file cannot be written: {error.strerror or error}"
        hint = "name another path, on a disk with free space"
        raise UserError.about(str(file), message, "unwritable", hint) from error


def errors_only(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems that refuse the file."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def closest_match(word: str, known: Iterable[str]) -> str:
    """Return the known word most like `word`, or with a part most like it.

    The word is quoted for a hint; empty when none is close enough.
    """
    names = list(known)
    names_by_folded = {name.casefold(): name for name in names}
    names_by_part = {part: name for name in reversed(names) for part in name.casefold().split("_")}
    for candidates, cutoff in ((names_by_folded, 0.6), (names_by_part, 0.8)):
        matches = get_close_matches(word.casefold(), candidates, n=1, cutoff=cutoff)
        if matches:
            return f"`{candidates[matches[0]]}`"
    return ""
