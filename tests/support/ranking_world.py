"""Small world of the ranking: a register, members and their days of purchases, in tables of DuckDB."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
from sqlalchemy import column, table

from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.offers.ranking.ranking_model import RankingModel, built_in_model
from campaigns.offers.ranking.score_offers import score_offers
from campaigns.runs.planning.query_session import QuerySession

AS_OF = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
PRODUCTS = [
    ("c1", "FOOD", "COFFEE", "GROUND", "National"),
    ("c2", "FOOD", "COFFEE", "GROUND", "Private"),
    ("c3", "FOOD", "COFFEE", "INSTANT", "National"),
    ("s1", "HOME", "SOAP", "BAR", "Private"),
    ("m1", "FOOD", "MILK", "FRESH", "National"),
]
OFFERS = (
    RankedOffer("ground", product_types=("GROUND",), product_categories=("COFFEE",)),
    RankedOffer("c1", products=("c1",)),
    RankedOffer("soap", product_categories=("SOAP",), departments=("HOME",)),
    RankedOffer("private", brand="Private"),
    RankedOffer("milk", product_types=("FRESH",)),
)


@dataclass(frozen=True)
class Visit:
    """Products that a member buys, some days ago."""

    member: str
    days_ago: int
    products: tuple[str, ...]


def every(member: str, days: int, times: int, *products: str, since: int = 1) -> list[Visit]:
    """Return visits at equal intervals, the last of them `since` days ago."""
    return [Visit(member, since + days * number, products) for number in range(times)]


def ranking_session(visits: Iterable[Visit]) -> QuerySession:
    """Return a session with the views that the ranking reads."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE products (product_id VARCHAR, department VARCHAR, product_category VARCHAR, "
        "product_type VARCHAR, brand VARCHAR)"
    )
    connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?)", PRODUCTS)
    connection.execute(
        "CREATE TABLE purchase_lines (member_id VARCHAR, basket_id VARCHAR, product_id VARCHAR, purchased_at TIMESTAMP)"
    )
    rows = [
        (visit.member, f"{visit.member}-{visit.days_ago}", product, _time(visit.days_ago))
        for visit in visits
        for product in visit.products
    ]
    if rows:
        connection.executemany("INSERT INTO purchase_lines VALUES (?, ?, ?, ?)", rows)
    return QuerySession(connection)


def _time(days_ago: int) -> datetime:
    return (AS_OF - timedelta(days=days_ago)).replace(tzinfo=None)


def scores(
    visits: Iterable[Visit],
    members: Sequence[str],
    offers: Sequence[RankedOffer] = OFFERS,
    model: RankingModel | None = None,
) -> dict[tuple[str, str], tuple[float, str | None]]:
    """Return the score and the reason of each row of `scored`; `members` are recipients and population."""
    session = ranking_session(visits)
    create_members(session, members)
    scored = score_offers(session, *MEMBER_TABLES, offers, model or built_in_model(), AS_OF)
    rows: list[tuple[Any, ...]] = session.connection.execute(f"FROM {scored.name}").fetchall()
    return {(member, offer): (score, reason) for member, offer, score, reason, _ in rows}


MEMBER_TABLES = (table("recipients", column("member_id")), table("buyers", column("member_id")))


def create_members(session: QuerySession, members: Sequence[str]) -> None:
    """Create the tables of recipients and of the population."""
    for name in ("recipients", "buyers"):
        session.connection.execute(f"CREATE TABLE {name} AS SELECT unnest(?::VARCHAR[]) AS member_id", [list(members)])
