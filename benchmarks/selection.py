"""Benchmark of a rule with three time windows over every member, against the best hand-written SQL."""

import shutil
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import func, select

from benchmarks.timing import best_of_rounds, print_figure, time_work
from benchmarks.world import AS_OF, World
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Purpose
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from campaigns.runs.engine import Engine
from campaigns.runs.planning.aggregate_cache import AggregateCache
from campaigns.runs.planning.match import create_population
from campaigns.runs.planning.plan import register_snapshot
from campaigns.runs.planning.query_session import QuerySession

NESTED_RULE: Final = """
title: Three windows
match:
  all:
    - age: {{from: 18}}
    - region: [Uusimaa, Varsinais-Suomi, Pirkanmaa]
    - any:
        - bought: {{where: {{department: [MEAT, MEAT-PCKGD, SEAFOOD]}}, within: 28 days, visits: {{at_least: {limit}}}}}
        - bought: {{where: {{product_category: CHEESE}}, within: 56 days, quantity: {{at_least: 4}}}}
    - not:
        bought: {{where: {{product_category: SOFT DRINKS, brand: National}}, within: 90 days, spend: {{at_least: 15}}}}
"""
PROFILE_RULE: Final = (
    "title: Profile\nmatch: {{all: [{{age: {{from: {limit}}}}}, {{region: [Uusimaa, Lappi]}}, {{language: sv}}]}}\n"
)

_PROFILE_FILTER: Final = """
    region IN ('Uusimaa', 'Varsinais-Suomi', 'Pirkanmaa') AND birth_date <= DATE '2000-01-01' AND NOT no_purchase_detail
"""
_UNTIL: Final = "purchased_at < TIMESTAMP '2018-01-01 08:00:00'"
_GOODS: Final = """
    SELECT product_id, department IN ('MEAT', 'MEAT-PCKGD', 'SEAFOOD') AS meat, product_category = 'CHEESE' AS cheese,
           product_category = 'SOFT DRINKS' AND brand = 'National' AS soft
    FROM products
    WHERE department IN ('MEAT', 'MEAT-PCKGD', 'SEAFOOD') OR product_category = 'CHEESE'
       OR product_category = 'SOFT DRINKS' AND brand = 'National'
"""
_SUMS: Final = """
    SELECT member_id,
           count(DISTINCT basket_id) FILTER (meat AND purchased_at >= TIMESTAMP '2017-12-03 22:00:00') AS visits,
           sum(quantity) FILTER (cheese AND purchased_at >= TIMESTAMP '2017-11-05 22:00:00') AS quantity,
           sum(amount) FILTER (soft) AS spend
"""


def hand_written_queries(files: str) -> dict[str, str]:
    """Return three ways to write the query; the best depends on the data, so all are timed."""
    lines = f"FROM read_parquet({files}) JOIN ({_GOODS}) USING (product_id)"
    since = f"purchased_at >= TIMESTAMP '2017-10-02 21:00:00' AND {_UNTIL}"
    condition = "coalesce(spend, 0) < 15 AND (coalesce(visits, 0) >= 2 OR coalesce(quantity, 0) >= 4)"
    one_scan = f"SELECT count(*) FROM population LEFT JOIN ({_SUMS} {lines} WHERE {since} {{only}} GROUP BY member_id) "

    def having(goods: str, day: str, total: str) -> str:
        return (
            f"SELECT member_id FROM read_parquet({files}) SEMI JOIN (FROM ({_GOODS}) WHERE {goods}) USING (product_id) "
            f"WHERE purchased_at >= TIMESTAMP '{day}' AND {_UNTIL} GROUP BY member_id HAVING {total}"
        )

    meat = having("meat", "2017-12-03 22:00:00", "count(DISTINCT basket_id) >= 2")
    cheese = having("cheese", "2017-11-05 22:00:00", "sum(quantity) >= 4")
    soft = having("soft", "2017-10-02 21:00:00", "sum(amount) >= 15")
    return {
        "one scan": one_scan.format(only="") + f"USING (member_id) WHERE {_PROFILE_FILTER} AND {condition}",
        "one scan of the members that the profile leaves": one_scan.format(
            only=f"AND member_id IN (SELECT member_id FROM population WHERE {_PROFILE_FILTER})"
        )
        + f"USING (member_id) WHERE {_PROFILE_FILTER} AND {condition}",
        "three scans": f"SELECT count(*) FROM population ANTI JOIN ({soft}) USING (member_id) WHERE {_PROFILE_FILTER} "
        f"AND (member_id IN ({meat}) OR member_id IN ({cheese}))",
    }


def measure(world: World, rounds: int = 3) -> None:
    """Report the figures of a world."""
    engine = world.engine()
    with closing(engine.context.repository.warehouse.connect(AS_OF)) as connection:
        session = QuerySession(connection)
        snapshot = register_snapshot(session, engine.queries.snapshot())
        create_population(session, Purpose.MARKETING, snapshot)
        connection.execute("CREATE TEMP TABLE stored_population AS FROM population")
        connection.execute("CREATE OR REPLACE TEMP VIEW population AS FROM stored_population")
        files = [
            str(engine.context.workspace.warehouse / name)
            for name in engine.context.repository.warehouse.manifest().files("purchases")
        ]
        folder = world.root / "data" / "kept"
        shutil.rmtree(folder, ignore_errors=True)
        caching_session = QuerySession(connection, cache=AggregateCache(folder))
        hand_written = hand_written_queries(str(files))

        def count_by_rule(session: QuerySession, limit: int, hours: int = 0) -> int:
            return _count(session, engine, NESTED_RULE.format(limit=limit), hours)

        def count_by_sql(sql: str) -> int:
            (row,) = connection.execute(sql).fetchall()
            return int(row[0])

        answers = {count_by_rule(session, 2), *map(count_by_sql, hand_written.values())}
        assert len(answers) == 1, answers
        sql_counts = {f"by hand, {name}": partial(count_by_sql, sql) for name, sql in hand_written.items()}
        figures = best_of_rounds({"the rule": partial(count_by_rule, session, 2), **sql_counts}, rounds)
        first_run = time_work(partial(count_by_rule, caching_session, 2))
        cached_figures = best_of_rounds(
            {
                "the rule again, another limit": partial(count_by_rule, caching_session, 3),
                "the rule again, an hour later": partial(count_by_rule, caching_session, 2, 1),
                "a rule on the profile only": partial(_count, session, engine, PROFILE_RULE.format(limit=30), 0),
            },
            rounds,
        )
    print_figure(f"members matched, of {world.members:,}", f"{answers.pop():,}")
    _print_times(figures | {"the rule, first time with its totals kept": first_run} | cached_figures)
    best_sql_cpu = min(cpu for name, (_, cpu) in figures.items() if name != "the rule")
    print_figure("the rule, of the best by hand (cpu)", f"{figures['the rule'][1] / best_sql_cpu:.2f} ×")


def _print_times(times: Mapping[str, tuple[float, float]]) -> None:
    for name, (clock, cpu) in times.items():
        print_figure(name, f"{clock:.2f} s, cpu {cpu:.2f} s")


def _count(session: QuerySession, engine: Engine, text: str, hours: int) -> int:
    path = engine.context.workspace.audiences / "benchmark.yaml"
    path.write_text(text, "utf-8")
    engine.context.reload_files()
    condition, _ = engine.context.repository.audience("benchmark")
    path.unlink()
    return _matched(session, engine, condition.match, hours)


def _matched(session: QuerySession, engine: Engine, condition: Condition, hours: int) -> int:
    repository = engine.context.repository
    scope = RuleScope(
        as_of=AS_OF + timedelta(hours=hours),
        zone=repository.settings.zone,
        catalogue=repository.catalogue,
        audiences={},
        salt="benchmark",
    )
    evaluated = session.evaluate_rules("evaluated", select_conditions({"audience": condition}, scope))
    return int(session.fetch_rows(select(func.count()).select_from(evaluated).where(evaluated.c.audience))[0][0])
