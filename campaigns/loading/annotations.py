"""What a pydantic model expects at a path: which keys, which words. Reads types only, no data."""

from collections.abc import Iterable, Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

KEY = "[key]"  # pydantic's step from a mapping to one of its keys


def expected(model: Any, path: Iterable[str | int]) -> tuple[Any, ...]:
    """The types that may stand at `path` below `model`, without their metadata and with unions taken apart.

    A step that names no part, such as a union's member in an error's path, leads nowhere further.
    """
    types = _members(model)
    for step in path:
        types = tuple(part for kind in types for part in _part(kind, step)) or types
    return types


def known_keys(types: Iterable[Any]) -> tuple[str, ...]:
    """The keys that mappings of these types may have, as a file writes them."""
    found: list[str] = []
    for kind in types:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += [field.alias or name for name, field in kind.model_fields.items()]
        elif _is_mapping(kind):
            found += known_words(_members(get_args(kind)[0]))
    return tuple(dict.fromkeys(found))


def known_words(types: Iterable[Any]) -> tuple[str, ...]:
    """The words that a closed vocabulary among these types has."""
    found: list[str] = []
    for kind in types:
        if isinstance(kind, type) and issubclass(kind, Enum):
            found += [str(member.value) for member in kind]
        elif get_origin(kind) is Literal:
            found += [str(word) for word in get_args(kind)]
    return tuple(dict.fromkeys(found))


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
        return _members(get_args(kind)[0 if step == KEY else 1])
    if get_origin(kind) in (tuple, list) and isinstance(step, int):
        return _members(get_args(kind)[0])
    return ()


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)
