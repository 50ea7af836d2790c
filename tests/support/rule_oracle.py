"""Second implementation of the rule language, from its description: plain values, one member at a time.

It counts local calendar days where the real one computes instants, and shares no code with it.
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


OPERATORS: dict[str, Callable[[Any, Any, date], bool]] = {
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


def all_true(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if any(truth is False for truth in known):
        return False
    return None if any(truth is None for truth in known) else True


def any_true(truths: Iterable[Truth]) -> Truth:
    known = list(truths)
    if any(truth is True for truth in known):
        return True
    return None if any(truth is None for truth in known) else False


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


class RuleOracle:
    """Evaluate rules for members of one world at one moment."""

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
                return all_true(self.judge(part, member, salt) for part in parts)
            case tree.Any(parts=parts):
                return any_true(self.judge(part, member, salt) for part in parts)
            case tree.Not(part=part):
                return negated(self.judge(part, member, salt))
            case tree.InAudience(name=name):
                return self.judge(self.audiences[name], member, name)
            case tree.Sample(share=share, salt=own_salt):
                number = int(md5(f"{own_salt or salt}:{member.member_id}".encode()).hexdigest(), 16)  # noqa: S324 - no secret
                return number >> 96 < int(share * 2**32)
        return self.judge_one(condition, member)

    def judge_one(self, condition: tree.Condition, member: Member) -> Truth:
        match condition:
            case tree.FieldCondition(column=column, comparisons=comparisons):
                return self.compare_all(
                    comparisons, self.age(member.birth_date) if column == "age" else getattr(member, column)
                )
            case tree.Birthday(days_ahead=days):
                return self.birthday(member.birth_date, days)
            case tree.MessageCondition():
                return self.messages(condition, member)
            case tree.PurchaseCondition(source="shopped"):
                return self.purchases(
                    condition, [row for row in self.world.receipts if row.member_id == member.member_id]
                )
            case tree.PurchaseCondition(source="bought"):
                if member.no_purchase_detail is not False:
                    return None
                return self.purchases(condition, [row for row in self.world.lines if row.member_id == member.member_id])
        raise AssertionError(condition)

    # values

    def compare_all(self, comparisons: Sequence[tree.ValueComparison], value: Any) -> Truth:
        return all_true(self.compare(comparison.keyword, comparison.argument, value) for comparison in comparisons)

    def compare(self, keyword: str, argument: Any, value: Any) -> Truth:
        if keyword == "known":
            return (value is not None) is argument
        if value is None:
            return None
        if isinstance(value, datetime):
            is_past = value < self.now  # as_of itself counts as future
            if (keyword == "within" and not is_past) or (keyword == "in_next" and is_past):
                return False
            value = value.replace(tzinfo=UTC).astimezone(self.zone).date()
        return bool(OPERATORS[keyword](value, argument, self.today))

    # birthdays

    def age(self, birth: date | None) -> int | None:
        if birth is None:
            return None
        return sum(birthday_in(birth, year) <= self.today for year in range(birth.year + 1, self.today.year + 1))

    def birthday(self, birth: date | None, days: int) -> Truth:
        if birth is None:
            return None
        last = self.today + timedelta(days=days)
        years = range(self.today.year, last.year + 1)
        return any(self.today <= birthday_in(birth, year) <= last for year in years)

    # events

    def is_in_window(self, at: datetime, window: tree.TimeWindow, retention_days: int | None) -> bool:
        if at >= self.now:
            return False
        day = at.replace(tzinfo=UTC).astimezone(self.zone).date()
        if window.within is not None:
            return (self.today - day).days <= window.within.days
        if window.first is None and retention_days is not None and (self.today - day).days > retention_days:
            return False
        return (window.first is None or day >= window.first) and (window.last is None or day <= window.last)

    def messages(self, condition: tree.MessageCondition, member: Member) -> Truth:
        if condition.verb == "clicked" and member.tracking is not True:
            return None
        rows = (
            [(row, row.sent_at) for row in self.world.sent]
            if condition.verb == "received"
            else [(row, row.clicked_at) for row in self.world.clicks]
        )
        messages = [
            row
            for row, at in rows
            if row.member_id == member.member_id
            and condition.campaign in (None, row.campaign)
            and condition.purpose in (None, row.purpose)
            and condition.channel in (None, row.channel)
            and self.is_in_window(at, condition.window, None)
        ]
        return self.compare_all(condition.comparisons, len(messages)) if condition.comparisons else bool(messages)

    def purchases(self, condition: tree.PurchaseCondition, rows: Sequence[Any]) -> Truth:
        retention_days = RETENTION[condition.source]
        rows_in_window = [row for row in rows if self.is_in_window(row.purchased_at, condition.window, retention_days)]
        lines = [row for row in rows_in_window if self.passes(condition.where, row)]
        of = condition.of
        if of is None and any(where.column == "brand" for where in condition.where):
            of = tuple(where for where in condition.where if where.column != "brand")
        base = [row for row in rows_in_window if self.passes(of or (), row)]
        truths = [
            self.compare_all(comparisons, measure(keyword, lines, base)) for keyword, comparisons in condition.measures
        ]
        if "visits" not in dict(condition.measures):
            truths.append(len(lines) > 0)
        return all_true(truths)

    def passes(self, where: Sequence[tree.RowFilter], row: Any) -> bool:
        return all(
            self.compare_all(row_filter.comparisons, getattr(row, row_filter.column)) is True for row_filter in where
        )


def birthday_in(birth: date, year: int) -> date:
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def measure(keyword: str, lines: Sequence[Any], base: Sequence[Any]) -> Any:
    spend, baskets = total(row.amount for row in lines), {row.basket_id for row in lines}
    times = [row.purchased_at for row in lines]
    match keyword:
        case "visits":
            return len(baskets)
        case "products":
            return len({row.product_id for row in lines} - {None})
        case "average":
            return spend / len(baskets) if baskets else None
        case "share_of_spend":
            base_spend = total(row.amount for row in base)
            return spend / base_spend if base_spend > 0 else None
    return {
        "spend": spend,
        "quantity": total(row.quantity for row in lines),
        "first": min(times, default=None),
        "last": max(times, default=None),
    }[keyword]


def total(amounts: Iterable[Decimal | None]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts if amount is not None), Fraction(0))
