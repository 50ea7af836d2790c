"""JSON Schema of a rule, for completion in editors, with the meaning of every field.

It does not replace `parse`, which finds more: unknown audiences, retention, reversed ranges.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from campaigns.core.model.enums import Channel, ColumnType, Purpose
from campaigns.rules.age import AGE
from campaigns.rules.age import MEANING as AGE_MEANING
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import BOUGHT, MEASURES, SHOPPED, Measure, MeasureUnit
from campaigns.rules.operators.operator import ArgumentKind
from campaigns.rules.parsing.comparisons import is_applicable, operator_keywords
from campaigns.rules.parsing.received import TIMES_FIELD
from campaigns.rules.parsing.values import MAX_NUMBER
from campaigns.rules.vocabulary import RuleField, RuleVocabulary

Schema = dict[str, Any]

CONDITION: Final = {"$ref": "#/$defs/condition"}
_LINES: Final = {"$ref": "#/$defs/lines"}
_DAYS: Final[Schema] = {"type": "string", "pattern": r"^\d{1,5} (day|week)s?$", "examples": ["28 days"]}
_DAYS_AGO: Final[Schema] = {"type": "string", "pattern": r"^\d{1,5} (day|week)s? ago$", "examples": ["60 days ago"]}
_DATE: Final[Schema] = {"type": "string", "format": "date"}
_PERCENT: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{1,3}(\.\d{1,3})? ?(percent|%)$",
    "examples": ["20 percent"],
}
_SHARE: Final[Schema] = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, _PERCENT]}
_SAMPLE: Final[Schema] = {"share": _SHARE, "salt": {"type": "string", "minLength": 1, "maxLength": 64}}
_FLAG: Final[Schema] = {"type": "boolean"}
_SIZE: Final[Schema] = {"exclusiveMinimum": -MAX_NUMBER, "exclusiveMaximum": MAX_NUMBER}
_VALUES: Final[dict[ColumnType, Schema]] = {
    ColumnType.TEXT: {"type": "string", "minLength": 1},
    ColumnType.INTEGER: {"type": "integer", **_SIZE},
    ColumnType.DECIMAL: {"type": "number", **_SIZE},
    ColumnType.DATE: _DATE,
    ColumnType.TIMESTAMP: _DATE,
    ColumnType.BOOLEAN: _FLAG,
}


def condition_schema(vocabulary: RuleVocabulary) -> Schema:
    """Return the schema of one condition: a `$ref` and the `$defs` it refers to."""
    condition = _single_key(_conditions(vocabulary))
    return {**CONDITION, "$defs": {"condition": condition, "lines": _lines(vocabulary)}}


def _conditions(vocabulary: RuleVocabulary) -> dict[str, Schema]:
    parts = {"type": "array", "items": CONDITION, "minItems": 1}
    return {
        **{name: _field(vocabulary, field) for name, field in vocabulary.member_fields.items()},
        "all": {**parts, "description": "All of these hold"},
        "any": {**parts, "description": "At least one of these holds"},
        "not": {**CONDITION, "description": "The opposite; unknown stays unknown"},
        "audience": {**_names(vocabulary.audiences), "description": "The rule of the named audience"},
        "bought": {
            **_closed({"where": _LINES, "of": _LINES, **_purchases(BOUGHT)}),
            "description": "Purchase lines of the member",
        },
        "shopped": {**_closed(_purchases(SHOPPED)), "description": "Receipts of the member, without their lines"},
        "received": {**_closed(_messages(vocabulary)), "description": "Messages sent to the member"},
        "clicked": {**_closed(_messages(vocabulary)), "description": "Links clicked, where tracking is permitted"},
        "redeemed": {
            "anyOf": [{"const": "any"}, _closed({"offer": {"type": "string"}, **_window()})],
            "description": "Coupons redeemed; only in the goal of an experiment",
        },
        "birthday": {"anyOf": [{"const": "today"}, _single_key({"in_next": _DAYS})]},
        "sample": {"anyOf": [*_SHARE["anyOf"], _closed(_SAMPLE, required=["share"])]},
    }


def _field(vocabulary: RuleVocabulary, field: RuleField) -> Schema:
    meaning = AGE_MEANING if field.name == AGE else vocabulary.catalogue.profile_columns[field.name].meaning
    return {**_comparisons(field), "description": meaning.en}


def _lines(vocabulary: RuleVocabulary) -> Schema:
    return _closed(
        {
            name: {**_comparisons(field), "description": vocabulary.catalogue.line_columns[name].meaning.en}
            for name, field in vocabulary.line_fields.items()
        },
        minProperties=1,
    )


def _purchases(source: str) -> dict[str, Schema]:
    measures = {word: _measure(measure) for word, measure in MEASURES.items() if source in measure.sources}
    return {**_window(), **measures}


def _measure(measure: Measure) -> Schema:
    return _comparisons(
        RuleField(measure.keyword, measure.type, is_share=measure.unit is MeasureUnit.SHARE, is_measure=True)
    )


def _messages(vocabulary: RuleVocabulary) -> dict[str, Schema]:
    return {
        "campaign": {"type": "string", "examples": sorted(vocabulary.campaigns)},
        "purpose": _names(Purpose),
        "channel": _names(Channel),
        **_window(),
        "times": _comparisons(TIMES_FIELD),
    }


def _window() -> dict[str, Schema]:
    return {"within": _DAYS, "from": _DATE, "to": _DATE}


def _comparisons(field: RuleField) -> Schema:
    value = _value(field)
    arguments = {word: _argument(OPERATORS[word].argument_kind, value) for word in operator_keywords(field)}
    operators = _closed(arguments, minProperties=1)
    bare_values = [value, _list(value)] if is_applicable(OPERATORS["is"], field) else []
    return {"anyOf": [*bare_values, operators]}


def _value(field: RuleField) -> Schema:
    if field.is_share:
        return _SHARE
    return _VALUES[field.type] if field.values is None else _names(field.values)


def _argument(takes: ArgumentKind, value: Schema) -> Schema:
    match takes:
        case ArgumentKind.AHEAD | ArgumentKind.BACK:
            return _DAYS
        case ArgumentKind.DAY:
            return {"anyOf": [_DATE, _DAYS_AGO]}
        case ArgumentKind.FLAG:
            return _FLAG
        case ArgumentKind.VALUE_OR_VALUES:
            return {"anyOf": [value, _list(value)]}
        case _:
            return value


def _list(value: Schema) -> Schema:
    return {"type": "array", "items": value, "minItems": 1}


def _names(names: Iterable[str]) -> Schema:
    ordered = sorted(names)
    return {"type": "string", "enum": ordered} if ordered else {"type": "string"}


def _closed(properties: Mapping[str, Schema], **keywords: object) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False, **keywords}


def _single_key(properties: Mapping[str, Schema]) -> Schema:
    return _closed(properties, minProperties=1, maxProperties=1)
