"""Ranking of offers: processor time of the scores of all members for 150 offers, on one core."""

from datetime import datetime
from typing import Final

from sqlalchemy import column, table

from benchmarks.timing import peak_megabytes, print_figure, time_work
from benchmarks.world import AS_OF, World
from campaigns.offers.ranking.offer_items import RankedOffer
from campaigns.offers.ranking.offer_terms import TermTables, create_term_tables
from campaigns.offers.ranking.ranking_model import built_in_model
from campaigns.offers.ranking.score_offers import default_scores, member_scores
from campaigns.runs.planning.query_session import QuerySession

_OFFERS: Final = 150
_TYPES: Final = """
    SELECT product_type FROM products WHERE product_type IS NOT NULL
    GROUP BY product_type ORDER BY count(*) DESC, product_type LIMIT ?
"""


def measure(world: World, as_of: datetime = AS_OF) -> None:
    """Score the offers of every second of the commonest types for all members, with one thread."""
    with world.engine().context.repository.warehouse.connect(as_of) as connection:
        connection.execute("SET threads = 1")
        types = [row[0] for row in connection.execute(_TYPES, [2 * _OFFERS]).fetchall()]
        offers = [RankedOffer(f"o{number}", product_types=(name,)) for number, name in enumerate(types[::2])]
        connection.execute("CREATE TEMP TABLE everybody AS SELECT member_id FROM members")
        session, everybody = QuerySession(connection), table("everybody", column("member_id"))
        model = built_in_model()

        def prepare() -> None:
            tables.append(create_term_tables(session, everybody, everybody, offers, as_of))

        def score() -> None:
            session.create_table("scored", default_scores(tables[0].default_terms(), model))
            for piece in tables[0].member_terms():
                session.insert("scored", member_scores(piece, model))

        tables: list[TermTables] = []
        print_figure("members, offers", f"{world.members:,} × {len(offers)}")
        for name, work in (("goods and their popularity", prepare), ("scores of members", score)):
            elapsed, processor = time_work(work)
            print_figure(f"{name}: seconds, of the processor", f"{elapsed:.1f}, {processor:.1f}")
        rows = connection.execute("SELECT count(*) FROM scored").fetchone()
        print_figure("rows of scores", f"{rows[0]:,}" if rows else "0")
        print_figure("peak memory", f"{peak_megabytes():,.0f} MB")
