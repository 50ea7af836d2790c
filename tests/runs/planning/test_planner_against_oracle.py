"""The planner decides about every member as a naive one does that reads the design's sentences (A-03, A-06)."""

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
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.runs.planning.plan import Plan, make_plan
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.runs.planning.query_session import QuerySession
from campaigns.workspace.catalogue_file import load_catalogue
from campaigns.workspace.checks.channel_checks import CHANNELS_BY_PURPOSE, PARTNER_CHANNELS
from campaigns.workspace.settings_file import load_settings
from tests.support.generated_members import AS_OF, GeneratedMember, GeneratedPopulation, snapshot
from tests.support.planner_oracle import RULES, OracleDecision, PlannerOracle
from tests.support.rule_source import parsed

WORKSPACE = Path(__file__).parents[2] / "support" / "sample_workspace_files" / "config"
CATALOGUE = load_catalogue(WORKSPACE / "catalogue.yaml")
SETTINGS = load_settings(WORKSPACE / "settings.yaml")
VOCABULARY = RuleVocabulary(CATALOGUE, {}, frozenset(), frozenset())
CONDITIONS = {name: parsed(text, VOCABULARY) for name, (text, _) in RULES.items()}
SALT = "drawn"
STOPS = [reason.value for reason in SkipReason if reason.startswith("suppressed_")]
_YES = sorted(choice.value for choice in Choice if choice.permits)


@st.composite
def souls(draw: st.DrawFn, number: int) -> GeneratedMember:
    """Few values of each kind, so that members share addresses, households and boxes."""
    common = st.sets(st.sampled_from(Choice), max_size=3)
    rare = st.just(frozenset()) | st.sets(st.sampled_from([Choice.NO_PURCHASE_DETAIL, Choice.EMAIL_OWN]), max_size=2)
    kinds = draw(st.lists(st.sampled_from(["email", "phone", "address"]), max_size=1))
    return GeneratedMember(
        member_id=f"m{number}",
        register=draw(st.sampled_from(["owners", "household", "customers"])),
        household_id=draw(st.sampled_from([None, None, "h1", "h2"])),
        email=draw(st.sampled_from([None, "a@example.org", "A@example.org", "b@example.org", f"{number}@example.org"])),
        phone=draw(
            st.sampled_from([None, "+358401111111", "+358402222222", "+35891234567", f"+3585000000{number:02}"])
        ),
        letter_box=draw(st.sampled_from([None, "1", "2", "3"])),
        unit=draw(st.sampled_from(["", "1", "2", "3"])),
        on=frozenset(draw(common) | draw(rare)),
        newsletters=draw(st.sampled_from([frozenset(), frozenset({"food"}), frozenset({"other"})])),
        withdrawn=frozenset(draw(st.sets(st.sampled_from([*_YES, "newsletter:food"]), max_size=2))),
        suppressed=tuple((kind, draw(st.sampled_from(STOPS)), draw(st.booleans())) for kind in kinds),
        household_size=draw(st.sampled_from([None, 1, 2])),
        birth_date=draw(st.sampled_from([None, date(1970, 5, 5), date(2000, 1, 10), date(2000, 1, 11)])),
        coffee=draw(st.sampled_from([0, 0, 5])),
        heard=tuple(draw(st.lists(st.sampled_from([1, 6, 8]), max_size=2))),
    )


CROWDS = st.integers(3, 12).flatmap(lambda size: st.tuples(*(souls(number) for number in range(size))).map(list))


@st.composite
def campaigns(draw: st.DrawFn) -> dict[str, Any]:
    purpose = draw(st.sampled_from(Purpose))
    partner = purpose is Purpose.MARKETING and draw(st.booleans())
    permitted = PARTNER_CHANNELS if partner else CHANNELS_BY_PURPOSE[purpose]
    channels = draw(st.lists(st.sampled_from(permitted), min_size=1, unique=True))
    subscribers = purpose is Purpose.NEWSLETTER and draw(st.booleans())
    names = draw(st.sampled_from([["all"], ["one", "two"], ["one", "two", "three"]]))
    rules = [name for name, (_, basket) in RULES.items() if not (partner and basket)]
    whens = {name: draw(st.sampled_from(rules)) for name in names[:-1]} | {
        names[-1]: draw(st.sampled_from([None, None, *rules]))
    }
    said = {name: draw(st.sets(st.sampled_from(channels), min_size=1)) for name in names}
    said[names[-1]] |= set(channels) - set().union(*said.values())  # a channel without words is refused at load
    return {
        "audience": None if subscribers else draw(st.sampled_from(rules)),
        "whens": whens,
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
                {"name": name, "when": whens[name] and CONDITIONS[whens[name]], **dict.fromkeys(said[name], "hello")}
                for name in names
            ],
            "one_per": draw(st.sampled_from([None, "household"])),
            "holdout": f"{draw(st.sampled_from([0, 0, 40]))} percent",
            "limits": {"per_member": draw(st.sampled_from([None, {"messages": 1, "rolling": "7 days"}]))},
        },
    }


@pytest.fixture(scope="module")
def market() -> Iterator[GeneratedPopulation]:
    market = GeneratedPopulation()
    yield market
    market.connection.close()


def planned(
    market: GeneratedPopulation, asked: dict[str, Any], crowd: list[GeneratedMember]
) -> tuple[Plan, PlannerOracle]:
    """The plan of a campaign, and the naive planner of the same."""
    audience = asked["audience"] and CONDITIONS[asked["audience"]]
    campaign = Campaign.model_validate(asked["spec"] | {"audience": audience})
    held = SETTINGS.model_copy(
        update={"holdout": campaign.holdout * 0 + asked["holdout"] / type(campaign.holdout)(100)}
    )
    brief = PlanInput(
        campaign=campaign,
        as_of=AS_OF,
        audiences={},
        catalogue=CATALOGUE,
        settings=held,
        definition_hash="",
        profile_fields=(),
        variant_offers={},
        holdout_salt=SALT,
    )
    market.fill(crowd)
    return make_plan(QuerySession(market.connection), brief, snapshot(crowd)), PlannerOracle(
        campaign, held, asked["audience"], asked["whens"], SALT
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=campaigns(), crowd=CROWDS)
def test_the_planner_decides_as_its_description_says(market, asked, crowd):
    made, naive = planned(market, asked, crowd)
    rows = made.session.fetch_dicts(made.ordered_decisions())
    found = {
        row["member_id"]: OracleDecision(row["variant"], row["channel"], row["reason"], bool(row["used_basket"]))
        for row in rows
    }
    assert found == naive.plan(crowd)
    _tally_adds_up(made, rows, naive, crowd)
    _sends_come_first_in_claim_order(rows, crowd)


def _tally_adds_up(made, rows, naive, crowd):
    tally = made.tally
    assert tally.matched == len(rows) == tally.sent + tally.skipped
    assert tally.unknown == naive.unknown(crowd)
    assert tally.population + tally.not_processed == len(crowd)
    assert sum(tally.variants.values()) == tally.sent


def _sends_come_first_in_claim_order(rows, crowd):
    boxes = {soul.member_id: soul.letter_box for soul in crowd}
    sends = [row for row in rows if row["kind"] == "send"]
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[: len(sends)] == sends
    order = list(Channel)
    keys = [
        (order.index(row["channel"]), (boxes[row["member_id"]] or "") * (row["channel"] == "post"), row["member_id"])
        for row in sends
    ]
    assert keys == sorted(keys)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=campaigns(), crowd=CROWDS)
def test_the_order_of_the_members_changes_no_decision(market, asked, crowd):
    first, _ = planned(market, asked, crowd)
    before = first.session.fetch_rows(first.ordered_decisions())
    second, _ = planned(market, asked, crowd[::-1])
    assert second.session.fetch_rows(second.ordered_decisions()) == before
