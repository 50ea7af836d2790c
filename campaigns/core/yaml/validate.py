"""Validation of a part of a file by a pydantic model; every problem is reported at its place."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from campaigns.core.errors import Problem, closest_match
from campaigns.core.yaml.located import Located, NodePath
from campaigns.core.yaml.messages import MISSING_KEY, UNKNOWN_KEY, InvalidValue, error_message
from campaigns.core.yaml.model_types import KEY_STEP, enum_values, expected_types, known_keys

Model = TypeVar("Model", bound=BaseModel)


def validate(model: type[Model], at: Located, problems: list[Problem], values: object = None) -> Model | None:
    """Return the model of the value at `at`; None when problems were added.

    `values`, if given, is that value with some parts already parsed, such as its rules.
    """
    values = at.value if values is None else values
    invalid = validation_problems(model, at, values)
    problems += invalid.values()
    return None if invalid else model.model_validate(values)


def validation_problems(model: type[BaseModel], at: Located, values: object) -> dict[NodePath, Problem]:
    """Return the problems of `values`, read at `at`, by path; a problem above another one is dropped."""
    problems = {path: _no_value(at, path) for path in _empty(values)}
    try:
        model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            path = _path(at, detail)
            problems.setdefault(path, _problem(model, at, path, detail))
    above = {path[:length] for path in problems for length in range(len(path))}
    covered = above | set(_misspelt(problems))
    return {path: problem for path, problem in problems.items() if path not in covered}


def _misspelt(problems: Mapping[NodePath, Problem]) -> Iterator[NodePath]:
    """Yield the missing keys that are only misspelt: a similar unknown key stands beside them."""
    unknown = [path for path, problem in problems.items() if problem.code == UNKNOWN_KEY]
    for path, problem in problems.items():
        siblings = [str(sibling[-1]) for sibling in unknown if sibling[:-1] == path[:-1]]
        if problem.code == MISSING_KEY and closest_match(str(path[-1]), siblings):
            yield path


def _empty(values: object, path: NodePath = ()) -> Iterator[NodePath]:
    """Yield the paths of keys and items without a value: it has no meaning, and may have been forgotten."""
    if values is None:
        yield path
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _empty(value, (*path, key))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from _empty(value, (*path, index))


def _no_value(at: Located, path: NodePath) -> Problem:
    name = path[-1] if path and isinstance(path[-1], str) else "this item"
    return Problem(_below(at, path).key_place, f"`{name}` has no value", "no_value", "write one, or remove the key")


def _path(at: Located, detail: Any) -> NodePath:
    """Return the steps of an error's path that exist in the file, without pydantic's own (a union's member)."""
    path: NodePath = ()
    part = getattr(detail.get("ctx", {}).get("error"), "part", "")
    for step in (*detail["loc"], part):
        if _has(_below(at, path).value, step):
            path = (*path, step)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else path


def _has(value: object, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _below(at: Located, path: NodePath) -> Located:
    for step in path:
        at = at.part(step)
    return at


def _problem(model: type[BaseModel], at: Located, path: NodePath, detail: Any) -> Problem:
    kind, loc = detail["type"], detail["loc"]
    is_key = loc[-1:] == (KEY_STEP,)
    at_parent = kind in ("missing", "extra_forbidden")  # the allowed keys are known one level above
    node = _below(at, path[:-1] if kind == "missing" else path)
    types = expected_types(model, (*loc[:-2], KEY_STEP) if is_key else loc[:-1] if at_parent else loc)
    allowed = enum_values(types) or known_keys(types)
    value = path[-1] if is_key else node.value
    invalid = InvalidValue(str(path[-1]) if path else at.file, value, allowed, detail.get("ctx", {}))
    code, (message, hint) = error_message(kind, invalid)
    return Problem(node.key_place if is_key or at_parent else node.place, message, code, hint)
