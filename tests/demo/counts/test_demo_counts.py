"""Counts of twenty audiences of the demonstration, compared with hand-written SQL."""

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


def reference_sql(audience: str) -> str:
    """Return the hand-written query: for each of `people`, whether the audience matches."""
    return (HERE / "sql" / f"{audience}.sql").read_text(encoding="utf-8")


def program_counts(engine: Engine, audience: str) -> dict[str, int]:
    count = engine.queries.count(engine.queries.count_query(audience, AS_OF), Language.EN)
    return {"matched": count.matched, "unknown": count.unknown}


@pytest.mark.parametrize("audience", COUNTS)
def test_reference_sql_gives_the_expected_counts(raw: duckdb.DuckDBPyConnection, audience: str) -> None:
    count = "SELECT count(*) FILTER (holds), count(*) FILTER (holds IS NULL), count(*)"
    matched, unknown, rows = raw.execute(f"{count} FROM ({reference_sql(audience)})").fetchall()[0]
    assert {"matched": matched, "unknown": unknown} == COUNTS[audience]
    assert raw.execute("SELECT count(*) FROM people").fetchall() == [(rows,)]


@pytest.mark.parametrize("audience", COUNTS)
def test_an_audience_has_the_expected_counts(engine: Engine, audience: str) -> None:
    assert program_counts(engine, audience) == COUNTS[audience]


@pytest.fixture(scope="module")
def spark_engine(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Engine of the same workspace with Spark in its settings."""
    root = tmp_path_factory.mktemp("spark") / "demonstration"
    shutil.copytree(demonstration, root)
    with Workspace(root).settings.open("a", encoding="utf-8") as settings:
        settings.write("\nwarehouse: {engine: spark, master: 'local[2]'}\n")
    with closing(Engine.open(Workspace(root), "tester")) as engine:
        yield engine


@pytest.mark.spark
def test_spark_selects_the_same_members_for_every_audience(
    spark_engine: Engine, views: duckdb.DuckDBPyConnection, raw: duckdb.DuckDBPyConnection
) -> None:
    from audiences.warehouse.spark import open_spark

    query = spark_engine.queries.count_query("active_members", AS_OF)
    statement = select_conditions({name: InAudience(name=name) for name in COUNTS}, query.scope)
    spark = open_spark(spark_engine.context.repository.warehouse, AS_OF, "local[2]")
    evaluated = QuerySession(views, spark).evaluate_rules("evaluated_by_spark", statement)
    for audience in COUNTS:
        answers = views.execute(f"SELECT member_id, {audience} FROM {evaluated.name}").fetchall()
        assert dict(answers) == dict(raw.execute(reference_sql(audience)).fetchall()), audience


@pytest.mark.spark
def test_a_setting_moves_the_rules_to_spark(engine: Engine, spark_engine: Engine) -> None:
    assert program_counts(spark_engine, "families") == COUNTS["families"]
    counts = []
    for any_engine in (engine, spark_engine):
        campaign, _ = any_engine.context.repository.campaign_definition("beauty_newsletter")
        with any_engine.queries.plan_without_saving(campaign, AS_OF) as plan:
            counts.append(plan.counts)
    assert counts[0] == counts[1]
    assert counts[0].matched


@pytest.fixture(scope="module")
def views(engine: Engine) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB connection with the views that a rule reads."""
    with closing(engine.context.repository.warehouse.connect(AS_OF)) as connection:
        session = QuerySession(connection)
        create_population(session, Purpose.MARKETING, register_snapshot(session, engine.queries.snapshot()))
        yield connection


@pytest.mark.parametrize("audience", COUNTS)
def test_the_printed_sql_runs_unchanged_and_selects_the_same_members(
    demonstration: Path, views: duckdb.DuckDBPyConnection, raw: duckdb.DuckDBPyConnection, audience: str
) -> None:
    command = ["--workspace", str(demonstration), "audience", "count", audience, "--as-of", "2018-01-01T10:00", "--sql"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    rows = views.execute(result.stdout).fetchall()
    assert {member: audience for member, audience, *_ in rows} == dict(raw.execute(reference_sql(audience)).fetchall())


def keywords(value: Any) -> Iterator[str]:
    """Generate every key of a rule."""
    for key, part in value.items() if isinstance(value, dict) else ():
        yield key
        yield from keywords(part)
    for part in value if isinstance(value, list) else ():
        yield from keywords(part)


def test_the_audiences_use_every_keyword_of_the_rule_language(engine: Engine) -> None:
    assert len(COUNTS) == 20
    folder = engine.context.workspace.audiences
    used_keywords = {
        keyword for audience in COUNTS for keyword in keywords(read_yaml(folder / f"{audience}.yaml").value)
    }
    explicit_keywords = {keyword for keyword, operator in OPERATORS.items() if operator.explicit}
    assert used_keywords >= explicit_keywords | set(MEASURES) | set(KEYWORDS)
