"""Parser of the comparisons of a field or measure: a bare value, a list, or operators."""

from collections.abc import Iterable
from typing import Final

from campaigns.core.errors import closest_match
from campaigns.core.model.condition import Argument, Scalar, ValueComparison
from campaigns.core.yaml.located import Located
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.operator import NUMBER_TYPES, ArgumentKind, NullHandling, Operator
from campaigns.rules.parsing.rule_reader import RuleReader, counted_items, list_names, printable
from campaigns.rules.parsing.values import read_date_or_days_ago, read_days, read_flag, read_value
from campaigns.rules.vocabulary import RuleField

_IS: Final = OPERATORS["is"]
_ONE_OF: Final = OPERATORS["one_of"]


def read_comparisons(reader: RuleReader, node: Located, field: RuleField) -> tuple[ValueComparison, ...]:
    """Return the comparisons in the file's order; record problems for wrong ones and omit them."""
    reader.count(node)
    if isinstance(node.value, dict):
        return _operators(reader, node, field)
    operator = _ONE_OF if isinstance(node.value, list) else _IS
    if node.value is None or node.value == []:
        reader.add_problem(node, f"`{field.name}` is empty", "empty", "give it a value, a list or an operator")
        return ()
    if field.type not in operator.types:
        hint = f"`{field.name}: {{from: 2017-12-01, to: 2017-12-31}}`"
        reader.add_problem(node, f"`{field.name}` is a point in time: say which span", "wrong_operator", hint)
        return ()
    if operator is _ONE_OF:
        _warn_of_range(reader, node, field)
    return _comparison(reader, node, operator, field)


def _operators(reader: RuleReader, node: Located, field: RuleField) -> tuple[ValueComparison, ...]:
    comparisons: list[ValueComparison] = []
    for word, part in reader.text_keys(node).items():
        reader.count(part)
        operator = _operator(reader, part, word, field)
        if operator is not None:
            comparisons.extend(_comparison(reader, part, operator, field))
    if not node.value:
        words = list_names(operator_keywords(field))
        reader.add_problem(node, f"`{field.name}` is empty", "empty", words)
    _refuse_empty_range(reader, node, comparisons)
    return tuple(comparisons)


def _operator(reader: RuleReader, node: Located, word: str, field: RuleField) -> Operator | None:
    operator = OPERATORS.get(word)
    words = operator_keywords(field)
    if operator is None or not operator.explicit:
        hint = closest_match(word, words) or list_names(words)
        reader.add_key_problem(node, f"`{printable(word)}` is not an operator", "unknown_key", hint)
        return None
    if not is_applicable(operator, field):
        kind = "measure" if field.is_measure else "field"
        message = f"`{word}` does not fit `{field.name}`, a {kind} of type {field.type}"
        reader.add_key_problem(node, message, "wrong_operator", list_names(words))
        return None
    return operator


def operator_keywords(field: RuleField) -> list[str]:
    """Return the keywords of the operators allowed for the field's type."""
    return [word for word, operator in OPERATORS.items() if operator.explicit and is_applicable(operator, field)]


def is_applicable(operator: Operator, field: RuleField) -> bool:
    """Return whether an operator applies to a field or measure."""
    tests_presence = operator.null_handling is NullHandling.ANSWERED
    return field.type in operator.types and not (field.is_measure and tests_presence)


def _comparison(reader: RuleReader, node: Located, operator: Operator, field: RuleField) -> tuple[ValueComparison, ...]:
    argument = _argument(reader, node, operator, field)
    return () if argument is None else (ValueComparison(operator.keyword, argument),)


def _argument(reader: RuleReader, node: Located, operator: Operator, field: RuleField) -> Argument | None:
    match operator.argument_kind:
        case ArgumentKind.AHEAD | ArgumentKind.BACK:
            return read_days(reader, node, operator.keyword)
        case ArgumentKind.DAY:
            return read_date_or_days_ago(reader, node, operator.keyword)
        case ArgumentKind.FLAG:
            return read_flag(reader, node, operator.keyword)
        case ArgumentKind.VALUES | ArgumentKind.VALUE_OR_VALUES if isinstance(node.value, list):
            return _values(reader, node, field)
        case _:
            return read_value(reader, node, field)


def _values(reader: RuleReader, node: Located, field: RuleField) -> tuple[Scalar, ...] | None:
    values = [read_value(reader, item, field) for item in counted_items(reader, node)]
    if not values:
        reader.add_problem(node, "the list is empty", "empty", "name one value at least")
        return None
    return tuple(value for value in values if value is not None)


def _warn_of_range(reader: RuleReader, node: Located, field: RuleField) -> None:
    numbers = [item.value for item in node.items()]
    if len(numbers) == 2 and field.type in NUMBER_TYPES:
        message = f"a list means one of its values, here just two numbers for `{field.name}`"
        reader.add_warning(node, message, "range_meant", f"`{{from: {_short(numbers, 0)}, to: {_short(numbers, 1)}}}`")


def _short(values: list[object], index: int) -> str:
    return printable(str(values[index]))


def _refuse_empty_range(reader: RuleReader, node: Located, comparisons: Iterable[ValueComparison]) -> None:
    bounds = {comparison.keyword: comparison.argument for comparison in comparisons}
    first, last = bounds.get("from"), bounds.get("to")
    if first is not None and last is not None and first > last:  # type: ignore[operator]  # both of the field's type
        reader.add_problem(node, f"the range from {first} to {last} is empty", "empty_range", "swap the two")
