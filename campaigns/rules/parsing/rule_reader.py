"""What every part of the parser shares: the vocabulary, the problems found so far, and the limit on size."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import Problem, Severity, nearest
from campaigns.core.yaml.located import Located
from campaigns.rules.vocabulary import Vocabulary

MAX_DEPTH: Final = 50
MAX_PARTS: Final = 2_000
_SHOWN: Final = 60


class TooLargeError(Exception):
    """The rule has more parts than one rule may have; its problem has been entered."""


@dataclass(slots=True)
class Reader:
    """Enters problems, and knows what the rule may name. `parts` counts conditions, tests and list items."""

    vocabulary: Vocabulary
    problems: list[Problem]
    parts: int = 0

    def problem(self, at: Located, message: str, code: str, hint: str = "") -> None:
        """Enter an error of a value; an empty one is found at its key."""
        place = at.key_place if at.value is None else at.place
        self.problems.append(Problem(place, message, code, hint))

    def key_problem(self, at: Located, message: str, code: str, hint: str = "") -> None:
        """Enter an error of the key that a value stands under."""
        self.problems.append(Problem(at.key_place, message, code, hint))

    def warning(self, at: Located, message: str, code: str, hint: str = "") -> None:
        """Enter a warning about a value."""
        self.problems.append(Problem(at.place, message, code, hint, Severity.WARNING))

    def count(self, at: Located) -> None:
        """Take note of one more part; raises TooLargeError when it is one too many."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            self.problem(at, f"a rule has at most {MAX_PARTS} parts", "too_large", "split it into named audiences")
            raise TooLargeError

    def entries(self, at: Located, what: str, example: str) -> "dict[str, Located] | None":
        """The entries of a mapping; None, with the problem entered, when it is none."""
        if isinstance(at.value, dict):
            return self.text_keys(at)
        if at.value is None:
            self.problem(at, f"{what} is empty", "empty", example)
        else:
            self.problem(at, f"{what} is a mapping, and this is {shown(at.value)}", "wrong_type", example)
        return None

    def unknown(self, at: Located, key: str, known: Iterable[str], where: str) -> None:
        """Enter a key that does not belong here, with the nearest one that does."""
        names = list(known)
        hint = nearest(key, names) or listed(names)
        self.key_problem(at, f"`{plain(key)}` is not a known key of {where}", "unknown_key", hint)

    def named(self, at: Located, known: Mapping[str, object] | frozenset[str], what: str, code: str) -> str | None:
        """The value as one of the `known` names."""
        if not isinstance(at.value, str):
            self.problem(at, f"{what} is a name, and this is {shown(at.value)}", "wrong_type", listed(known))
            return None
        if at.value not in known:
            hint = nearest(at.value, known) or listed(known)
            self.problem(at, f"there is no {what} `{plain(at.value)}`", code, hint)
            return None
        return at.value

    def text_keys(self, at: Located) -> dict[str, Located]:
        """The entries of a mapping whose keys are texts; every other key is a problem."""
        keys: list[object] = list(at.value) if isinstance(at.value, dict) else []
        for key in keys:
            if not isinstance(key, str):
                self.problem(at, f"a key is a text, and this is {shown(key)}", "unknown_key", "put quotes round it")
        return {key: at.part(key) for key in keys if isinstance(key, str)}


def items(reader: Reader, at: Located) -> Iterator[Located]:
    """The items of a list, each counted."""
    for item in at.items():
        reader.count(item)
        yield item


def plain(text: str) -> str:
    """An author's text, short and printable, for a message."""
    shortened = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "".join(character if character.isprintable() else "?" for character in shortened)


def shown(value: object) -> str:
    """A value in a message: scalars as written, the rest by its kind."""
    match value:
        case None | "":
            return "empty"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return f"`{str(value).lower()}`"
        case _:
            return f"`{plain(str(value))}`"


def listed(names: Iterable[str]) -> str:
    """A few names for a hint, in the order of the alphabet; nothing when there are too many to help."""
    ordered = sorted(names)
    return ", ".join(f"`{name}`" for name in ordered) if len(ordered) <= 12 else ""
