"""Purchases of the goods of a run's offers within its window, by members who allow the use of their purchases.

The buyers of up to 62 offers stand in the bits of one number, so that a run of millions keeps a few numbers a member.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

import pyarrow as pa

from campaigns.core.clock import to_warehouse_time
from campaigns.core.model.enums import Purpose
from campaigns.offers.ranking.offer_items import RankedOffer, goods_of_items, goods_of_offers, offer_items
from campaigns.results.reports.conversions import ASSIGNED, HOLDOUTS
from campaigns.results.reports.lift import ADDRESSED
from campaigns.results.reports.statistics import Proportion
from campaigns.runs.engine import Engine
from campaigns.runs.planning.match import create_population
from campaigns.runs.planning.plan import register_snapshot
from campaigns.runs.planning.query_session import QuerySession

_BITS: Final = 62
_BIT_OF_LINE: Final = f"CASE WHEN offer // {_BITS} = {{0}} THEN 1::BIGINT << (offer % {_BITS}) ELSE 0 END"
_SHOWN: Final = "shown_offers"
_ASSIGNED: Final = "assigned"
_MEASURABLE: Final = """
    CREATE OR REPLACE TEMP TABLE measurable AS SELECT member_id FROM population WHERE NOT no_purchase_detail
"""
_BUYERS: Final = """
    CREATE OR REPLACE TEMP TABLE buyers AS
    SELECT member_id, {words}
    FROM purchase_lines JOIN goods USING (product_id)
    WHERE goods.weight = 1 AND purchased_at >= $since AND purchased_at < $until
    GROUP BY member_id
"""
_PLACES: Final = """
    SELECT offer, place, count(*), count(*) FILTER (trackable), count(measurable.member_id),
        count(*) FILTER (measurable.member_id IS NOT NULL AND {bought})
    FROM shown_offers LEFT JOIN measurable USING (member_id) LEFT JOIN buyers USING (member_id)
    GROUP BY offer, place
"""
_UNITS: Final = """
    WITH units AS (
        SELECT CASE WHEN reason IN ({holdouts}) THEN reason ELSE '{addressed}' END AS cohort, unit, {words}
        FROM assigned JOIN measurable USING (member_id) LEFT JOIN buyers USING (member_id)
        GROUP BY cohort, unit
    )
    SELECT cohort, count(*), {sums} FROM units GROUP BY cohort
"""


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """Messages that showed an offer in a place, and members among them.

    `trackable` allow their clicks to be noted, `measurable` the use of their purchases; `bought` are those of these who
    bought the offer's goods, and None where purchases are not read.
    """

    offer: int
    place: int
    messages: int
    trackable: int
    measurable: int = 0
    bought: int | None = None

    def plus(self, other: "PlaceCount") -> "PlaceCount":
        """Return the sum with more messages, in this place."""
        return PlaceCount(
            self.offer,
            self.place,
            self.messages + other.messages,
            self.trackable + other.trackable,
            self.measurable + other.measurable,
            None if self.bought is None or other.bought is None else self.bought + other.bought,
        )


@dataclass(frozen=True, slots=True)
class OfferPurchases:
    """Purchases of one run's offers, whose goods are `goods` in the session; `number` of them are in bits."""

    session: QuerySession
    number: int

    @classmethod
    @contextmanager
    def between(cls, engine: Engine, offers: Sequence[RankedOffer], since: datetime, until: datetime) -> Iterator[Self]:
        """Open the warehouse and read who bought which offer's own goods from `since` until before `until`.

        Lines of special goods are not there; members who forbid the use of their purchases, restricted and erased
        members are not measurable.
        """
        repository, now = engine.context.repository, engine.context.clock.now()
        with closing(repository.warehouse.connect(now)) as connection:
            session = QuerySession(connection)
            create_population(session, Purpose.SERVICE, register_snapshot(session, engine.queries.snapshot()))
            connection.execute(_MEASURABLE)
            items = offer_items(offers)
            session.register("offer_item", items.offer_item)
            session.register("item_source", items.item_source)
            columns = [field[0] for field in connection.execute("FROM products LIMIT 0").description]
            session.create_table("item_goods", goods_of_items(items, columns))
            session.create_table("goods", goods_of_offers())
            span = {"since": to_warehouse_time(since), "until": to_warehouse_time(until)}
            connection.execute(_BUYERS.format(words=_words(len(offers), _BIT_OF_LINE)), span)
            yield cls(session, len(offers))

    def count_places(self, piece: pa.Table) -> Iterator[PlaceCount]:
        """Yield the counts of a piece of shown offers (see `ShownOffers.pieces`)."""
        self.session.register(_SHOWN, piece)
        rows = self.session.connection.execute(_PLACES.format(bought=self._bought())).fetchall()
        yield from (PlaceCount(*row) for row in rows)

    def count_units(self, engine: Engine, run_number: int) -> Mapping[str, Sequence[Proportion]]:
        """Return for the addressed and each holdout what share of units bought each offer's goods.

        A unit is a member, or members who were drawn together; it counts by those who allow the use of their purchases.
        """
        self.session.register(_ASSIGNED, engine.context.ledger.fetch_arrow(ASSIGNED.format(number=run_number)))
        statement = _UNITS.format(
            holdouts=", ".join(f"'{reason}'" for reason in HOLDOUTS),
            addressed=ADDRESSED,
            words=_words(self.number, "coalesce(word_{}, 0)"),
            sums=", ".join(f"sum((word_{n // _BITS} >> {n % _BITS}) & 1)" for n in range(self.number)),
        )
        rows = self.session.connection.execute(statement).fetchall()
        return {cohort: [Proportion(int(bought), total) for bought in numbers] for cohort, total, *numbers in rows}

    def _bought(self) -> str:
        words = " ".join(f"WHEN {word} THEN word_{word}" for word in range(_word_count(self.number)))
        return f"(CASE offer // {_BITS} {words} END >> (offer % {_BITS})) & 1 = 1"


def count_places_only(piece: pa.Table) -> Iterator[PlaceCount]:
    """Yield the counts of a piece of shown offers without purchases."""
    grouped = piece.group_by(["offer", "place"]).aggregate([("member_id", "count"), ("trackable", "sum")])
    names = ("offer", "place", "member_id_count", "trackable_sum")
    yield from (PlaceCount(*row) for row in zip(*(grouped.column(name).to_pylist() for name in names), strict=True))


def _words(offers: int, value: str) -> str:
    """Return the columns that unite the bits of some rows, from the `value` of each word by its number."""
    return ", ".join(f"bit_or({value.format(word)}) AS word_{word}" for word in range(_word_count(offers)))


def _word_count(offers: int) -> int:
    return (offers + _BITS - 1) // _BITS
