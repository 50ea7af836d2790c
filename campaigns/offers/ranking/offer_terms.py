"""Tables of the ranking in a query session: sets of goods, popularity, and the terms of members and offers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

import pyarrow as pa
from sqlalchemy import Integer, Select, TableClause, cast, column, func, literal, select, table

from campaigns.offers.ranking import terms
from campaigns.offers.ranking.offer_facts import known_facts, offer_facts, with_known_facts
from campaigns.offers.ranking.offer_items import RankedOffer, goods_of_items, goods_of_offers, offer_items
from campaigns.offers.ranking.purchase_counts import RECIPIENTS, MemberPiece, calendar

MEMBERS_PER_PIECE: Final = 50_000
LINES_PER_PIECE: Final = 4_000_000
"""Members of one statement, and their lines of 90 days: a statement of so many takes less than 1 GB."""
SAMPLED_MEMBERS: Final = 10_000
"""Members whose baskets say how popular goods are: a larger number adds cost, and no digit that matters."""
_SAMPLE_BLOCK: Final = 1250  # members with neighbouring ids, whose purchases are stored side by side
NO_FACTS: Final[Mapping[str, Sequence[float]]] = MappingProxyType({})
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
    """Tables of one ranking, in place, and the pieces of `ranked_members` that a statement each is for."""

    as_of: datetime
    pieces: Sequence[MemberPiece]

    def member_terms(self) -> Iterator[Select[Any]]:
        """Yield the statement of each piece: the terms of members and offers with purchases that speak of them."""
        return (terms.member_terms(self.as_of, piece, COLD_START_BASKETS) for piece in self.pieces)

    def default_terms(self) -> Select[Any]:
        """Return the statement of each offer's terms for members without such purchases."""
        return terms.default_terms()


def create_term_tables(
    session: RankingSession,
    recipients: TableClause,
    population: TableClause,
    offers: Sequence[RankedOffer],
    as_of: datetime,
    facts: Mapping[str, Sequence[float]] = NO_FACTS,
) -> TermTables:
    """Create what the statements of terms read; the session has the views `purchase_lines` and `products`.

    `recipients` and `population` have `member_id`: the members to rank for, and those whose purchases make goods
    popular. Neither may have members who forbid the use of their purchase lines. With `facts` of offers by id (see
    `offer_facts.UNKNOWN`) these are taken, and the population is not read.
    """
    items = offer_items(offers)
    session.register("ranked_offers", items.ranked_offers)
    session.register("offer_item", items.offer_item)
    session.register("item_source", items.item_source)
    session.register("calendar", calendar(as_of))
    register_columns = [field[0] for field in session.connection.execute("FROM products LIMIT 0").description]
    session.create_table("item_goods", goods_of_items(items, register_columns))
    session.create_table("goods", goods_of_offers())
    if facts:
        session.register("known_facts", known_facts(facts))
        session.create_table("offer_facts", with_known_facts())
        size = MEMBERS_PER_PIECE
    else:
        session.create_table("ranked_members", _sample(population, session.count_rows(population)))
        session.create_table("offer_facts", offer_facts(as_of, _pieces(session, _SAMPLE_BLOCK)))
        size = _piece_size(session)
    session.create_table("ranked_members", _numbered(recipients))
    return TermTables(as_of, _pieces(session, size))


def _piece_size(session: RankingSession) -> int:
    """Return the members of a piece by the lines of the population, which were counted for the facts."""
    query = "SELECT coalesce(max(lines), 0) / greatest((SELECT count(*) FROM ranked_members), 1) FROM offer_facts"
    lines_a_member = session.connection.execute(query).fetchone()[0]
    return max(1, min(MEMBERS_PER_PIECE, int(LINES_PER_PIECE / max(lines_a_member, 1))))


def _pieces(session: RankingSession, size: int) -> Sequence[MemberPiece]:
    """Return pieces of `ranked_members` by id, each of at most `size` members."""
    query = f"SELECT min(member_id), max(member_id) FROM ranked_members GROUP BY (member - 1) // {size} ORDER BY 1"
    return [MemberPiece(first, last) for first, last in session.connection.execute(query).fetchall()]


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
        ids = rows.join(RECIPIENTS, RECIPIENTS.c.member == rows.c.member)
        values = (rows.c[name] for name in names[1:])
        session.insert("offer_terms", select(RECIPIENTS.c.member_id, *values).select_from(ids))
    return table("offer_terms", *map(column, names))


def _sample(population: TableClause, size: int) -> Select[Any]:
    """Select blocks of members, spread over all ids, so that facts cost the same for a large co-operative."""
    numbered = _numbered(population).subquery("numbered")
    block = func.floor((numbered.c.member - 1) / float(_SAMPLE_BLOCK))
    return select(*numbered.c).where(cast(block, Integer) % max(1, size // SAMPLED_MEMBERS) == 0)


def _numbered(members: TableClause) -> Select[Any]:
    """Select members with a number each, by id."""
    number = func.row_number().over(order_by=members.c.member_id)
    return select(members.c.member_id, cast(number, Integer).label("member"))
