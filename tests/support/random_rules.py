"""Generator of random rules: all of the language, with numbers and dates near the edges."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

DEPARTMENTS = ["COSMETICS", "MEAT", "PRODUCE"]
BRANDS = ["National", "Private"]
REGIONS = ["Uusimaa", "Pirkanmaa", "Lappi"]
POSTAL_CODES = ["00100", "33100", "00%", "P_a"]
CAMPAIGNS = ["win_back", "weekend_offer"]
PURPOSES = ["marketing", "newsletter"]
CHANNELS = ["email", "sms"]
SPANS = [0, 1, 3, 28, 90]
NEAR_DAYS = [-3, -1, 0, 1, 2, 3, 4, 28, 29, 90, 91]  # first day of each span, and the day before
MONEY = [Decimal(value) for value in ("0", "5", "10", "-5", "9.50", "0.01", "4.75", "15", "20")]
SHARES = [Decimal(value) for value in ("0", "0.25", "0.3", "0.5", "0.95", "1")]

Rule = dict[str, Any]


class RandomRules:
    """Generate rules for one day; `audiences` are names that they may refer to."""

    def __init__(self, random: Random, today: date, audiences: list[str]) -> None:
        self.random, self.audiences = random, audiences
        self.days = [today - timedelta(days=days_back) for days_back in NEAR_DAYS]

    def rule(self, depth: int = 3) -> Rule:
        kind = self.random.random()
        if depth == 0 or kind < 0.6:
            return self.leaf()
        if kind < 0.7:
            return {"not": self.rule(depth - 1)}
        parts = [self.rule(depth - 1) for _ in range(self.random.randint(1, 3))]
        return {self.random.choice(["all", "any"]): parts}

    def leaf(self) -> Rule:
        kinds = [self.field, self.field, self.bought, self.bought, self.shopped, self.message, self.single]
        if self.audiences and self.random.random() < 0.1:
            return {"audience": self.random.choice(self.audiences)}
        return self.random.choice(kinds)()

    def field(self) -> Rule:
        comparisons = {
            "register": lambda: self.texts(["owners", "customers"]),
            "region": lambda: self.texts(REGIONS),
            "postal_code": lambda: self.texts(POSTAL_CODES, ["0", "00", "%", "_", "1"]),
            "household_size": lambda: self.numbers([0, 1, 2, 3]),
            "bonus_last_month": lambda: self.numbers(MONEY),
            "age": lambda: self.or_known(self.numbers([16, 17, 18, 19, 20])),
            "member_since": lambda: self.or_known(self.dates()),
            "last_login": lambda: self.or_known(self.instants()),
            "app_user": lambda: self.or_known(self.random.random() < 0.5),
        }
        name = self.random.choice(list(comparisons))
        return {name: comparisons[name]()}

    def single(self) -> Rule:
        choices: list[Rule] = [
            {"birthday": "today"},
            {"birthday": {"in_next": self.span()}},
            {"sample": f"{self.random.randint(0, 100)} percent"},
            {"sample": {"share": self.random.choice(SHARES), "salt": "spring"}},
        ]
        return self.random.choice(choices)

    def bought(self) -> Rule:
        available = ["visits", "spend", "quantity", "products", "average", "first", "last", "share_of_spend"]
        measures = self.measures(available)
        where = {"where": self.where()} if self.random.random() < 0.7 else {}
        of = {"of": self.where()} if "share_of_spend" in measures and self.random.random() < 0.3 else {}
        return {"bought": {**where, **of, **self.window(), **measures}}

    def shopped(self) -> Rule:
        available = ["visits", "spend", "quantity", "average", "first", "last"]
        return {"shopped": {**self.window(), **self.measures(available)}}

    def message(self) -> Rule:
        filters = {
            "campaign": self.random.choice(CAMPAIGNS),
            "purpose": self.random.choice(PURPOSES),
            "channel": self.random.choice(CHANNELS),
            "times": self.numbers([0, 1, 2]),
        }
        chosen_filters = {key: value for key, value in filters.items() if self.random.random() < 0.4}
        return {self.random.choice(["received", "clicked"]): {**chosen_filters, **self.window()}}

    def where(self) -> Rule:
        comparisons = {
            "department": self.texts(DEPARTMENTS),
            "brand": self.texts(BRANDS),
            "product_id": self.texts(["p1", "p2"], ["p", "1"]),
            "quantity": self.numbers([1, 2, 4]),
            "purchased_at": self.instants(),
        }
        names = self.random.sample(list(comparisons), self.random.choice([1, 1, 2]))
        return {name: comparisons[name] for name in names}

    def measures(self, available: list[str]) -> Rule:
        comparisons: dict[str, Any] = {
            **dict.fromkeys(("spend", "average"), MONEY),
            **dict.fromkeys(("visits", "quantity", "products"), (0, 1, 2, 3)),
            "share_of_spend": SHARES,
        }
        names = self.random.sample(available, self.random.choice([0, 1, 1, 2]))
        return {name: self.numbers(comparisons[name]) if name in comparisons else self.instants() for name in names}

    def window(self) -> Rule:
        first, last = sorted(self.random.choices(self.days, k=2))
        return self.random.choice(
            [{}, {"within": self.span()}, {"from": first, "to": last}, {"from": first}, {"to": last}]
        )

    # tests

    def numbers(self, values: Sequence[Any]) -> Any:
        operators = ["at_least", "at_most", "more_than", "less_than", "from", "to"]
        return self.comparison(
            values, {keyword: lambda: self.random.choice(values) for keyword in operators}, allow_bare=True
        )

    def texts(self, values: list[str], fragments: list[str] | None = None) -> Any:
        operators: dict[str, Any] = {"known": lambda: self.random.random() < 0.5}
        if fragments:
            operators |= {keyword: lambda: self.random.choice(fragments) for keyword in ("starts_with", "contains")}
        return self.comparison(values, operators, allow_bare=True)

    def dates(self) -> Any:
        return self.comparison(self.days, self.day_operators(), allow_bare=True)

    def instants(self) -> Any:
        return self.comparison(self.days, self.day_operators(), allow_bare=False)

    def day_operators(self) -> dict[str, Any]:
        return {
            "from": lambda: self.random.choice(self.days),
            "to": lambda: self.random.choice(self.days),
            "before": lambda: self.random.choice([f"{self.span()} ago", self.random.choice(self.days)]),
            "within": self.span,
            "in_next": self.span,
        }

    def comparison(self, values: Sequence[Any], operators: dict[str, Any], *, allow_bare: bool) -> Any:
        """Return a value, a list, or one or two operators; `from` is never after `to`."""
        several = self.random.choices(values, k=self.random.randint(1, 3))
        if allow_bare:
            operators = {**operators, "is_not": lambda: self.random.choice([several, several[0]])}
        kind = self.random.random()
        if allow_bare and kind < 0.4:
            return several[0] if kind < 0.2 else several
        comparisons = {
            keyword: operators[keyword]()
            for keyword in self.random.sample(list(operators), self.random.choice([1, 1, 2]))
        }
        if "from" in comparisons and "to" in comparisons:
            comparisons["from"], comparisons["to"] = sorted([comparisons["from"], comparisons["to"]])
        return comparisons

    def or_known(self, comparisons: Any) -> Any:
        return comparisons if self.random.random() < 0.8 else {"known": self.random.random() < 0.5}

    def span(self) -> str:
        return f"{self.random.choice(SPANS)} days"
