"""One bad file stops only what uses it: audiences, offers and campaigns."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from campaigns.core.errors import Problem, UserError
from campaigns.core.model.enums import Language
from campaigns.offers.price_feed import import_offers
from campaigns.offers.ranking.ranking_model import BUILT_IN, built_in_model, model_problems
from campaigns.workspace.workspace_check import check_workspace, readable_campaigns
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

CAMPAIGN: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: AUDIENCE
channels: [email]
content: {email: hello}
"""
FEED: Final = """\
id;title_fi;title_sv;title_en;text_fi;text_sv;text_en;price;valid_from;valid_to;department;product_category;image
a;A;A;A;A;A;A;1.00;2018-01-01;2018-01-31;FOOD;COFFEE;a.png
"""
OWNERS: Final = CAMPAIGN.replace("AUDIENCE", "{register: [owners, customers]}")
OFFERS: Final = OWNERS.replace("content: {email: hello}", "content: {email: offers}\noffers: {at_most: 3}")


def write_audience(workspace: SampleWorkspace, name: str, rule: str) -> None:
    folder = workspace.root / "config" / "audiences"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(f"title: Somebody\nmatch: {rule}\n", "utf-8")
    workspace.reload()


def break_offers(workspace: SampleWorkspace) -> Path:
    file = workspace.root / "config" / "offers.yaml"
    file.write_text("offers:\n  - {id: a, price: cheap}\n", "utf-8")
    workspace.reload()
    return file


def check(workspace: SampleWorkspace) -> list[Problem]:
    return check_workspace(workspace.engine.context.repository, workspace.clock.time)


def found(problems: list[Problem] | tuple[Problem, ...]) -> list[tuple[str, int, str, str]]:
    return [
        (Path(problem.place.file).name, problem.place.line, problem.code, problem.severity.value)
        for problem in problems
        if problem.code in {"unknown_field", "faulty_audience"}
    ]


def test_audience_with_a_fault_stops_no_campaign_that_does_not_name_it(workspace: SampleWorkspace) -> None:
    write_audience(workspace, "bad", "{aeg: {from: 18}}")
    write_audience(workspace, "adults", "{register: owners}")
    assert workspace.plan("hi", OWNERS)[1].matched == len(MEMBERS)
    queries = workspace.engine.queries
    assert queries.count(queries.count_query("adults", workspace.clock.time), Language.EN).matched > 0


@pytest.mark.parametrize("name", ["bad", "outer"])
def test_audience_with_a_fault_stops_campaigns_and_counts_that_name_it(workspace: SampleWorkspace, name: str) -> None:
    write_audience(workspace, "bad", "{aeg: {from: 18}}")
    write_audience(workspace, "outer", "{audience: bad}")
    workspace.write_campaign("ho", CAMPAIGN.replace("AUDIENCE", name))
    with pytest.raises(UserError) as refused:
        workspace.plan("ho")
    places = found(refused.value.problems)
    assert ("outer.yaml" in {place[0] for place in places}) is (name == "outer")
    assert {("bad.yaml", 2, "unknown_field", "error"), ("ho.yaml", 4, "faulty_audience", "error")} <= set(places)
    with pytest.raises(UserError):
        workspace.engine.queries.count_query(name, workspace.clock.time)


def test_check_warns_of_a_fault_in_an_audience_until_a_campaign_names_it(workspace: SampleWorkspace) -> None:
    write_audience(workspace, "bad", "{aeg: {from: 18}}")
    workspace.write_campaign("hi", OWNERS)
    assert found(check(workspace)) == [("bad.yaml", 2, "unknown_field", "warning")]
    workspace.write_campaign("ho", CAMPAIGN.replace("AUDIENCE", "{not: {audience: bad}}"))
    assert found(check(workspace)) == [
        ("bad.yaml", 2, "unknown_field", "error"),
        ("ho.yaml", 4, "faulty_audience", "error"),
    ]


def test_problem_of_a_named_audience_says_where_to_mend_it(workspace: SampleWorkspace) -> None:
    write_audience(workspace, "bad", "{aeg: {from: 18}}")
    workspace.write_campaign("ho", CAMPAIGN.replace("AUDIENCE", "bad"))
    with pytest.raises(UserError) as refused:
        workspace.plan("ho")
    (problem,) = [each for each in refused.value.problems if each.code == "faulty_audience"]
    file = workspace.root / "config" / "audiences" / "bad.yaml"
    assert (problem.message, problem.hint) == ("the audience `bad` has a fault and cannot be used", f"mend {file}:2:9")


def test_audiences_in_a_cycle_stop_nobody_else(workspace: SampleWorkspace) -> None:
    write_audience(workspace, "one", "{audience: two}")
    write_audience(workspace, "two", "{audience: one}")
    assert workspace.plan("hi", OWNERS)[1].matched == len(MEMBERS)
    assert {problem.severity.value for problem in check(workspace) if problem.code == "audience_cycle"} == {"warning"}


def test_offers_with_a_fault_stop_only_campaigns_that_show_offers(workspace: SampleWorkspace) -> None:
    file = break_offers(workspace)
    assert workspace.plan("hi", OWNERS)[1].matched == len(MEMBERS)
    severities = {problem.severity.value for problem in check(workspace) if problem.place.file == str(file)}
    assert severities == {"warning"}
    with pytest.raises(UserError) as refused:
        workspace.plan("ho", OFFERS)
    assert {problem.place.file for problem in refused.value.problems} == {str(file)}
    severities = {problem.severity.value for problem in check(workspace) if problem.place.file == str(file)}
    assert severities == {"error"}


def test_review_of_categories_with_a_fault_stops_no_run_without_offers(workspace: SampleWorkspace) -> None:
    (workspace.root / "config" / "reviewed_categories.csv").write_text("nonsense\n", "utf-8")
    run = workspace.start("hi", OWNERS)
    assert workspace.engine.forecast.capacity_problem(run) is None
    assert workspace.send(run).closed


def test_ranking_model_with_a_fault_stops_only_campaigns_that_show_offers(workspace: SampleWorkspace) -> None:
    file = workspace.engine.context.workspace.ranking_model
    file.write_text("{nonsense", "utf-8")
    assert [(problem.place.file, problem.code) for problem in model_problems(file)] == [(str(file), "not_json")]
    assert workspace.plan("hi", OWNERS)[1].matched == len(MEMBERS)
    with pytest.raises(UserError) as refused:
        workspace.plan("ho", OFFERS)
    assert refused.value.problems == model_problems(file)


def test_run_keeps_the_ranking_model_that_it_was_planned_with(workspace: SampleWorkspace) -> None:
    file = workspace.engine.context.workspace.ranking_model
    first, _ = workspace.plan("ho", OFFERS)
    kept = workspace.engine.run_definitions.files(first).definition / "config" / "ranking.json"
    assert kept.read_bytes() == BUILT_IN.read_bytes()
    replace(built_in_model(), intercept=-9.0).save(file)
    assert kept.read_bytes() == BUILT_IN.read_bytes()
    again, _ = workspace.plan("ho", OFFERS)
    assert (again.number, again.definition) == (first.number, first.definition)
    assert kept.read_bytes() == file.read_bytes()


def test_price_feed_replaces_offers_with_a_fault(workspace: SampleWorkspace) -> None:
    break_offers(workspace)
    feed = workspace.root / "feed.csv"
    feed.write_text(FEED, "utf-8")
    assert import_offers(workspace.engine.context, feed).stored == 1
    workspace.reload()
    assert [offer.id for offer in workspace.engine.context.repository.offers] == ["a"]


def test_campaign_with_a_fault_leaves_the_others_in_the_calendar(workspace: SampleWorkspace) -> None:
    workspace.write_campaign("hi", OWNERS)
    workspace.write_campaign("ho", "purpose: markting\n")
    now = workspace.engine.context.clock.now()
    entries = workspace.engine.queries.calendar(now, now + timedelta(days=14))
    assert [entry.campaign.name for entry in entries] == ["hi"]
    assert {Path(problem.place.file).stem for problem in workspace.engine.queries.unreadable_campaigns()} == {"ho"}
    definitions, _ = readable_campaigns(workspace.engine.context.repository)
    assert [definition.campaign.name for definition in definitions] == ["hi"]
