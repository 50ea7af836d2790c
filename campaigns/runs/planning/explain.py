"""Explanation of one member's decision: the value of every predicate, and the first that blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.core.model.campaign import Variant
from campaigns.core.model.condition import All, Condition, InAudience, Not
from campaigns.core.model.condition import Any as AnyOf
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer_reason import ChosenOffer, OfferReason
from campaigns.offers.selection import distinct_offers
from campaigns.rendering.offer_reason_text import ExplainedOffer, Reader, explain_offers
from campaigns.rules.describe import describe
from campaigns.rules.expand_audiences import expand_audiences
from campaigns.rules.select import select_conditions
from campaigns.runs.planning.evidence import offer_names
from campaigns.runs.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Predicate:
    """Node of a rule for one member: `value` is None when it is unknown; `depth` counts from 0."""

    depth: int
    said: str
    value: bool | None
    blocks: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Reasons why a member gets a message of a campaign, or gets none.

    `processed` is False when the member was not evaluated at all; `audience` and `variants` are their predicates, in
    the order of the file, without the variants below the chosen one: these are not evaluated. `decision` is the row
    that a plan would store, None when the audience does not include the member; `offers` are those of the message.
    """

    member_id: str
    processed: bool
    audience: tuple[Predicate, ...]
    variants: Mapping[str, tuple[Predicate, ...]]
    decision: Mapping[str, Any] | None
    offers: tuple[ExplainedOffer, ...] = ()


def explain(plan: Plan, member_id: str, titles: Mapping[str, str | Localised], language: Language) -> Explanation:
    """Explain a plan that was made for this one member only."""
    campaign = plan.plan_input.campaign
    processed = plan.counts.population > 0
    explainer = _RuleExplainer(plan, titles, language)
    decisions = plan.session.fetch_dicts(plan.ordered_decisions())
    variants = _evaluated_variants(campaign.variants, decisions[0]["variant"] if decisions else None)
    whens = {variant.name: variant.when for variant in variants if variant.when is not None}
    return Explanation(
        member_id,
        processed,
        explainer.predicates(campaign.audience) if processed and campaign.audience is not None else (),
        {name: explainer.predicates(when) for name, when in whens.items()} if processed else {},
        decisions[0] if decisions else None,
        tuple(_offers(plan, language)),
    )


def _offers(plan: Plan, language: Language) -> Sequence[ExplainedOffer]:
    """Return the offers of the message that the member would get, with their reasons."""
    plan_input = plan.plan_input
    chosen = [
        ChosenOffer(offer_id, None if reason is None else OfferReason.parse(reason))
        for row in plan.session.fetch_dicts(plan.field_rows())
        for offer_id, reason in zip(row["offers"] or (), row["offer_reasons"] or (), strict=True)
    ]
    names = offer_names(distinct_offers(plan_input.variant_offers), plan_input.catalogue)
    return explain_offers(chosen, names, language, Reader.RECEIVER)


def _evaluated_variants(variants: Sequence[Variant], chosen: str | None) -> Sequence[Variant]:
    """Return the variants down to the one that a member gets; all, when they get none."""
    names = [variant.name for variant in variants]
    return variants[: names.index(chosen) + 1] if chosen in names else variants


@dataclass(frozen=True, slots=True)
class _RuleExplainer:
    plan: Plan
    titles: Mapping[str, str | Localised]
    language: Language

    def predicates(self, rule: Condition) -> tuple[Predicate, ...]:
        """Return every node of the rule with its value; the first that keeps the rule from being true `blocks`."""
        plan_input = self.plan.plan_input
        nodes = list(_nodes(rule, plan_input.audiences))
        labels = {f"node_{number}": node for number, (_, node) in enumerate(nodes)}
        row = self.plan.session.fetch_dicts(select_conditions(labels, plan_input.scope))[0]
        values = [row[label] for label in labels]
        blocker = _blocker(nodes, values)
        return tuple(
            Predicate(depth, self._in_words(node), value, number == blocker)
            for number, ((depth, node), value) in enumerate(zip(nodes, values, strict=True))
        )

    def _in_words(self, node: Condition) -> str:
        plan_input = self.plan.plan_input
        return describe(node, self.language, plan_input.catalogue, self.titles, plan_input.settings.currency)


def _nodes(rule: Condition, audiences: Mapping[str, Condition], depth: int = 0) -> Iterator[tuple[int, Condition]]:
    """Yield the node and all nodes below it, with audiences expanded; a parent comes before its parts."""
    yield depth, rule
    match rule:
        case All(parts=parts) | AnyOf(parts=parts):
            children: tuple[Condition, ...] = parts
        case Not(part=part):
            children = (part,)
        case InAudience(name=name):
            children = (expand_audiences(audiences[name], audiences, name),)  # its samples are salted with its own name
        case _:
            children = ()
    for child in children:
        yield from _nodes(child, audiences, depth + 1)


def _blocker(nodes: list[tuple[int, Condition]], values: list[bool | None]) -> int | None:
    """Return the deepest and first node that must be true and is not; None when the rule is true."""
    if values[0] is True:
        return None
    index = 0
    while isinstance(nodes[index][1], All | InAudience):
        depth = nodes[index][0]
        parts = [
            number
            for number in range(index + 1, len(nodes))
            if nodes[number][0] == depth + 1
            and all(nodes[between][0] > depth for between in range(index + 1, number + 1))
        ]
        index = next(number for number in parts if values[number] is not True)
    return index
