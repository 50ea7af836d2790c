"""Aggregates that a condition needs from the warehouse, and the comparisons made with them."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.model.condition import (
    Condition,
    MessageCondition,
    PurchaseCondition,
    RedemptionCondition,
    RowFilter,
    Scalar,
    ValueComparison,
)
from campaigns.rules.lowering.aggregates import Aggregate, RowSelection
from campaigns.rules.operators.measures import LINE_COUNT, MEASURES, AggregateKind, Measure, visits
from campaigns.rules.traverse import leaves, share_base_filters

AT_LEAST_ONCE: Final = (ValueComparison("at_least", 1),)


def required_measures(
    purchases: PurchaseCondition,
) -> Iterator[tuple[Measure, tuple[Aggregate, ...], tuple[ValueComparison, ...]]]:
    """Yield each measure with its aggregates and comparisons; without `visits`, the implied visit comes first."""
    if all(word != visits.keyword for word, _ in purchases.measures):
        yield LINE_COUNT, _aggregates(LINE_COUNT, purchases), AT_LEAST_ONCE
    for word, comparisons in purchases.measures:
        yield MEASURES[word], _aggregates(MEASURES[word], purchases), comparisons


def message_count(messages: MessageCondition) -> Aggregate:
    """Return the aggregate that counts messages or clicks."""
    filters: dict[str, Scalar | None] = {
        "campaign": messages.campaign,
        "purpose": messages.purpose,
        "channel": messages.channel,
    }
    where = tuple(
        RowFilter(column, (ValueComparison("is", value),)) for column, value in filters.items() if value is not None
    )
    return Aggregate(RowSelection(messages.verb, where, messages.window), AggregateKind.LINES)


def redemption_count(redemptions: RedemptionCondition) -> Aggregate:
    """Return the aggregate that counts redeemed coupons."""
    offer = redemptions.offer
    where = () if offer is None else (RowFilter("offer_id", (ValueComparison("is", offer),)),)
    return Aggregate(RowSelection("redeemed", where, redemptions.window), AggregateKind.LINES)


def aggregates_of(condition: Condition) -> Iterator[Aggregate]:
    """Yield every aggregate that a condition needs; its audiences are already expanded."""
    for leaf in leaves(condition):
        if isinstance(leaf, PurchaseCondition):
            for _, aggregates, _ in required_measures(leaf):
                yield from aggregates
        elif isinstance(leaf, MessageCondition):
            yield message_count(leaf)
        elif isinstance(leaf, RedemptionCondition):
            yield redemption_count(leaf)


def _aggregates(measure: Measure, purchases: PurchaseCondition) -> tuple[Aggregate, ...]:
    return tuple(
        Aggregate(RowSelection(purchases.source, share_base_filters(purchases), purchases.window), AggregateKind.SPEND)
        if kind is AggregateKind.BASE
        else Aggregate(RowSelection(purchases.source, purchases.where, purchases.window), kind)
        for kind in measure.aggregates
    )
