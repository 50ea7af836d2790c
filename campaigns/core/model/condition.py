"""The rule language as a tree of frozen values; `rules` reads, says and lowers it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from campaigns.core.errors import Place

Scalar = str | int | Decimal | bool | date
Argument = Scalar | timedelta | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One node of a rule. `place` is where it stands in its file and takes no part in equality."""

    place: Place = field(default=Place(""), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class All(Condition):
    """True when every part is; unknown parts follow SQL."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any(Condition):
    """True when one part is; unknown parts follow SQL."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The opposite; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True, slots=True)
class InAudience(Condition):
    """Whatever the named audience says."""

    name: str


@dataclass(frozen=True, slots=True)
class Test:
    """One operator with its argument, as in `at_least: 2`; `word` is a key of `rules.operators.OPERATORS`.

    A span is whole days: ahead in `in_next`, back in `within` and in `before` (`before: 60 days ago`).
    """

    word: str
    argument: Argument


@dataclass(frozen=True, slots=True)
class FieldIs(Condition):
    """Tests of one column of the members' profile, or of `age`, which follows from one; all must hold."""

    column: str
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The days that count: `within` so many days before as_of, or from one date to another, both included.

    Neither: all retained history up to as_of.
    """

    within: timedelta | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """A test of each purchase line, as in `where: {brand: National}`."""

    column: str
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Shopping(Condition):
    """Aggregates over a member's receipts (`shopped`) or purchase lines (`bought`).

    `source` is `bought` or `shopped`. `measures` pairs a measure (`visits`, `spend`, `last` ...) with its tests;
    all must hold, and `visits: {at_least: 1}` too unless `visits` is among them. `of` replaces the base of
    `share_of_spend`; None: the same lines with `brand` dropped from `where`.
    """

    source: str
    where: tuple[Where, ...]
    window: Window
    measures: tuple[tuple[str, tuple[Test, ...]], ...]
    of: tuple[Where, ...] | None = None


@dataclass(frozen=True, slots=True)
class Heard(Condition):
    """Messages the member `received`, or links `clicked` in them, that fit every given filter.

    `verb` is one of the two; `tests` are of how many times, none: at least once.
    """

    verb: str
    campaign: str | None
    purpose: str | None
    channel: str | None
    window: Window
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Birthday(Condition):
    """The birthday falls on as_of's date or one of the `days_ahead` days after it."""

    days_ahead: int


@dataclass(frozen=True, slots=True)
class Sample(Condition):
    """The same deterministic share of members on every machine; another `salt`, other members.

    An empty salt stands for the name of the audience or campaign that the rule belongs to.
    """

    share: Decimal
    salt: str
