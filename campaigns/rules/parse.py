"""Parser from rule text to rule tree. Every mistake becomes a problem with its place, never an exception."""

from collections.abc import Callable
from typing import Final

from campaigns.core.errors import Problem, errors_among
from campaigns.core.model.condition import All, Any, Condition, Not
from campaigns.core.yaml.located import Located
from campaigns.rules.operators.measures import BOUGHT, SHOPPED
from campaigns.rules.parsing.leaves import read_audience, read_birthday, read_field, read_sample
from campaigns.rules.parsing.purchases import read_shopping
from campaigns.rules.parsing.received import read_heard
from campaigns.rules.parsing.rule_reader import MAX_DEPTH, Reader, TooLargeError, plain, shown
from campaigns.rules.vocabulary import Vocabulary

_EXAMPLE: Final = "`age: {from: 18}`"

_LEAVES: Final[dict[str, Callable[[Reader, Located], Condition | None]]] = {
    "audience": read_audience,
    "bought": lambda reader, at: read_shopping(reader, at, BOUGHT),
    "shopped": lambda reader, at: read_shopping(reader, at, SHOPPED),
    "received": lambda reader, at: read_heard(reader, at, "received"),
    "clicked": lambda reader, at: read_heard(reader, at, "clicked"),
    "birthday": read_birthday,
    "sample": read_sample,
}
KEYWORDS: Final = ("all", "any", "not", *_LEAVES)


def parse_condition(at: Located, vocabulary: Vocabulary, problems: list[Problem]) -> Condition | None:
    """Return the rule at `at`, or None when it has errors; `problems` receives all of them.

    Warnings go into `problems`, too, and do not reject the rule.
    """
    reader = Reader(vocabulary, [])
    try:
        condition = _condition(reader, at, 1)
    except TooLargeError:
        condition = None
    problems.extend(reader.problems)
    return None if errors_among(reader.problems) else condition


def _condition(reader: Reader, at: Located, depth: int) -> Condition | None:
    reader.count(at)
    if depth > MAX_DEPTH:
        reader.problem(at, f"nested over {MAX_DEPTH} levels deep", "too_deep", "split it into named audiences")
        return None
    if isinstance(at.value, list):
        reader.problem(at, "a list of conditions does not say how they combine", "wrong_type", "`all:` or `any:`")
        return None
    if isinstance(at.value, str):
        _refuse_text(reader, at, at.value)
        return None
    entries = reader.entries(at, "a condition", _EXAMPLE)
    if entries is None:
        return None
    _refuse_many_keys(reader, at, list(entries))
    conditions = [_keyed_condition(reader, part, key, depth) for key, part in entries.items()]
    return conditions[0] if conditions else None


def _keyed_condition(reader: Reader, at: Located, key: str, depth: int) -> Condition | None:
    match key:
        case "all" | "any":
            return _parts(reader, at, key, depth)
        case "not":
            part = _condition(reader, at, depth + 1)
            return None if part is None else Not(part=part, place=at.key_place)
        case _ if key in _LEAVES:
            return _LEAVES[key](reader, at)
        case _:
            return read_field(reader, at, key, KEYWORDS)


def _parts(reader: Reader, at: Located, key: str, depth: int) -> Condition | None:
    if not isinstance(at.value, list) or not at.value:
        code, kind = ("wrong_type", shown(at.value)) if at.value else ("empty", "empty")
        reader.problem(at, f"`{key}` is a list of conditions, and this is {kind}", code, f"`{key}: [{{...}}, {{...}}]`")
        return None
    parts = [_condition(reader, item, depth + 1) for item in at.items()]
    combination = All if key == "all" else Any
    return combination(parts=tuple(part for part in parts if part is not None), place=at.key_place)


def _refuse_text(reader: Reader, at: Located, text: str) -> None:
    key, colon, value = text.partition(":")
    hint = f"`audience: {text}`" if text in reader.vocabulary.audiences else _EXAMPLE
    if colon:
        hint = f"a space after the colon: `{plain(key)}: {plain(value)}`"
    message = f"a condition is a mapping, and this is `{plain(text)}`"
    reader.problem(at, message, "wrong_type", hint)


def _refuse_many_keys(reader: Reader, at: Located, keys: list[str]) -> None:
    if not keys:
        reader.problem(at, "a condition is empty", "empty", _EXAMPLE)
    if len(keys) > 1:
        names = ", ".join(f"`{plain(key)}`" for key in keys)
        hint = "`all:` before a list of them"
        reader.problem(at, f"a condition has one key, and this has {len(keys)}: {names}", "one_key", hint)
