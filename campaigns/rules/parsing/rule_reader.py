"""State shared by all parts of the parser: the vocabulary, the problems so far, and the limit on size."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import Problem, Severity, closest_match
from campaigns.core.yaml.located import Located
from campaigns.rules.vocabulary import RuleVocabulary

MAX_DEPTH: Final = 50
MAX_PARTS: Final = 2_000
_MAX_LENGTH: Final = 60


class TooLargeError(Exception):
    """Rule with too many parts; its problem is already recorded."""


@dataclass(slots=True)
class RuleReader:
    """Parser state of one rule. `parts` counts conditions, comparisons and list items."""

    vocabulary: RuleVocabulary
    problems: list[Problem]
    parts: int = 0

    def add_problem(self, node: Located, message: str, code: str, hint: str = "") -> None:
        """Record an error of a value; the place of an empty value is its key."""
        place = node.key_place if node.value is None else node.place
        self.problems.append(Problem(place, message, code, hint))

    def add_key_problem(self, node: Located, message: str, code: str, hint: str = "") -> None:
        """Record an error of a value's key."""
        self.problems.append(Problem(node.key_place, message, code, hint))

    def add_warning(self, node: Located, message: str, code: str, hint: str = "") -> None:
        """Record a warning about a value."""
        self.problems.append(Problem(node.place, message, code, hint, Severity.WARNING))

    def count(self, node: Located) -> None:
        """Count one more part; raise TooLargeError when it exceeds the limit."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            self.add_problem(
                node, f"a rule has at most {MAX_PARTS} parts", "too_large", "split it into named audiences"
            )
            raise TooLargeError

    def entries(self, node: Located, subject: str, example: str) -> "dict[str, Located] | None":
        """Return the entries of a mapping; record a problem and return None for anything else."""
        if isinstance(node.value, dict):
            return self.text_keys(node)
        if node.value is None:
            self.add_problem(node, f"{subject} is empty", "empty", example)
        else:
            self.add_problem(
                node, f"{subject} is a mapping, and this is {display_value(node.value)}", "wrong_type", example
            )
        return None

    def add_unknown_key(self, node: Located, key: str, known: Iterable[str], where: str) -> None:
        """Record a problem for an unknown key, with the nearest known key as its hint."""
        names = list(known)
        hint = closest_match(key, names) or list_names(names)
        self.add_key_problem(node, f"`{printable(key)}` is not a known key of {where}", "unknown_key", hint)

    def read_name(
        self, node: Located, known: Mapping[str, object] | frozenset[str], noun: str, code: str
    ) -> str | None:
        """Return the value if it is one of the `known` names; record a problem and return None otherwise."""
        if not isinstance(node.value, str):
            self.add_problem(
                node, f"{noun} is a name, and this is {display_value(node.value)}", "wrong_type", list_names(known)
            )
            return None
        if node.value not in known:
            hint = closest_match(node.value, known) or list_names(known) or f"one of the files in `config/{noun}s/`"
            self.add_problem(node, f"there is no {noun} `{printable(node.value)}`", code, hint)
            return None
        return node.value

    def text_keys(self, node: Located) -> dict[str, Located]:
        """Return the entries of a mapping whose keys are text; record a problem for every other key."""
        keys: list[object] = list(node.value) if isinstance(node.value, dict) else []
        for key in keys:
            if not isinstance(key, str):
                self.add_problem(
                    node, f"a key is a text, and this is {display_value(key)}", "unknown_key", "put quotes round it"
                )
        return {key: node.part(key) for key in keys if isinstance(key, str)}


def counted_items(reader: RuleReader, node: Located) -> Iterator[Located]:
    """Yield the items of a list, and count each."""
    for item in node.items():
        reader.count(item)
        yield item


def printable(text: str) -> str:
    """Return text from a file, shortened and printable, for a message."""
    shortened = text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
    return "".join(character if character.isprintable() else "?" for character in shortened)


def display_value(value: object) -> str:
    """Return a value for a message: a scalar as written, anything else by its kind."""
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
            return f"`{printable(str(value))}`"


def list_names(names: Iterable[str]) -> str:
    """Return names for a hint, in alphabetical order; empty when there are more than 12."""
    ordered = sorted(names)
    return ", ".join(f"`{name}`" for name in ordered) if len(ordered) <= 12 else ""
