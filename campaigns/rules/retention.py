"""How far back a rule may look: no further than the rows it reads are kept."""

from collections.abc import Iterator
from datetime import date

from campaigns.errors import Place, Problem
from campaigns.rules.lowering.totals import kept
from campaigns.rules.scope import Scope
from campaigns.rules.tree import leaves
from campaigns.spec.condition import Condition, Heard, Shopping, Window


def past_retention(condition: Condition, scope: Scope) -> Iterator[Problem]:
    """The dates of a rule that lie, seen from as_of, before what is kept. Spans are judged when the rule is read."""
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
