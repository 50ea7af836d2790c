"""Generator of random worlds with edge cases: midnights, as_of, days without midnight, missing values."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.random_rules import (
    BRANDS,
    CAMPAIGNS,
    CHANNELS,
    DEPARTMENTS,
    NEAR_DAYS,
    POSTAL_CODES,
    PURPOSES,
    REGIONS,
)
from tests.support.rule_world import Click, Line, Member, Receipt, RuleWorld, SentMessage

ZONES = ["Europe/Helsinki", "America/Sao_Paulo"]  # in the second, 15 October 2017 begins at one o'clock
MOMENTS = [
    (2018, 1, 1, 10, 0),
    (2018, 1, 1, 0, 0),
    (2017, 10, 29, 3, 30),  # comes twice in Helsinki
    (2018, 3, 25, 4, 0),  # the hour before does not exist in Helsinki
    (2017, 10, 15, 12, 0),
    (2017, 10, 18, 9, 0),
    (2018, 2, 28, 8, 0),  # the birthday of those born on 29 February
    (2018, 3, 1, 8, 0),
    (2020, 2, 28, 8, 0),
    (2020, 2, 29, 23, 59),
]
BIRTHS = [
    date(year, month, day)
    for year, month, day in [
        (2000, 2, 29),
        (2000, 2, 28),
        (2000, 3, 1),
        (2000, 1, 1),
        (1999, 12, 31),
        (2001, 10, 29),
        (1999, 10, 16),
    ]
]
CENTS = [Decimal(value) for value in ("0.00", "0.01", "5.00", "9.50", "10.00", "-5.00", "4.75")]
QUANTITIES = [Decimal(value) for value in ("1", "0.5", "2", "4")]


def seeded(seed: int) -> Random:
    """Return a reproducible random generator."""
    return Random(seed)  # noqa: S311 - reproducible, no secret


def any_moment(random: Random) -> tuple[datetime, ZoneInfo]:
    """Return an aware as_of and the zone of its days."""
    zone = ZoneInfo(random.choice(ZONES))
    return datetime(*random.choice(MOMENTS), tzinfo=zone, fold=random.randint(0, 1)), zone


class RandomWorld:
    """Generate a world around one moment."""

    def __init__(self, random: Random, as_of: datetime, zone: ZoneInfo) -> None:
        self.random, self.as_of, self.zone = random, as_of, zone
        self.today = as_of.astimezone(zone).date()

    def world(self) -> RuleWorld:
        ids = [f"m{number}" for number in range(8)]
        baskets = [f"b{number}" for number in range(16)]
        return RuleWorld(
            members=[self.member(member_id) for member_id in ids],
            receipts=[
                Receipt(
                    member_id=self.maybe(ids),
                    purchased_at=self.instant(),
                    basket_id=basket,
                    amount=self.maybe(CENTS),
                    quantity=self.maybe(QUANTITIES),
                )
                for basket in baskets
            ],
            lines=[self.line(ids) for _ in range(36)],
            sent=[SentMessage(**self.message(ids), sent_at=self.instant()) for _ in range(10)],
            clicks=[Click(**self.message(ids), clicked_at=self.instant()) for _ in range(10)],
        )

    def member(self, member_id: str) -> Member:
        return Member(
            member_id=member_id,
            register=self.random.choice(["owners", "household", "customers"]),
            postal_code=self.maybe(POSTAL_CODES),
            region=self.maybe(REGIONS),
            birth_date=self.maybe(BIRTHS),
            member_since=self.maybe([self.today - timedelta(days=days_back) for days_back in NEAR_DAYS]),
            last_login=self.maybe([self.instant()]),
            app_user=self.maybe([True, False]),
            household_size=self.maybe([0, 1, 2, 3]),
            bonus_last_month=self.maybe(CENTS),
            no_purchase_detail=self.random.choice([False, False, False, False, True, None]),
            tracking=self.random.choice([True, True, False, None]),
        )

    def line(self, ids: list[str]) -> Line:
        return Line(
            member_id=self.maybe(ids),
            purchased_at=self.instant(),
            basket_id=f"b{self.random.randint(0, 2)}",
            product_id=self.maybe(["p1", "p2", "p3"]),
            quantity=self.maybe(QUANTITIES),
            amount=self.maybe(CENTS),
            department=self.maybe(DEPARTMENTS),
            brand=self.maybe(BRANDS),
        )

    def message(self, ids: list[str]) -> dict[str, Any]:
        return {
            "member_id": self.random.choice(ids),
            "campaign": self.random.choice(CAMPAIGNS),
            "purpose": self.random.choice(PURPOSES),
            "channel": self.random.choice(CHANNELS),
        }

    def instant(self) -> datetime:
        """Return an instant at, just before or just after the start of a relevant day, as_of, or in between."""
        days_back = self.random.choice([*NEAR_DAYS, 400, 401])
        day_start = datetime.combine(self.today - timedelta(days=days_back), time.min, self.zone)
        edge = self.random.choice([day_start, day_start, day_start + timedelta(hours=13), self.as_of])
        offset = timedelta(microseconds=self.random.choice([-1, 0, 1]))
        return edge.astimezone(UTC).replace(tzinfo=None) + offset

    def maybe(self, values: list[Any]) -> Any:
        return None if self.random.random() < 0.15 else self.random.choice(values)
