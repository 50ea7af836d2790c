"""Check that a rule looks no further back than the retention of the rows it reads."""

from collections.abc import Iterator
from datetime import date

from campaigns.core.errors import FilePosition, Problem
from campaigns.core.model.condition import Condition, MessageCondition, PurchaseCondition, TimeWindow
from campaigns.rules.lowering.aggregates import retention_of
from campaigns.rules.scope import RuleScope
from campaigns.rules.traverse import leaves


def retention_problems(condition: Condition, scope: RuleScope) -> Iterator[Problem]:
    """Yield a problem for each date of a rule before the retained data, seen from as_of; parsing checks spans."""
    for leaf in leaves(condition):
        if isinstance(leaf, PurchaseCondition | MessageCondition):
            source = leaf.source if isinstance(leaf, PurchaseCondition) else leaf.verb
            limit = retention_of(source, scope.catalogue)
            oldest = scope.moment.day - limit if limit is not None else date.min
            yield from (_problem(leaf.place, day, oldest) for day in _first_days(leaf.window) if day < oldest)


def _first_days(window: TimeWindow) -> list[date]:
    return [day for day in (window.first, window.last) if day is not None][:1]


def _problem(place: FilePosition, day: date, oldest: date) -> Problem:
    message = f"{day} is before {oldest}, the oldest day that is still kept"
    return Problem(place, message, "past_retention", f"`from: {oldest}`")
