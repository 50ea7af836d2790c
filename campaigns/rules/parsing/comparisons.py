"""Parser of the comparisons of a field or measure: a bare value, a list, or operators."""

from collections.abc import Iterable
from typing import Final

from campaigns.core.errors import nearest
from campaigns.core.model.condition import Argument, Scalar, Test
from campaigns.core.yaml.located import Located
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.operator import NUMBERS, Nothing, Operator, Takes
from campaigns.rules.parsing.rule_reader import Reader, items, listed, plain
from campaigns.rules.parsing.values import read_day_or_ago, read_days, read_flag, read_value
from campaigns.rules.vocabulary import Field

_IS: Final = OPERATORS["is"]
_ONE_OF: Final = OPERATORS["one_of"]


def read_tests(reader: Reader, node: Located, field: Field) -> tuple[Test, ...]:
    """Return the comparisons in the file's order; record problems for wrong ones and omit them."""
    reader.count(node)
    if isinstance(node.value, dict):
        return _operators(reader, node, field)
    operator = _ONE_OF if isinstance(node.value, list) else _IS
    if node.value is None or node.value == []:
        reader.problem(node, f"`{field.name}` is empty", "empty", "give it a value, a list or an operator")
        return ()
    if field.type not in operator.types:
        hint = f"`{field.name}: {{from: 2017-12-01, to: 2017-12-31}}`"
        reader.problem(node, f"`{field.name}` is a point in time: say which span", "wrong_operator", hint)
        return ()
    if operator is _ONE_OF:
        _warn_of_range(reader, node, field)
    return _comparison(reader, node, operator, field)


def _operators(reader: Reader, node: Located, field: Field) -> tuple[Test, ...]:
    comparisons: list[Test] = []
    for word, part in reader.text_keys(node).items():
        reader.count(part)
        operator = _operator(reader, part, word, field)
        if operator is not None:
            comparisons.extend(_comparison(reader, part, operator, field))
    if not node.value:
        words = listed(written_words(field))
        reader.problem(node, f"`{field.name}` is empty", "empty", words)
    _refuse_empty_range(reader, node, comparisons)
    return tuple(comparisons)


def _operator(reader: Reader, node: Located, word: str, field: Field) -> Operator | None:
    operator = OPERATORS.get(word)
    words = written_words(field)
    if operator is None or not operator.written:
        hint = nearest(word, words) or listed(words)
        reader.key_problem(node, f"`{plain(word)}` is not an operator", "unknown_key", hint)
        return None
    if not fits(operator, field):
        kind = "measure" if field.measured else "field"
        message = f"`{word}` does not fit `{field.name}`, a {kind} of type {field.type}"
        reader.key_problem(node, message, "wrong_operator", listed(words))
        return None
    return operator


def written_words(field: Field) -> list[str]:
    """Return the keywords of the operators allowed for the field's type."""
    return [word for word, operator in OPERATORS.items() if operator.written and fits(operator, field)]


def fits(operator: Operator, field: Field) -> bool:
    """Return whether an operator applies to a field or measure."""
    tests_presence = operator.over_nothing is Nothing.ANSWERED
    return field.type in operator.types and not (field.measured and tests_presence)


def _comparison(reader: Reader, node: Located, operator: Operator, field: Field) -> tuple[Test, ...]:
    argument = _argument(reader, node, operator, field)
    return () if argument is None else (Test(operator.word, argument),)


def _argument(reader: Reader, node: Located, operator: Operator, field: Field) -> Argument | None:
    match operator.takes:
        case Takes.AHEAD | Takes.BACK:
            return read_days(reader, node, operator.word)
        case Takes.DAY:
            return read_day_or_ago(reader, node, operator.word)
        case Takes.FLAG:
            return read_flag(reader, node, operator.word)
        case Takes.VALUES | Takes.VALUE_OR_VALUES if isinstance(node.value, list):
            return _values(reader, node, field)
        case _:
            return read_value(reader, node, field)


def _values(reader: Reader, node: Located, field: Field) -> tuple[Scalar, ...] | None:
    values = [read_value(reader, item, field) for item in items(reader, node)]
    if not values:
        reader.problem(node, "the list is empty", "empty", "name one value at least")
        return None
    return tuple(value for value in values if value is not None)


def _warn_of_range(reader: Reader, node: Located, field: Field) -> None:
    numbers = [item.value for item in node.items()]
    if len(numbers) == 2 and field.type in NUMBERS:
        message = f"a list means one of its values, here just two numbers for `{field.name}`"
        reader.warning(node, message, "range_meant", f"`{{from: {_short(numbers, 0)}, to: {_short(numbers, 1)}}}`")


def _short(values: list[object], index: int) -> str:
    return plain(str(values[index]))


def _refuse_empty_range(reader: Reader, node: Located, comparisons: Iterable[Test]) -> None:
    bounds = {comparison.word: comparison.argument for comparison in comparisons}
    first, last = bounds.get("from"), bounds.get("to")
    if first is not None and last is not None and first > last:  # type: ignore[operator]  # both of the field's type
        reader.problem(node, f"nothing lies from {first} to {last}", "empty_range", "turn the two round")
