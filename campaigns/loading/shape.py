"""A part of a file as the pydantic model that describes it, or all that is wrong with it, each in its place."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from campaigns.errors import Problem, nearest
from campaigns.loading.annotations import KEY, expected, known_keys, known_words
from campaigns.loading.sentences import MISSING, UNKNOWN, Fault, sentence_of
from campaigns.spec.located import Located, Path

Model = TypeVar("Model", bound=BaseModel)


def shaped(model: type[Model], at: Located, problems: list[Problem], values: object = None) -> Model | None:
    """The model of what stands at `at`; None when problems were entered.

    `values`, when given, is what stands there with some parts already read, such as its rules.
    """
    values = at.value if values is None else values
    found = faults(model, at, values)
    problems += found.values()
    return None if found else model.model_validate(values)


def faults(model: type[BaseModel], at: Located, values: object) -> dict[Path, Problem]:
    """What keeps `values`, read at `at`, from being such a model: each problem by its path, never also by one above."""
    found = {path: _no_value(at, path) for path in _empty(values)}
    try:
        model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            path = _path(at, detail)
            found.setdefault(path, _problem(model, at, path, detail))
    above = {path[:length] for path in found for length in range(len(path))}
    told = above | set(_misspelt(found))
    return {path: problem for path, problem in found.items() if path not in told}


def _misspelt(found: Mapping[Path, Problem]) -> Iterator[Path]:
    """The missing keys that stand there, as an unknown key tells."""
    unknown = [path for path, problem in found.items() if problem.code == UNKNOWN]
    for path, problem in found.items():
        beside = [str(other[-1]) for other in unknown if other[:-1] == path[:-1]]
        if problem.code == MISSING and nearest(str(path[-1]), beside):
            yield path


def _empty(values: object, path: Path = ()) -> Iterator[Path]:
    """The paths of the keys and items without a value: none means anything, and one may have been forgotten."""
    if values is None:
        yield path
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _empty(value, (*path, key))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            yield from _empty(value, (*path, index))


def _no_value(at: Located, path: Path) -> Problem:
    name = path[-1] if path and isinstance(path[-1], str) else "this item"
    return Problem(_below(at, path).key_place, f"`{name}` has no value", "no_value", "write one, or remove the key")


def _path(at: Located, detail: Any) -> Path:
    """The steps of an error's path that the file has; pydantic's own steps (a union's member) are not among them."""
    path: Path = ()
    part = getattr(detail.get("ctx", {}).get("error"), "part", "")
    for step in (*detail["loc"], part):
        if _has(_below(at, path).value, step):
            path = (*path, step)
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else path


def _has(value: object, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _below(at: Located, path: Path) -> Located:
    for step in path:
        at = at.part(step)
    return at


def _problem(model: type[BaseModel], at: Located, path: Path, detail: Any) -> Problem:
    kind, loc = detail["type"], detail["loc"]
    of_key = loc[-1:] == (KEY,)
    parent = kind in ("missing", "extra_forbidden")  # what would fit is known one level above
    node = _below(at, path[:-1] if kind == "missing" else path)
    types = expected(model, (*loc[:-2], KEY) if of_key else loc[:-1] if parent else loc)
    fitting = known_words(types) or known_keys(types)
    value = path[-1] if of_key else node.value
    fault = Fault(str(path[-1]) if path else at.file, value, fitting, detail.get("ctx", {}))
    code, (message, hint) = sentence_of(kind, fault)
    return Problem(node.key_place if of_key or parent else node.place, message, code, hint)
