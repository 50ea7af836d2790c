"""Twenty audiences over the demonstration: what the program counts is what hand-written SQL counts."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import pytest
from typer.testing import CliRunner

from campaigns.cli.main import app
from campaigns.core.model.condition import InAudience
from campaigns.core.model.enums import Language, Purpose
from campaigns.core.yaml.source import read_yaml
from campaigns.rules.operators import OPERATORS
from campaigns.rules.operators.measures import MEASURES
from campaigns.rules.parse import KEYWORDS
from campaigns.rules.select import select_conditions
from campaigns.runs.engine import Engine
from campaigns.runs.planning.match import create_population
from campaigns.runs.planning.plan import register_snapshot
from campaigns.runs.planning.query_session import QuerySession
from campaigns.workspace.paths import Workspace

HERE: Final = Path(__file__).parent
AS_OF: Final = datetime(2018, 1, 1, 10, 0, tzinfo=ZoneInfo("Europe/Helsinki"))
COUNTS: Final[dict[str, dict[str, int]]] = read_yaml(HERE / "counts.yaml").value


def by_hand(audience: str) -> str:
    """The query that says for each of `people` whether the audience takes them."""
    return (HERE / "sql" / f"{audience}.sql").read_text(encoding="utf-8")


def counted(engine: Engine, audience: str) -> dict[str, int]:
    count = engine.queries.count(engine.queries.count_query(audience, AS_OF), Language.EN)
    return {"matched": count.matched, "unknown": count.unknown}


@pytest.mark.parametrize("audience", COUNTS)
def test_hand_written_sql_counts_what_the_table_says(raw: duckdb.DuckDBPyConnection, audience: str) -> None:
    count = "SELECT count(*) FILTER (holds), count(*) FILTER (holds IS NULL), count(*)"
    matched, unknown, rows = raw.execute(f"{count} FROM ({by_hand(audience)})").fetchall()[0]
    assert {"matched": matched, "unknown": unknown} == COUNTS[audience]
    assert raw.execute("SELECT count(*) FROM people").fetchall() == [(rows,)]


@pytest.mark.parametrize("audience", COUNTS)
def test_an_audience_counts_what_the_table_says(engine: Engine, audience: str) -> None:
    assert counted(engine, audience) == COUNTS[audience]


@pytest.fixture(scope="module")
def over_spark(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The same workspace, but for one line of its settings."""
    root = tmp_path_factory.mktemp("spark") / "demonstration"
    shutil.copytree(demonstration, root)
    with Workspace(root).settings.open("a", encoding="utf-8") as settings:
        settings.write("\nwarehouse: {engine: spark, master: 'local[2]'}\n")
    with closing(Engine.open(Workspace(root), "tester")) as engine:
        yield engine


@pytest.mark.spark
def test_spark_takes_the_same_members_into_every_audience(
    over_spark: Engine, views: duckdb.DuckDBPyConnection, raw: duckdb.DuckDBPyConnection
) -> None:
    from audiences.warehouse.spark import open_spark

    asked = over_spark.count_query("active_members", AS_OF)
    everything = select_conditions({name: InAudience(name=name) for name in COUNTS}, asked.scope)
    spark = open_spark(over_spark.repository.warehouse, AS_OF, "local[2]")
    judged = QuerySession(views, spark).evaluate_rules("judged_by_spark", everything)
    for audience in COUNTS:
        taken = views.execute(f"SELECT member_id, {audience} FROM {judged.name}").fetchall()
        assert dict(taken) == dict(raw.execute(by_hand(audience)).fetchall()), audience


@pytest.mark.spark
def test_a_line_of_the_settings_moves_the_rules_to_spark(engine: Engine, over_spark: Engine) -> None:
    assert counted(over_spark, "families") == COUNTS["families"]
    tallies = []
    for each in (engine, over_spark):
        draft, _ = each.repository.campaign_definition("beauty_newsletter")
        with each.plan_without_saving(draft, AS_OF) as plan:
            tallies.append(plan.counts)
    assert tallies[0] == tallies[1]
    assert tallies[0].matched


@pytest.fixture(scope="module")
def views(engine: Engine) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the views that a rule reads, for whoever pastes SQL into it."""
    with closing(engine.context.repository.warehouse.connect(AS_OF)) as connection:
        bench = QuerySession(connection)
        create_population(bench, Purpose.MARKETING, register_snapshot(bench, engine.queries.snapshot()))
        yield connection


@pytest.mark.parametrize("audience", COUNTS)
def test_the_printed_sql_runs_as_it_is_and_takes_the_same_members(
    demonstration: Path, views: duckdb.DuckDBPyConnection, raw: duckdb.DuckDBPyConnection, audience: str
) -> None:
    command = ["--workspace", str(demonstration), "audience", "count", audience, "--as-of", "2018-01-01T10:00", "--sql"]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 0, printed.output
    rows = views.execute(printed.stdout).fetchall()
    assert {member: audience for member, audience, *_ in rows} == dict(raw.execute(by_hand(audience)).fetchall())


def words(value: Any) -> Iterator[str]:
    """Every key that is written in a rule."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield key
        yield from words(inner)
    for inner in value if isinstance(value, list) else ():
        yield from words(inner)


def test_the_audiences_use_every_word_of_the_language(engine: Engine) -> None:
    assert len(COUNTS) == 20
    folder = engine.context.workspace.audiences
    used = {word for audience in COUNTS for word in words(read_yaml(folder / f"{audience}.yaml").value)}
    written = {word for word, operator in OPERATORS.items() if operator.explicit}
    assert used >= written | set(MEASURES) | set(KEYWORDS)
