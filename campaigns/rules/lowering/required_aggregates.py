"""Aggregates that a condition needs from the warehouse, and the comparisons made with them."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.model.condition import Condition, Heard, Scalar, Shopping, Test, Where
from campaigns.rules.lowering.aggregates import Aggregate, Rows
from campaigns.rules.operators.measures import MEASURES, PRESENCE, Measure, Total, visits
from campaigns.rules.traverse import leaves, share_base

AT_LEAST_ONCE: Final = (Test("at_least", 1),)


def measured(purchases: Shopping) -> Iterator[tuple[Measure, tuple[Aggregate, ...], tuple[Test, ...]]]:
    """Yield each measure with its aggregates and comparisons; without `visits`, the implied visit comes first."""
    if all(word != visits.word for word, _ in purchases.measures):
        yield PRESENCE, _aggregates(PRESENCE, purchases), AT_LEAST_ONCE
    for word, comparisons in purchases.measures:
        yield MEASURES[word], _aggregates(MEASURES[word], purchases), comparisons


def message_count(messages: Heard) -> Aggregate:
    """Return the aggregate that counts messages or clicks."""
    filters: dict[str, Scalar | None] = {
        "campaign": messages.campaign,
        "purpose": messages.purpose,
        "channel": messages.channel,
    }
    where = tuple(Where(column, (Test("is", value),)) for column, value in filters.items() if value is not None)
    return Aggregate(Rows(messages.verb, where, messages.window), Total.LINES)


def aggregates_of(condition: Condition) -> Iterator[Aggregate]:
    """Yield every aggregate that a condition needs; its audiences are already expanded."""
    for leaf in leaves(condition):
        if isinstance(leaf, Shopping):
            for _, aggregates, _ in measured(leaf):
                yield from aggregates
        elif isinstance(leaf, Heard):
            yield message_count(leaf)


def _aggregates(measure: Measure, purchases: Shopping) -> tuple[Aggregate, ...]:
    return tuple(
        Aggregate(Rows(purchases.source, share_base(purchases), purchases.window), Total.SPEND)
        if kind is Total.BASE
        else Aggregate(Rows(purchases.source, purchases.where, purchases.window), kind)
        for kind in measure.totals
    )
