"""Expansion of the audiences that a rule refers to, with errors for unknown, circular and too large references."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from campaigns.core.errors import Problem, UserError, closest_match
from campaigns.core.model.condition import All, Any, Condition, InAudience, Not, Sample
from campaigns.rules.traverse import audience_references

MAX_DEPTH: Final = 100
MAX_LEAVES: Final = 5_000


@dataclass(frozen=True, slots=True)
class AudienceCycle:
    """Audiences that refer to each other in a ring, with the problem at the reference that closes it."""

    names: frozenset[str]
    problem: Problem


def audience_cycles(audiences: Mapping[str, Condition]) -> list[AudienceCycle]:
    """Return the cycles of audiences, each once."""
    cycles: list[AudienceCycle] = []
    done: set[str] = set()
    for name in audiences:
        _find_cycles(name, (name,), audiences, done, cycles)
    return cycles


def _find_cycles(
    name: str, path: tuple[str, ...], audiences: Mapping[str, Condition], done: set[str], cycles: list[AudienceCycle]
) -> None:
    if name in done:
        return
    for reference in audience_references(audiences[name]):
        if reference.name in path:
            ring = path[path.index(reference.name) :]
            cycles.append(AudienceCycle(frozenset(ring), _cycle_problem(reference, (*ring, reference.name))))
        elif reference.name in audiences:
            _find_cycles(reference.name, (*path, reference.name), audiences, done, cycles)
    done.add(name)


def _cycle_problem(reference: InAudience, cycle: tuple[str, ...]) -> Problem:
    message = f"audience `{reference.name}` refers to itself: {' → '.join(cycle)}"
    return Problem(reference.place, message, "audience_cycle", "take one of the references out")


def expand_audiences(condition: Condition, audiences: Mapping[str, Condition], salt: str = "") -> Condition:
    """Return the condition with every audience reference replaced by its rule and a salt for every sample.

    `salt` applies to the condition's own samples. Samples inside an audience are salted with the audience's name, so
    an audience holds the same members wherever it is used. Raise UserError for an unknown audience, a cycle, or a
    rule that becomes too large or too deep.
    """
    cycles = audience_cycles(audiences)
    if cycles:
        raise UserError(cycle.problem for cycle in cycles)
    return _Expansion(audiences).expand(condition, salt, 1)


class _Expansion:
    """Expansion of one rule. It counts leaves, because audiences of audiences multiply."""

    def __init__(self, audiences: Mapping[str, Condition]) -> None:
        self.audiences = audiences
        self.leaves = 0

    def expand(self, condition: Condition, salt: str, depth: int) -> Condition:
        self._check_limits(condition, depth)
        match condition:
            case All(parts=parts) | Any(parts=parts):
                return replace(condition, parts=tuple(self.expand(part, salt, depth + 1) for part in parts))
            case Not(part=part):
                return replace(condition, part=self.expand(part, salt, depth + 1))
            case InAudience(name=name):
                return self.expand(self._audience(condition, name), name, depth + 1)
            case Sample(salt=""):
                return replace(condition, salt=salt)
            case _:
                return condition

    def _audience(self, reference: Condition, name: str) -> Condition:
        if name not in self.audiences:
            message = f"there is no audience `{name}`"
            hint = closest_match(name, self.audiences) or f"one of: {', '.join(sorted(self.audiences))}"
            raise UserError([Problem(reference.place, message, "unknown_audience", hint)])
        return self.audiences[name]

    def _check_limits(self, condition: Condition, depth: int) -> None:
        self.leaves += not isinstance(condition, All | Any | Not)
        if depth > MAX_DEPTH:
            message = f"with its audiences, the rule is nested over {MAX_DEPTH} levels deep"
            raise UserError([Problem(condition.place, message, "too_deep")])
        if self.leaves > MAX_LEAVES:
            message = f"with its audiences, the rule has over {MAX_LEAVES} conditions"
            raise UserError([Problem(condition.place, message, "too_large")])
