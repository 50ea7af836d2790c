"""Parser from rule text to rule tree. Every mistake becomes a problem with its place, never an exception."""

from collections.abc import Callable
from typing import Final

from campaigns.core.errors import Problem, errors_only
from campaigns.core.model.condition import All, Any, Condition, Not
from campaigns.core.yaml.located import Located
from campaigns.rules.operators.measures import BOUGHT, SHOPPED
from campaigns.rules.parsing.leaves import read_audience, read_birthday, read_field, read_sample
from campaigns.rules.parsing.purchases import read_purchases
from campaigns.rules.parsing.received import read_messages
from campaigns.rules.parsing.redeemed import REDEEMED, read_redemptions
from campaigns.rules.parsing.rule_reader import MAX_DEPTH, RuleReader, TooLargeError, display_value, printable
from campaigns.rules.vocabulary import RuleVocabulary

_EXAMPLE: Final = "`age: {from: 18}`"

_LEAVES: Final[dict[str, Callable[[RuleReader, Located], Condition | None]]] = {
    "audience": read_audience,
    "bought": lambda reader, node: read_purchases(reader, node, BOUGHT),
    "shopped": lambda reader, node: read_purchases(reader, node, SHOPPED),
    "received": lambda reader, node: read_messages(reader, node, "received"),
    "clicked": lambda reader, node: read_messages(reader, node, "clicked"),
    "birthday": read_birthday,
    "sample": read_sample,
}
KEYWORDS: Final = ("all", "any", "not", *_LEAVES)


def parse_condition(node: Located, vocabulary: RuleVocabulary, problems: list[Problem]) -> Condition | None:
    """Return the rule at `node`, or None when it has errors; `problems` receives all of them.

    Warnings go into `problems`, too, and do not reject the rule.
    """
    reader = RuleReader(vocabulary, [])
    try:
        condition = _condition(reader, node, 1)
    except TooLargeError:
        condition = None
    problems.extend(reader.problems)
    return None if errors_only(reader.problems) else condition


def _condition(reader: RuleReader, node: Located, depth: int) -> Condition | None:
    reader.count(node)
    if depth > MAX_DEPTH:
        reader.add_problem(node, f"nested over {MAX_DEPTH} levels deep", "too_deep", "split it into named audiences")
        return None
    if isinstance(node.value, list):
        reader.add_problem(node, "a list of conditions does not say how they combine", "wrong_type", "`all:` or `any:`")
        return None
    if isinstance(node.value, str):
        _refuse_text(reader, node, node.value)
        return None
    entries = reader.entries(node, "a condition", _EXAMPLE)
    if entries is None:
        return None
    _refuse_many_keys(reader, node, list(entries))
    conditions = [_keyed_condition(reader, part, key, depth) for key, part in entries.items()]
    return conditions[0] if conditions else None


def _keyed_condition(reader: RuleReader, node: Located, key: str, depth: int) -> Condition | None:
    match key:
        case "all" | "any":
            return _parts(reader, node, key, depth)
        case "not":
            part = _condition(reader, node, depth + 1)
            return None if part is None else Not(part=part, place=node.key_place)
        case _ if key == REDEEMED:
            return read_redemptions(reader, node)
        case _ if key in _LEAVES:
            return _LEAVES[key](reader, node)
        case _:
            return read_field(reader, node, key, KEYWORDS)


def _parts(reader: RuleReader, node: Located, key: str, depth: int) -> Condition | None:
    if not isinstance(node.value, list) or not node.value:
        code, kind = ("wrong_type", display_value(node.value)) if node.value else ("empty", "empty")
        reader.add_problem(
            node, f"`{key}` is a list of conditions, and this is {kind}", code, f"`{key}: [{{...}}, {{...}}]`"
        )
        return None
    parts = [_condition(reader, item, depth + 1) for item in node.items()]
    combination = All if key == "all" else Any
    return combination(parts=tuple(part for part in parts if part is not None), place=node.key_place)


def _refuse_text(reader: RuleReader, node: Located, text: str) -> None:
    key, colon, value = text.partition(":")
    hint = f"`audience: {text}`" if text in reader.vocabulary.audiences else _EXAMPLE
    if colon:
        hint = f"a space after the colon: `{printable(key)}: {printable(value)}`"
    message = f"a condition is a mapping, and this is `{printable(text)}`"
    reader.add_problem(node, message, "wrong_type", hint)


def _refuse_many_keys(reader: RuleReader, node: Located, keys: list[str]) -> None:
    if not keys:
        reader.add_problem(node, "a condition is empty", "empty", _EXAMPLE)
    if len(keys) > 1:
        names = ", ".join(f"`{printable(key)}`" for key in keys)
        hint = "`all:` before a list of them"
        reader.add_problem(node, f"a condition has one key, and this has {len(keys)}: {names}", "one_key", hint)
