"""Audiences that a rule refers to, put in their place; and what can be wrong with such references."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from campaigns.errors import AuthorError, Problem
from campaigns.rules.tree import references
from campaigns.spec.condition import All, Any, Condition, InAudience, Not, Sample

MAX_DEPTH: Final = 100
MAX_LEAVES: Final = 5_000


def audience_cycles(audiences: Mapping[str, Condition]) -> list[Problem]:
    """One problem for each ring of audiences that refer to each other, where the first of them closes it."""
    problems: list[Problem] = []
    done: set[str] = set()
    for name in audiences:
        _follow(name, (name,), audiences, done, problems)
    return problems


def _follow(
    name: str, way: tuple[str, ...], audiences: Mapping[str, Condition], done: set[str], problems: list[Problem]
) -> None:
    if name in done:
        return
    for reference in references(audiences[name]):
        if reference.name in way:
            ring = (*way[way.index(reference.name) :], reference.name)
            problems.append(_cycle(reference, ring))
        elif reference.name in audiences:
            _follow(reference.name, (*way, reference.name), audiences, done, problems)
    done.add(name)


def _cycle(reference: InAudience, ring: tuple[str, ...]) -> Problem:
    message = f"audience `{reference.name}` refers to itself: {' → '.join(ring)}"
    return Problem(reference.place, message, "audience_cycle", "take one of the references out")


def inlined(condition: Condition, audiences: Mapping[str, Condition], salt: str = "") -> Condition:
    """The condition with every audience in its place, and every sample with its salt.

    `salt` is for the condition's own samples; those inside an audience are salted with its name, so that it holds
    the same members wherever it is used. Raises AuthorError for an unknown audience, a cycle, and a rule that has
    become too large or too deep.
    """
    cycles = audience_cycles(audiences)
    if cycles:
        raise AuthorError(cycles)
    return _Inlining(audiences).put(condition, salt, 1)


class _Inlining:
    """One expansion, with the count that keeps audiences of audiences from multiplying without end."""

    def __init__(self, audiences: Mapping[str, Condition]) -> None:
        self.audiences = audiences
        self.leaves = 0

    def put(self, condition: Condition, salt: str, depth: int) -> Condition:
        self._limit(condition, depth)
        match condition:
            case All(parts=parts) | Any(parts=parts):
                return replace(condition, parts=tuple(self.put(part, salt, depth + 1) for part in parts))
            case Not(part=part):
                return replace(condition, part=self.put(part, salt, depth + 1))
            case InAudience(name=name):
                return self.put(self._audience(condition, name), name, depth + 1)
            case Sample(salt=""):
                return replace(condition, salt=salt)
            case _:
                return condition

    def _audience(self, reference: Condition, name: str) -> Condition:
        if name not in self.audiences:
            message = f"there is no audience `{name}`"
            raise AuthorError([Problem(reference.place, message, "unknown_audience")])
        return self.audiences[name]

    def _limit(self, condition: Condition, depth: int) -> None:
        self.leaves += not isinstance(condition, All | Any | Not)
        if depth > MAX_DEPTH:
            message = f"with its audiences, the rule is nested over {MAX_DEPTH} levels deep"
            raise AuthorError([Problem(condition.place, message, "too_deep")])
        if self.leaves > MAX_LEAVES:
            message = f"with its audiences, the rule has over {MAX_LEAVES} conditions"
            raise AuthorError([Problem(condition.place, message, "too_large")])
