"""Tree of a rule as frozen values; `rules` parses, describes and lowers it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from campaigns.core.errors import FilePosition

Scalar = str | int | Decimal | bool | date
Argument = Scalar | timedelta | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Node of a rule. `place` is its position in its file and takes no part in equality."""

    place: FilePosition = field(default=FilePosition(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Conjunction: true when every part is true; NULL as in SQL."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any(Condition):
    """Disjunction: true when one part is true; NULL as in SQL."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """Negation; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True, slots=True)
class InAudience(Condition):
    """Membership of the named audience."""

    name: str


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """Operator with its argument, as in `at_least: 2`; `keyword` is a key of `rules.operators.OPERATORS`.

    A span is whole days: ahead for `in_next`, back for `within` and `before` (`before: 60 days ago`).
    """

    keyword: str
    argument: Argument


@dataclass(frozen=True, slots=True)
class FieldCondition(Condition):
    """Comparisons of one column of the members' profile, or of `age`, which is computed; all must hold."""

    column: str
    comparisons: tuple[ValueComparison, ...]


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Time window: `within` so many days before as_of, or from one date to another, both included.

    Without any of them: all retained history up to as_of.
    """

    within: timedelta | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Filter on purchase lines, as in `where: {brand: National}`."""

    column: str
    comparisons: tuple[ValueComparison, ...]


@dataclass(frozen=True, slots=True)
class PurchaseCondition(Condition):
    """Condition on aggregates over a member's receipts (`shopped`) or purchase lines (`bought`).

    `source` is `bought` or `shopped`. `measures` pairs a measure (`visits`, `spend`, `last` ...) with its comparisons.
    All must hold, and `visits: {at_least: 1}`, too, unless `visits` is among them. `of` replaces the base of
    `share_of_spend`; None: the same lines without the `brand` of `where`.
    """

    source: str
    where: tuple[RowFilter, ...]
    window: TimeWindow
    measures: tuple[tuple[str, tuple[ValueComparison, ...]], ...]
    of: tuple[RowFilter, ...] | None = None


@dataclass(frozen=True, slots=True)
class MessageCondition(Condition):
    """Condition on messages that the member `received`, or links `clicked` in them, and that match every filter.

    `verb` is `received` or `clicked`. `comparisons` are of the number of times; empty: at least once.
    """

    verb: str
    campaign: str | None
    purpose: str | None
    channel: str | None
    window: TimeWindow
    comparisons: tuple[ValueComparison, ...]


@dataclass(frozen=True, slots=True)
class RedemptionCondition(Condition):
    """Condition on redeemed coupons of the measured run, of one offer or of any; only a goal has it."""

    offer: str | None
    window: TimeWindow


@dataclass(frozen=True, slots=True)
class Birthday(Condition):
    """Birthday on the day of as_of or one of the `days_ahead` days after it."""

    days_ahead: int


@dataclass(frozen=True, slots=True)
class Sample(Condition):
    """Deterministic sample of members, the same on every machine; another `salt` selects other members.

    An empty salt means the name of the audience or campaign that the rule belongs to.
    """

    share: Decimal
    salt: str
