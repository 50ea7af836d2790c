"""Aggregates that a condition needs from the warehouse, and the comparisons made with them."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.model.condition import Condition, Heard, Scalar, Shopping, Test, Where
from campaigns.rules.lowering.aggregates import Aggregate, Rows
from campaigns.rules.operators.measures import MEASURES, PRESENCE, Measure, Total, visits
from campaigns.rules.traverse import leaves, share_base

AT_LEAST_ONCE: Final = (Test("at_least", 1),)


def measured(shopping: Shopping) -> Iterator[tuple[Measure, tuple[Aggregate, ...], tuple[Test, ...]]]:
    """Yield each measure with its aggregates and comparisons; without `visits`, the implied visit comes first."""
    if all(word != visits.word for word, _ in shopping.measures):
        yield PRESENCE, _aggregates(PRESENCE, shopping), AT_LEAST_ONCE
    for word, tests in shopping.measures:
        yield MEASURES[word], _aggregates(MEASURES[word], shopping), tests


def message_count(heard: Heard) -> Aggregate:
    """Return the aggregate that counts messages or clicks."""
    filters: dict[str, Scalar | None] = {
        "campaign": heard.campaign,
        "purpose": heard.purpose,
        "channel": heard.channel,
    }
    where = tuple(Where(column, (Test("is", value),)) for column, value in filters.items() if value is not None)
    return Aggregate(Rows(heard.verb, where, heard.window), Total.LINES)


def aggregates_of(condition: Condition) -> Iterator[Aggregate]:
    """Yield every aggregate that a condition needs; its audiences are already expanded."""
    for leaf in leaves(condition):
        if isinstance(leaf, Shopping):
            for _, aggregates, _ in measured(leaf):
                yield from aggregates
        elif isinstance(leaf, Heard):
            yield message_count(leaf)


def _aggregates(measure: Measure, shopping: Shopping) -> tuple[Aggregate, ...]:
    return tuple(
        Aggregate(Rows(shopping.source, share_base(shopping), shopping.window), Total.SPEND)
        if total is Total.BASE
        else Aggregate(Rows(shopping.source, shopping.where, shopping.window), total)
        for total in measure.totals
    )
