"""Types that a pydantic model expects at a path, with their keys and values. Reads types only, no data."""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

KEY_STEP = "[key]"  # pydantic's step from a mapping to one of its keys


def expected_types(model: Any, path: Iterable[str | int]) -> tuple[Any, ...]:
    """Return the types allowed at `path` below `model`, without metadata and with unions split.

    A step that names no part, such as a union member in an error's path, is ignored.
    """
    types = _members(model)
    for step in path:
        types = tuple(part for kind in types for part in _part(kind, step)) or types
    return types


def known_keys(types: Iterable[Any]) -> tuple[str, ...]:
    """Return the keys that mappings of these types may have, as written in a file."""
    keys: list[str] = []
    for kind in types:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys += [field.alias or name for name, field in kind.model_fields.items()]
        elif _is_mapping(kind):
            keys += enum_values(_members(get_args(kind)[0]))
    return tuple(dict.fromkeys(keys))


def enum_values(types: Iterable[Any]) -> tuple[str, ...]:
    """Return the values of the enums and literals among these types."""
    values: list[str] = []
    for kind in types:
        if isinstance(kind, type) and issubclass(kind, Enum):
            values += [str(member.value) for member in kind]
        elif get_origin(kind) is Literal:
            values += [str(word) for word in get_args(kind)]
    return tuple(dict.fromkeys(values))


def _members(kind: Any) -> tuple[Any, ...]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _members(get_args(kind)[0])
    if origin is Union or origin is UnionType:
        return tuple(member for part in get_args(kind) for member in _members(part))
    return (kind,)


def _part(kind: Any, step: str | int) -> tuple[Any, ...]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {field.alias or name: field for name, field in kind.model_fields.items()}
        return _members(fields[step].annotation) if step in fields else ()
    if _is_mapping(kind):
        return _members(get_args(kind)[0 if step == KEY_STEP else 1])
    if get_origin(kind) in (tuple, list) and isinstance(step, int):
        return _members(get_args(kind)[0])
    return ()


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)
