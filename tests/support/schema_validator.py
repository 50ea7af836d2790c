"""Validator of the part of JSON Schema that the rules' schema uses."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str, date),  # an editor reads a YAML date as text
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
    """Return whether the value is valid; an unknown keyword is an error of the test."""
    rules = {**schema}
    for annotation in ("description", "examples", "$defs"):
        rules.pop(annotation, None)
    return all(_keyword(keyword, rules.pop(keyword), value, schema, root) for keyword in list(rules))


def _keyword(keyword: str, rule: Any, value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    match keyword:
        case "$ref":
            return accepts(root["$defs"][rule.removeprefix("#/$defs/")], value, root)
        case "anyOf":
            return any(accepts(part, value, root) for part in rule)
        case "properties":
            known = {key: part for key, part in value.items() if key in rule}
            return all(accepts(rule[key], part, root) for key, part in known.items())
        case "additionalProperties":
            return value.keys() <= schema["properties"].keys()
        case "items":
            return all(accepts(rule, part, root) for part in value)
    return _simple(keyword, rule, value)


def _simple(keyword: str, rule: Any, value: Any) -> bool:
    match keyword:
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
    return bool(_SIZES[keyword](value, rule))
