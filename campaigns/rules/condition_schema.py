"""JSON Schema of a rule, for completion in editors, with the meaning of every field.

It does not replace `parse`, which finds more: unknown audiences, retention, reversed ranges.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from campaigns.core.model.enums import Channel, ColumnType, Purpose
from campaigns.rules.age import AGE
from campaigns.rules.age import MEANING as AGE_MEANING
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import BOUGHT, MEASURES, SHOPPED, Measure, Unit
from campaigns.rules.operators.operator import Takes
from campaigns.rules.parsing.comparisons import fits, written_words
from campaigns.rules.parsing.received import TIMES
from campaigns.rules.parsing.values import LARGEST
from campaigns.rules.vocabulary import Field, Vocabulary

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
_SIZE: Final[Schema] = {"exclusiveMinimum": -LARGEST, "exclusiveMaximum": LARGEST}
_VALUES: Final[dict[ColumnType, Schema]] = {
    ColumnType.TEXT: {"type": "string", "minLength": 1},
    ColumnType.INTEGER: {"type": "integer", **_SIZE},
    ColumnType.DECIMAL: {"type": "number", **_SIZE},
    ColumnType.DATE: _DATE,
    ColumnType.TIMESTAMP: _DATE,
    ColumnType.BOOLEAN: _FLAG,
}


def condition_schema(vocabulary: Vocabulary) -> Schema:
    """Return the schema of one condition: a `$ref` and the `$defs` it refers to."""
    condition = _single_key(_conditions(vocabulary))
    return {**CONDITION, "$defs": {"condition": condition, "lines": _lines(vocabulary)}}


def _conditions(vocabulary: Vocabulary) -> dict[str, Schema]:
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
        "birthday": {"anyOf": [{"const": "today"}, _single_key({"in_next": _DAYS})]},
        "sample": {"anyOf": [*_SHARE["anyOf"], _closed(_SAMPLE, required=["share"])]},
    }


def _field(vocabulary: Vocabulary, field: Field) -> Schema:
    meaning = AGE_MEANING if field.name == AGE else vocabulary.catalogue.profile[field.name].meaning
    return {**_comparisons(field), "description": meaning.en}


def _lines(vocabulary: Vocabulary) -> Schema:
    return _closed(
        {
            name: {**_comparisons(field), "description": vocabulary.catalogue.line[name].meaning.en}
            for name, field in vocabulary.line_fields.items()
        },
        minProperties=1,
    )


def _purchases(source: str) -> dict[str, Schema]:
    measures = {word: _measure(measure) for word, measure in MEASURES.items() if source in measure.sources}
    return {**_window(), **measures}


def _measure(measure: Measure) -> Schema:
    return _comparisons(Field(measure.word, measure.type, share=measure.unit is Unit.SHARE, measured=True))


def _messages(vocabulary: Vocabulary) -> dict[str, Schema]:
    return {
        "campaign": {"type": "string", "examples": sorted(vocabulary.campaigns)},
        "purpose": _names(Purpose),
        "channel": _names(Channel),
        **_window(),
        "times": _comparisons(TIMES),
    }


def _window() -> dict[str, Schema]:
    return {"within": _DAYS, "from": _DATE, "to": _DATE}


def _comparisons(field: Field) -> Schema:
    value = _value(field)
    arguments = {word: _argument(OPERATORS[word].takes, value) for word in written_words(field)}
    operators = _closed(arguments, minProperties=1)
    bare_values = [value, _list(value)] if fits(OPERATORS["is"], field) else []
    return {"anyOf": [*bare_values, operators]}


def _value(field: Field) -> Schema:
    if field.share:
        return _SHARE
    return _VALUES[field.type] if field.values is None else _names(field.values)


def _argument(takes: Takes, value: Schema) -> Schema:
    match takes:
        case Takes.AHEAD | Takes.BACK:
            return _DAYS
        case Takes.DAY:
            return {"anyOf": [_DATE, _DAYS_AGO]}
        case Takes.FLAG:
            return _FLAG
        case Takes.VALUE_OR_VALUES:
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
