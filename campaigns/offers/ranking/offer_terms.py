"""Tables of the ranking in a query session: sets of goods, popularity, and the terms of members and offers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import Integer, Select, TableClause, cast, column, func, literal, select, table

from campaigns.offers.ranking import terms
from campaigns.offers.ranking.offer_items import (
    RankedOffer,
    goods_of_items,
    goods_of_offers,
    offer_items,
)

MEMBERS_PER_PIECE: Final = 50_000
"""Members of one statement: with the lines of a year, a statement of so many takes less than 1 GB."""
SAMPLED_MEMBERS: Final = 10_000
"""Members whose baskets say how popular goods are: a larger number adds cost, and no digit that matters."""
COLD_START_BASKETS: Final = 4
"""Members with fewer baskets see offers by their recent popularity."""


class RankingSession(Protocol):
    """Query session that the ranking reads and fills; a `QuerySession` of the planner is one."""

    @property
    def connection(self) -> Any: ...
    def register(self, name: str, data: pa.Table, /) -> TableClause: ...
    def create_table(self, name: str, statement: Select[Any], /) -> TableClause: ...
    def insert(self, name: str, statement: Select[Any], /) -> None: ...
    def count_rows(self, source: TableClause, /) -> int: ...


@dataclass(frozen=True, slots=True)
class TermTables:
    """Tables of one ranking, in place: `pieces` statements of members, each for its part of `ranked_members`."""

    as_of: datetime
    pieces: int

    def member_terms(self) -> Iterator[Select[Any]]:
        """Yield the statement of each piece: the terms of members and offers with purchases that speak of them."""
        return (terms.member_terms(self.as_of, piece, COLD_START_BASKETS) for piece in range(self.pieces))

    def default_terms(self) -> Select[Any]:
        """Return the statement of each offer's terms for members without such purchases."""
        return terms.default_terms()


def create_term_tables(
    session: RankingSession,
    recipients: TableClause,
    population: TableClause,
    offers: Sequence[RankedOffer],
    as_of: datetime,
) -> TermTables:
    """Create what the statements of terms read; the session has the views `purchase_lines` and `products`.

    `recipients` and `population` have `member_id`: the members to rank for, and those whose purchases make goods
    popular. Neither may have members who forbid the use of their purchase lines.
    """
    items = offer_items(offers)
    session.register("ranked_offers", items.ranked_offers)
    session.register("offer_item", items.offer_item)
    session.register("item_source", items.item_source)
    session.register("calendar", terms.calendar(as_of))
    register_columns = [field[0] for field in session.connection.execute("FROM products LIMIT 0").description]
    session.create_table("item_goods", goods_of_items(items, register_columns))
    session.create_table("goods", goods_of_offers())
    session.create_table("ranked_members", _sample(population, session.count_rows(population)))
    session.create_table("popularity", terms.popularity(as_of))
    pieces = max(1, -(-session.count_rows(recipients) // MEMBERS_PER_PIECE))
    session.create_table("ranked_members", _numbered(recipients, pieces))
    return TermTables(as_of, pieces)


def create_offer_terms(
    session: RankingSession,
    recipients: TableClause,
    population: TableClause,
    offers: Sequence[RankedOffer],
    as_of: datetime,
) -> TableClause:
    """Create `offer_terms`, for training: `member_id`, `offer_id`, the terms by name, `last_bought_at`.

    Rows with an empty `member_id` are the terms of an offer for members without purchases that speak of it.
    """
    tables = create_term_tables(session, recipients, population, offers, as_of)
    default = tables.default_terms().subquery("default_terms")
    names = ("member_id", "offer_id", *terms.TERM_NAMES)
    session.create_table("offer_terms", select(literal("").label("member_id"), *default.c))
    for piece in tables.member_terms():
        rows = piece.subquery("piece_terms")
        session.insert("offer_terms", select(*(rows.c[name] for name in names)))
    return table("offer_terms", *map(column, names))


def _sample(population: TableClause, size: int) -> Select[Any]:
    """Select every so many-th member by id, so that the facts of goods cost the same for a large co-operative."""
    numbered = _numbered(population, max(1, size // SAMPLED_MEMBERS)).subquery("numbered")
    return select(*numbered.c).where(numbered.c.piece == 0)


def _numbered(members: TableClause, pieces: int) -> Select[Any]:
    """Select members with a number each, and the piece of the work that the number falls into."""
    number = func.row_number().over(order_by=members.c.member_id)
    return select(
        members.c.member_id, cast(number, Integer).label("member"), cast(number % pieces, Integer).label("piece")
    )
