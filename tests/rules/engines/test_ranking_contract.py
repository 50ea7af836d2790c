"""Contract of the ranking: DuckDB, PostgreSQL and Spark put the offers of each member in one order, for one reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any, Protocol

import pyarrow as pa
import pytest
import sqlalchemy as sa

from campaigns.core.clock import to_warehouse_time
from campaigns.offers.ranking import terms
from campaigns.offers.ranking.offer_facts import offer_facts
from campaigns.offers.ranking.offer_items import goods_of_items, goods_of_offers, offer_items
from campaigns.offers.ranking.offer_terms import COLD_START_BASKETS
from campaigns.offers.ranking.purchase_counts import MemberPiece, calendar
from campaigns.offers.ranking.ranking_model import built_in_model
from campaigns.offers.ranking.score_offers import default_scores, member_scores
from campaigns.rules.compile import compile_for
from campaigns.runs.planning.query_session import QuerySession
from tests.support.postgresql_server import schema
from tests.support.ranking_world import AS_OF, OFFERS, PRODUCTS, Visit, ranking_session

EVERYBODY = MemberPiece("m", "n")
MEMBERS = [f"m{number:02}" for number in range(24)]


class TableEngine(Protocol):
    """Engine that holds tables and answers statements."""

    def load(self, name: str, rows: pa.Table) -> None: ...
    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]: ...


class PostgresTables:
    """Tables in a schema of PostgreSQL."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def load(self, name: str, rows: pa.Table) -> None:
        types = {
            field.name: "text"
            if pa.types.is_string(field.type)
            else "timestamp"
            if pa.types.is_timestamp(field.type)
            else "date"
            if pa.types.is_date(field.type)
            else "boolean"
            if pa.types.is_boolean(field.type)
            else "double precision"
            if pa.types.is_floating(field.type)
            else "integer"
            for field in rows.schema
        }
        with self.engine.begin() as connection:
            columns = ", ".join(f"{column} {type_}" for column, type_ in types.items())
            connection.execute(sa.text(f"CREATE TABLE {name} ({columns})"))
            if rows.num_rows:
                connection.execute(sa.insert(sa.table(name, *map(sa.column, types))), rows.to_pylist())

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        compiled = compile_for(statement, "postgresql")
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(compiled.sql), dict(compiled.parameters))]


class SparkTables:
    """Tables in a session of Spark."""

    def __init__(self, spark: Any) -> None:
        self.spark = spark

    def load(self, name: str, rows: pa.Table) -> None:
        self.spark.register(name, rows)

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.spark.fetch_batches(statement).read_all().to_pylist()]


class DuckdbTables:
    """Tables in a session of the planner."""

    def __init__(self) -> None:
        self.session: QuerySession = ranking_session([])

    def load(self, name: str, rows: pa.Table) -> None:
        self.session.connection.execute(f"DROP TABLE IF EXISTS {name}")
        self.session.register(name, rows)

    def rows(self, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
        return self.session.fetch_rows(statement)


@contextmanager
def tables_of(name: str, request: pytest.FixtureRequest) -> Iterator[TableEngine]:
    """Yield an engine by name, with tables of its own."""
    if name == "spark":
        yield SparkTables(request.getfixturevalue("spark").spark)
        return
    with schema(request.getfixturevalue("postgresql_server")) as address:
        engine = sa.create_engine(address.set(drivername="postgresql+psycopg"))
        yield PostgresTables(engine)
        engine.dispose()


def drawn_visits() -> list[Visit]:
    random = Random(13)  # noqa: S311 - drawn purchases
    names = [product[0] for product in PRODUCTS]
    return [
        Visit(member, days, tuple(random.choices(names, k=random.randint(1, 4))))
        for member in MEMBERS
        for days in random.sample(range(1, 120), random.randint(0, 20))
    ]


def ranked(engine: TableEngine, visits: list[Visit]) -> list[tuple[Any, ...]]:
    """Return member, offer, score and reason in the order of messages, computed by the engine from plain tables."""
    items = offer_items(OFFERS)
    columns = ["product_id", "department", "product_category", "product_type", "brand"]
    moment = {visit: to_warehouse_time(AS_OF - timedelta(days=visit.days_ago)) for visit in visits}
    lines = [
        {"member_id": visit.member, "basket_id": "b", "product_id": product, "purchased_at": moment[visit]}
        for visit in visits
        for product in visit.products
    ]
    line_types = [("member_id", pa.string()), ("basket_id", pa.string()), ("product_id", pa.string())]
    line_schema = pa.schema([*line_types, ("purchased_at", pa.timestamp("us"))])
    engine.load("products", pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in PRODUCTS]))
    engine.load("purchase_lines", pa.Table.from_pylist(lines, schema=line_schema))
    for name in ("ranked_offers", "offer_item", "item_source"):
        engine.load(name, getattr(items, name))
    engine.load("calendar", calendar(AS_OF))
    numbers = [{"member_id": member, "member": number} for number, member in enumerate(MEMBERS)]
    engine.load("ranked_members", pa.Table.from_pylist(numbers))
    for name, statement in (
        ("item_goods", goods_of_items(items, columns)),
        ("goods", goods_of_offers()),
        ("offer_facts", offer_facts(AS_OF, [EVERYBODY])),
    ):
        names = [column.name for column in statement.selected_columns]
        engine.load(
            name,
            pa.Table.from_pylist([dict(zip(names, map(plain, row), strict=True)) for row in engine.rows(statement)]),
        )
    model = built_in_model()
    own = engine.rows(member_scores(terms.member_terms(AS_OF, EVERYBODY, COLD_START_BASKETS), model))
    default = engine.rows(default_scores(terms.default_terms(), model))
    rows = [(member, offer, float(score), reason, at) for member, offer, score, reason, at in [*own, *default]]
    return sorted(rows, key=lambda row: (row[0], -row[2], row[1]))


def plain(value: Any) -> Any:
    return float(value) if type(value).__name__ == "Decimal" else value


@pytest.mark.parametrize("engine", ["postgresql", pytest.param("spark", marks=pytest.mark.spark)])
def test_an_engine_orders_offers_as_duckdb_does(request: pytest.FixtureRequest, engine: str) -> None:
    visits = drawn_visits()
    expected = ranked(DuckdbTables(), visits)
    with tables_of(engine, request) as tables:
        actual = ranked(tables, visits)
    assert [(row[0], row[1], *row[3:]) for row in actual] == [(row[0], row[1], *row[3:]) for row in expected]
    assert [row[2] for row in actual] == pytest.approx([row[2] for row in expected], abs=2e-6)
    assert len({row[0] for row in actual}) > 15
