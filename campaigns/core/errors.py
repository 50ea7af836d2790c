"""What an author can put right: problems with a place, a code and a next step."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """An error refuses the file; a warning is shown and the work goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file, counted from 1; line 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, under which code, and what to try next."""

    place: Place
    message: str
    code: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        kind = "warning: " if self.severity is Severity.WARNING else ""
        text = f"{self.place}: {kind}{self.message} [{self.code}]"
        return f"{text}\n  try: {self.hint}" if self.hint else text


class AuthorError(Exception):
    """Something that its author can fix; printed plainly, without a traceback, exit code 1.

    Carries every problem found, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.place))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @classmethod
    def about(cls, file: str, message: str, code: str, hint: str = "") -> "AuthorError":
        """The error of one problem that concerns a file, or a command's argument, as a whole."""
        return cls([Problem(Place(file), message, code, hint)])


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Say to whoever named a file what keeps it from being written."""
    try:
        yield
    except OSError as error:
        message = f"this file cannot be written: {error.strerror or error}"
        hint = "name another, where there is room for it"
        raise AuthorError.about(str(file), message, "unwritable", hint) from error


def errors_among(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those problems that refuse the file."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or with a part most like it; quoted for a hint, empty when none is near."""
    names = list(known)
    whole = {name.casefold(): name for name in names}
    parts = {part: name for name in reversed(names) for part in name.casefold().split("_")}
    for folded, cutoff in ((whole, 0.6), (parts, 0.8)):
        found = get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
        if found:
            return f"`{folded[found[0]]}`"
    return ""
