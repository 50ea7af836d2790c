"""The planner decides about every member as a naive planner written from the design does (A-03, A-06)."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.enums import Channel, Choice, Purpose
from campaigns.core.model.reasons import SkipReason
from campaigns.offers.ranking.ranking_model import BUILT_IN, RankingModel
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.runs.planning.plan import Plan, make_plan
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.runs.planning.query_session import QuerySession
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.checks.channel_checks import CHANNELS_BY_PURPOSE, PARTNER_CHANNELS
from campaigns.workspace.settings_file import load_settings
from tests.support.examples import examples
from tests.support.generated_members import AS_OF, GeneratedMember, GeneratedPopulation, snapshot
from tests.support.planner_oracle import RULES, OracleDecision, PlannerOracle
from tests.support.rule_source import parse_rule

WORKSPACE = Path(__file__).parents[2] / "support" / "sample_workspace_files" / "config"
CATALOGUE = load_catalogue(WORKSPACE / "catalogue.yaml")
SETTINGS = load_settings(WORKSPACE / "settings.yaml")
VOCABULARY = RuleVocabulary(CATALOGUE, {}, frozenset(), frozenset())
CONDITIONS = {name: parse_rule(text, VOCABULARY) for name, (text, _) in RULES.items()}
SALT = "drawn"
STOPS = [reason.value for reason in SkipReason if reason.startswith("suppressed_")]
_YES = sorted(choice.value for choice in Choice if choice.permits)


@st.composite
def generated_members(draw: st.DrawFn, number: int) -> GeneratedMember:
    """Draw from few values of each kind, so that members share addresses, households and letter boxes."""
    common_choices = st.sets(st.sampled_from(Choice), max_size=3)
    rare_choices = st.just(frozenset()) | st.sets(
        st.sampled_from([Choice.NO_PURCHASE_DETAIL, Choice.EMAIL_OWN]), max_size=2
    )
    suppressed_kinds = draw(st.lists(st.sampled_from(["email", "phone", "address"]), max_size=1))
    return GeneratedMember(
        member_id=f"m{number}",
        register=draw(st.sampled_from(["owners", "household", "customers"])),
        household_id=draw(st.sampled_from([None, None, "h1", "h2"])),
        email=draw(st.sampled_from([None, "a@example.org", "A@example.org", "b@example.org", f"{number}@example.org"])),
        phone=draw(
            st.sampled_from(
                [None, "+358401111111", "+358402222222", "+35891234567", "+46701234567", f"+3585000000{number:02}"]
            )
        ),
        letter_box=draw(st.sampled_from([None, "1", "2", "3"])),
        unit=draw(st.sampled_from(["", "1", "2", "3"])),
        on=frozenset(draw(common_choices) | draw(rare_choices)),
        newsletters=draw(st.sampled_from([frozenset(), frozenset({"food"}), frozenset({"other"})])),
        withdrawn=frozenset(draw(st.sets(st.sampled_from([*_YES, "newsletter:food"]), max_size=2))),
        suppressed=tuple((kind, draw(st.sampled_from(STOPS)), draw(st.booleans())) for kind in suppressed_kinds),
        household_size=draw(st.sampled_from([None, 1, 2])),
        birth_date=draw(st.sampled_from([None, date(1970, 5, 5), date(2000, 1, 10), date(2000, 1, 11)])),
        coffee=draw(st.sampled_from([0, 0, 5])),
        heard=tuple(draw(st.lists(st.sampled_from([-1, 1, 6, 8]), max_size=2))),
    )


POPULATIONS = st.integers(3, 12).flatmap(
    lambda size: st.tuples(*(generated_members(number) for number in range(size))).map(list)
)


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Any]:
    purpose = draw(st.sampled_from(Purpose))
    partner = purpose is Purpose.MARKETING and draw(st.booleans())
    permitted = PARTNER_CHANNELS if partner else CHANNELS_BY_PURPOSE[purpose]
    channels = draw(st.lists(st.sampled_from(permitted), min_size=1, unique=True))
    without_audience = draw(st.booleans())
    names = draw(st.sampled_from([["all"], ["one", "two"], ["one", "two", "three"]]))
    rules = [name for name, (_, basket) in RULES.items() if not (partner and basket)]
    rule_names = {name: draw(st.sampled_from(rules)) for name in names[:-1]} | {
        names[-1]: draw(st.sampled_from([None, None, *rules]))
    }
    channels_by_variant = {name: draw(st.sets(st.sampled_from(channels), min_size=1)) for name in names}
    # a channel without a template is refused at load
    channels_by_variant[names[-1]] |= set(channels) - set().union(*channels_by_variant.values())
    return {
        "audience": None if without_audience else draw(st.sampled_from(rules)),
        "rules": rule_names,
        "holdout": draw(st.sampled_from([0, 0, 15])),
        "spec": {
            "name": "hi",
            "title": {"fi": "x", "sv": "x", "en": "x"},
            "purpose": purpose,
            "newsletter": "food" if purpose is Purpose.NEWSLETTER else None,
            "sender": {"partner": "Hotel" if partner else None},
            "schedule": {"at": "2018-01-10 10:00"},
            "channels": channels,
            "variants": [
                {
                    "name": name,
                    "when": rule_names[name] and CONDITIONS[rule_names[name]],
                    **dict.fromkeys(channels_by_variant[name], "hello"),
                }
                for name in names
            ],
            "one_per": draw(st.sampled_from([None, "household"])),
            "holdout": f"{draw(st.sampled_from([0, 0, 40]))} percent",
            "limits": {"per_member": draw(st.sampled_from([None, {"messages": 1, "rolling": "7 days"}]))},
        },
    }


@pytest.fixture(scope="module")
def population() -> Iterator[GeneratedPopulation]:
    generated = GeneratedPopulation()
    yield generated
    generated.connection.close()


def plan_and_oracle(
    population: GeneratedPopulation, campaign_case: dict[str, Any], members: list[GeneratedMember]
) -> tuple[Plan, PlannerOracle]:
    """Return the plan of a campaign, and the oracle for the same campaign."""
    audience = campaign_case["audience"] and CONDITIONS[campaign_case["audience"]]
    campaign = Campaign.model_validate(campaign_case["spec"] | {"audience": audience})
    planner_settings = SETTINGS.model_copy(
        update={"holdout": campaign.holdout * 0 + campaign_case["holdout"] / type(campaign.holdout)(100)}
    )
    plan_input = PlanInput(
        campaign=campaign,
        as_of=AS_OF,
        audiences={},
        catalogue=CATALOGUE,
        settings=planner_settings,
        definition_hash="",
        profile_fields=(),
        variant_offers={},
        holdout_salt=SALT,
        ranking_model=RankingModel.load(BUILT_IN),
    )
    population.fill(members)
    return make_plan(QuerySession(population.connection), plan_input, snapshot(members)), PlannerOracle(
        campaign, planner_settings, campaign_case["audience"], campaign_case["rules"], SALT
    )


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(campaign_case=campaigns(), members=POPULATIONS)
def test_planner_decisions_equal_those_of_the_oracle(population, campaign_case, members):
    plan, oracle = plan_and_oracle(population, campaign_case, members)
    rows = plan.session.fetch_dicts(plan.ordered_decisions())
    decisions = {
        row["member_id"]: OracleDecision(row["variant"], row["channel"], row["reason"], bool(row["used_basket"]))
        for row in rows
    }
    assert decisions == oracle.plan(members)
    _check_counts(plan, rows, oracle, members)
    _check_claim_order(rows, members)


def _check_counts(plan, rows, oracle, members):
    plan_counts = plan.counts
    assert plan_counts.matched == len(rows) == plan_counts.sent + plan_counts.skipped
    assert plan_counts.unknown == oracle.unknown(members)
    assert plan_counts.population + plan_counts.not_processed == len(members)
    assert sum(plan_counts.variants.values()) == plan_counts.sent


def _check_claim_order(rows, members):
    boxes = {member.member_id: member.letter_box for member in members}
    sends = [row for row in rows if row["kind"] == "send"]
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[: len(sends)] == sends
    order = list(Channel)
    keys = [
        (order.index(row["channel"]), (boxes[row["member_id"]] or "") * (row["channel"] == "post"), row["member_id"])
        for row in sends
    ]
    assert keys == sorted(keys)


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(campaign_case=campaigns(), members=POPULATIONS)
def test_member_order_changes_no_decision(population, campaign_case, members):
    first, _ = plan_and_oracle(population, campaign_case, members)
    before = first.session.fetch_rows(first.ordered_decisions())
    second, _ = plan_and_oracle(population, campaign_case, members[::-1])
    assert second.session.fetch_rows(second.ordered_decisions()) == before
