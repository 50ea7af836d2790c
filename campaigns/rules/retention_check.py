"""Check that a rule looks no further back than the retention of the rows it reads."""

from collections.abc import Iterator
from datetime import date

from campaigns.core.errors import Place, Problem
from campaigns.core.model.condition import Condition, Heard, Shopping, Window
from campaigns.rules.lowering.aggregates import kept
from campaigns.rules.scope import Scope
from campaigns.rules.traverse import leaves


def past_retention(condition: Condition, scope: Scope) -> Iterator[Problem]:
    """Yield a problem for each date of a rule before the retained data, seen from as_of; parsing checks spans."""
    for leaf in leaves(condition):
        if isinstance(leaf, Shopping | Heard):
            source = leaf.source if isinstance(leaf, Shopping) else leaf.verb
            limit = kept(source, scope.catalogue)
            oldest = scope.moment.day - limit if limit is not None else date.min
            yield from (_problem(leaf.place, day, oldest) for day in _first_days(leaf.window) if day < oldest)


def _first_days(window: Window) -> list[date]:
    return [day for day in (window.first, window.last) if day is not None][:1]


def _problem(place: Place, day: date, oldest: date) -> Problem:
    message = f"{day} is before {oldest}, the oldest day that is still kept"
    return Problem(place, message, "past_retention", f"`from: {oldest}`")
