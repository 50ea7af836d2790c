"""The part of JSON Schema that the schema of a rule uses, judged the plain way."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str, date),  # an editor reads a YAML date as a text
    "integer": (int,),
    "number": (int, Decimal, float),
    "boolean": (bool,),
}

_SIZES: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "minProperties": lambda value, bound: len(value) >= bound,
    "maxProperties": lambda value, bound: len(value) <= bound,
    "minLength": lambda value, bound: len(str(value)) >= bound,
    "maxLength": lambda value, bound: len(str(value)) <= bound,
}


def accepts(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> bool:
    """Whether the value fits; a keyword that is not known here is a defect of the test."""
    rules = {**schema}
    for told in ("description", "examples", "$defs"):
        rules.pop(told, None)
    return all(_keyword(word, rules.pop(word), value, schema, root) for word in list(rules))


def _keyword(word: str, rule: Any, value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    match word:
        case "$ref":
            return accepts(root["$defs"][rule.removeprefix("#/$defs/")], value, root)
        case "anyOf":
            return any(accepts(each, value, root) for each in rule)
        case "properties":
            known = {key: part for key, part in value.items() if key in rule}
            return all(accepts(rule[key], part, root) for key, part in known.items())
        case "additionalProperties":
            return value.keys() <= schema["properties"].keys()
        case "items":
            return all(accepts(rule, each, root) for each in value)
    return _simple(word, rule, value)


def _simple(word: str, rule: Any, value: Any) -> bool:
    match word:
        case "type":
            return isinstance(value, _TYPES[rule]) and (isinstance(value, bool) is (rule == "boolean"))
        case "const":
            return bool(value == rule)
        case "enum":
            return value in rule
        case "required":
            return set(rule) <= value.keys()
        case "pattern":
            return re.search(rule, str(value)) is not None
        case "format":
            assert rule == "date"
            return re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)) is not None
    return bool(_SIZES[word](value, rule))
