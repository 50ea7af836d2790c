"""The rule language a second time: from the sentences of its description, over plain values, one member at a time.

It counts in local calendar days where the real one computes instants, and it shares no code with it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.core.model import condition as tree
from tests.support.rule_world import Member, RuleWorld, Truth

RETENTION = {"bought": 400, "shopped": 1826}


def is_before(value: date, argument: date | timedelta, today: date) -> bool:
    return (today - value).days > argument.days if isinstance(argument, timedelta) else value < argument


MEANS: dict[str, Callable[[Any, Any, date], bool]] = {
    "is": lambda value, argument, _: value == argument,
    "one_of": lambda value, argument, _: value in argument,
    "is_not": lambda value, argument, _: value not in (argument if isinstance(argument, tuple) else (argument,)),
    "from": lambda value, argument, _: value >= argument,
    "to": lambda value, argument, _: value <= argument,
    "at_least": lambda value, argument, _: value >= argument,
    "at_most": lambda value, argument, _: value <= argument,
    "more_than": lambda value, argument, _: value > argument,
    "less_than": lambda value, argument, _: value < argument,
    "starts_with": lambda value, argument, _: value[: len(argument)] == argument,
    "contains": lambda value, argument, _: argument in value,
    "in_next": lambda value, argument, today: 0 <= (value - today).days <= argument.days,
    "within": lambda value, argument, today: 0 <= (today - value).days <= argument.days,
    "before": is_before,
}


def both(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if any(truth is False for truth in known):
        return False
    return None if any(truth is None for truth in known) else True


def either(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if any(truth is True for truth in known):
        return True
    return None if any(truth is None for truth in known) else False


def opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


class RuleOracle:
    """Judges members of one world at one moment."""

    def __init__(
        self,
        world: RuleWorld,
        as_of: datetime,
        zone: ZoneInfo,
        audiences: Mapping[str, tree.Condition],
        salt: str,
    ) -> None:
        self.world, self.zone, self.audiences, self.salt = world, zone, audiences, salt
        self.now = as_of.astimezone(UTC).replace(tzinfo=None)
        self.today = as_of.astimezone(zone).date()

    def judge(self, condition: tree.Condition, member: Member, salt: str | None = None) -> Truth:
        salt = self.salt if salt is None else salt
        match condition:
            case tree.All(parts=parts):
                return both(self.judge(part, member, salt) for part in parts)
            case tree.Any(parts=parts):
                return either(self.judge(part, member, salt) for part in parts)
            case tree.Not(part=part):
                return opposite(self.judge(part, member, salt))
            case tree.InAudience(name=name):
                return self.judge(self.audiences[name], member, name)
            case tree.Sample(share=share, salt=own):
                number = int(md5(f"{own or salt}:{member.member_id}".encode()).hexdigest(), 16)  # noqa: S324 - no secret
                return number >> 96 < int(share * 2**32)
        return self.judge_one(condition, member)

    def judge_one(self, condition: tree.Condition, member: Member) -> Truth:
        match condition:
            case tree.FieldCondition(column=column, comparisons=tests):
                return self.hold(tests, self.age(member.birth_date) if column == "age" else getattr(member, column))
            case tree.Birthday(days_ahead=days):
                return self.birthday(member.birth_date, days)
            case tree.MessageCondition():
                return self.heard(condition, member)
            case tree.PurchaseCondition(source="shopped"):
                return self.shopping(
                    condition, [row for row in self.world.receipts if row.member_id == member.member_id]
                )
            case tree.PurchaseCondition(source="bought"):
                if member.no_purchase_detail is not False:
                    return None
                return self.shopping(condition, [row for row in self.world.lines if row.member_id == member.member_id])
        raise AssertionError(condition)

    # values

    def hold(self, tests: Sequence[tree.ValueComparison], value: Any) -> Truth:
        return both(self.holds(test.keyword, test.argument, value) for test in tests)

    def holds(self, word: str, argument: Any, value: Any) -> Truth:
        if word == "known":
            return (value is not None) is argument
        if value is None:
            return None
        if isinstance(value, datetime):
            past = value < self.now  # the future begins at this very moment
            if (word == "within" and not past) or (word == "in_next" and past):
                return False
            value = value.replace(tzinfo=UTC).astimezone(self.zone).date()
        return bool(MEANS[word](value, argument, self.today))

    # birthdays

    def age(self, birth: date | None) -> int | None:
        if birth is None:
            return None
        return sum(celebration(birth, year) <= self.today for year in range(birth.year + 1, self.today.year + 1))

    def birthday(self, birth: date | None, days: int) -> Truth:
        if birth is None:
            return None
        last = self.today + timedelta(days=days)
        years = range(self.today.year, last.year + 1)
        return any(self.today <= celebration(birth, year) <= last for year in years)

    # events

    def counts(self, at: datetime, window: tree.TimeWindow, kept: int | None) -> bool:
        if at >= self.now:
            return False
        day = at.replace(tzinfo=UTC).astimezone(self.zone).date()
        if window.within is not None:
            return (self.today - day).days <= window.within.days
        if window.first is None and kept is not None and (self.today - day).days > kept:
            return False
        return (window.first is None or day >= window.first) and (window.last is None or day <= window.last)

    def heard(self, heard: tree.MessageCondition, member: Member) -> Truth:
        if heard.verb == "clicked" and member.tracking is not True:
            return None
        rows = (
            [(row, row.sent_at) for row in self.world.sent]
            if heard.verb == "received"
            else [(row, row.clicked_at) for row in self.world.clicks]
        )
        found = [
            row
            for row, at in rows
            if row.member_id == member.member_id
            and heard.campaign in (None, row.campaign)
            and heard.purpose in (None, row.purpose)
            and heard.channel in (None, row.channel)
            and self.counts(at, heard.window, None)
        ]
        return self.hold(heard.comparisons, len(found)) if heard.comparisons else bool(found)

    def shopping(self, shopping: tree.PurchaseCondition, rows: Sequence[Any]) -> Truth:
        kept = RETENTION[shopping.source]
        in_window = [row for row in rows if self.counts(row.purchased_at, shopping.window, kept)]
        lines = [row for row in in_window if self.passes(shopping.where, row)]
        of = shopping.of
        if of is None and any(where.column == "brand" for where in shopping.where):
            of = tuple(where for where in shopping.where if where.column != "brand")
        base = [row for row in in_window if self.passes(of or (), row)]
        truths = [self.hold(tests, measure(word, lines, base)) for word, tests in shopping.measures]
        if "visits" not in dict(shopping.measures):
            truths.append(len(lines) > 0)
        return both(truths)

    def passes(self, where: Sequence[tree.RowFilter], row: Any) -> bool:
        return all(self.hold(each.comparisons, getattr(row, each.column)) is True for each in where)


def celebration(birth: date, year: int) -> date:
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def measure(word: str, lines: Sequence[Any], base: Sequence[Any]) -> Any:
    spend, baskets = total(row.amount for row in lines), {row.basket_id for row in lines}
    times = [row.purchased_at for row in lines]
    match word:
        case "visits":
            return len(baskets)
        case "products":
            return len({row.product_id for row in lines} - {None})
        case "average":
            return spend / len(baskets) if baskets else None
        case "share_of_spend":
            whole = total(row.amount for row in base)
            return spend / whole if whole > 0 else None
    return {
        "spend": spend,
        "quantity": total(row.quantity for row in lines),
        "first": min(times, default=None),
        "last": max(times, default=None),
    }[word]


def total(amounts: Iterable[Decimal | None]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts if amount is not None), Fraction(0))
