"""One member explained: the value of every predicate of a campaign's rules, the first that blocked, the decision."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.core.model.campaign import Variant
from campaigns.core.model.condition import All, Condition, InAudience, Not
from campaigns.core.model.condition import Any as AnyOf
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.rules.describe import sentence
from campaigns.rules.expand_audiences import inlined
from campaigns.rules.select import select_conditions
from campaigns.runs.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Predicate:
    """One node of a rule for one member: `value` is None when it is unknown; `depth` counts from 0."""

    depth: int
    said: str
    value: bool | None
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a member gets a message of a campaign, or gets none.

    `processed` is whether they were looked at at all; `audience` and `variants` are their predicates, in the order of
    the file, without the variants below the one they get: nobody asks these. `decision` is the row that a plan would
    keep, None when the audience does not take them.
    """

    member_id: str
    processed: bool
    audience: tuple[Predicate, ...]
    variants: Mapping[str, tuple[Predicate, ...]]
    decision: Mapping[str, Any] | None


def explain(plan: Plan, member_id: str, titles: Mapping[str, str | Localised], language: Language) -> Explanation:
    """Explain a plan that was made of this one member alone."""
    campaign = plan.brief.campaign
    processed = plan.tally.population > 0
    voice = _Voice(plan, titles, language)
    decisions = plan.bench.dicts(plan.rows())
    asked = _asked(campaign.variants, decisions[0]["variant"] if decisions else None)
    whens = {variant.name: variant.when for variant in asked if variant.when is not None}
    return Explanation(
        member_id,
        processed,
        voice.judged(campaign.audience) if processed and campaign.audience is not None else (),
        {name: voice.judged(when) for name, when in whens.items()} if processed else {},
        decisions[0] if decisions else None,
    )


def _asked(variants: Sequence[Variant], gets: str | None) -> Sequence[Variant]:
    """The variants as far as the one that a member gets; all, where they get none."""
    names = [variant.name for variant in variants]
    return variants[: names.index(gets) + 1] if gets in names else variants


@dataclass(frozen=True, slots=True)
class _Voice:
    plan: Plan
    titles: Mapping[str, str | Localised]
    language: Language

    def judged(self, rule: Condition) -> tuple[Predicate, ...]:
        """Every node of the rule with its value, and the first that keeps it from being true."""
        brief = self.plan.brief
        nodes = list(_nodes(rule, brief.audiences))
        labels = {f"node_{number}": node for number, (_, node) in enumerate(nodes)}
        row = self.plan.bench.dicts(select_conditions(labels, brief.scope))[0]
        values = [row[label] for label in labels]
        blocker = _blocker(nodes, values)
        return tuple(
            Predicate(depth, self._said(node), value, number == blocker)
            for number, ((depth, node), value) in enumerate(zip(nodes, values, strict=True))
        )

    def _said(self, node: Condition) -> str:
        brief = self.plan.brief
        return sentence(node, self.language, brief.catalogue, self.titles, brief.settings.currency)


def _nodes(rule: Condition, audiences: Mapping[str, Condition], depth: int = 0) -> Iterator[tuple[int, Condition]]:
    """The node and all below it, audiences opened; a parent stands before its parts."""
    yield depth, rule
    match rule:
        case All(parts=parts) | AnyOf(parts=parts):
            below: tuple[Condition, ...] = parts
        case Not(part=part):
            below = (part,)
        case InAudience(name=name):
            below = (inlined(audiences[name], audiences, name),)  # its samples are drawn by its own name
        case _:
            below = ()
    for each in below:
        yield from _nodes(each, audiences, depth + 1)


def _blocker(nodes: list[tuple[int, Condition]], values: list[bool | None]) -> int | None:
    """The deepest node that must be true, is not, and comes first; None when the rule is true."""
    if values[0] is True:
        return None
    at = 0
    while isinstance(nodes[at][1], All | InAudience):
        depth = nodes[at][0]
        parts = [
            number
            for number in range(at + 1, len(nodes))
            if nodes[number][0] == depth + 1 and all(nodes[between][0] > depth for between in range(at + 1, number + 1))
        ]
        at = next(number for number in parts if values[number] is not True)
    return at
