"""Calendar: rates and caps that the expected messages of a day put at risk."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.core.model.campaign import Campaign, FrequencyCap, SendRate
from campaigns.core.model.enums import Channel, Purpose
from campaigns.core.model.settings import Settings
from campaigns.core.model.warm_up import WarmUp
from campaigns.runs.capacity.cap_risks import Overlap, _pressures, _risks
from campaigns.runs.capacity.expected_sends import ExpectedSend
from campaigns.runs.capacity.rate_risks import rate_risks
from campaigns.store.runs.run_tables import Run
from tests.support.provider_fixtures import SETTINGS

NOON = datetime(2018, 1, 8, 10, tzinfo=UTC)  # 12:00 in Helsinki
BEFORE = NOON - timedelta(days=1)
HOURLY = SendRate(100, timedelta(hours=1))
TITLE = {"fi": "Hei", "sv": "Hej", "en": "Hello"}


def send(
    name: str = "letter", number: int = 1, *, due: datetime = NOON, published: bool = True, daily: bool = False,
    channel: str = "email", messages: int = 1000, **keys: Any,
) -> ExpectedSend:  # fmt: skip
    """Return an occasion of a campaign whose last plan is run `number`."""
    campaign = Campaign.model_validate(
        {
            "title": TITLE,
            "name": name,
            "purpose": "marketing",
            "schedule": {"at": "2018-01-08 12:00", "send_by": timedelta(hours=8)},
            "channels": [channel],
            "variants": [{"name": "all", channel: "hello"}],
            **keys,
        }
    )
    counts = dict.fromkeys(("population", "matched", "unknown", "not_processed"), 0)
    counts |= {"sends": {channel: messages}, "variants": {}, "shares": {}, "arms": {}, "skips": {}}
    plan = Run(
        run_id=name, number=number, campaign=name, purpose="marketing", due_at=due, scheduled=True, state="planned",
        counts=counts,
    )  # fmt: skip
    return ExpectedSend(due, name, campaign.purpose, campaign, published, daily, None, plan)


def with_rate(rate: SendRate | None, warm_up: WarmUp | None = None) -> Settings:
    email = SETTINGS.channels.email.model_copy(update={"rate": rate, "warm_up": warm_up})
    return SETTINGS.model_copy(update={"channels": SETTINGS.channels.model_copy(update={"email": email})})


@pytest.mark.parametrize(("messages", "is_risk"), [(800, False), (801, True)])
def test_a15_a_day_beyond_the_accounts_rate_is_at_risk(messages: int, is_risk: bool) -> None:
    """Eight hours at a hundred an hour."""
    risks = rate_risks([send(messages=messages)], with_rate(HOURLY), BEFORE)
    assert [(risk.limit, risk.messages, risk.capacity) for risk in risks] == [
        ("channels.email.rate", 801, 800)
    ] * is_risk


def test_a15_quiet_hours_shorten_the_day() -> None:
    (risk,) = rate_risks([send(messages=700, quiet_hours={"email": "18:00-09:00"})], with_rate(HOURLY), BEFORE)
    assert risk.capacity == 600


def test_a15_campaigns_of_one_day_share_an_account_and_drafts_are_named() -> None:
    both = [send(messages=500), send("other", 2, messages=500, published=False)]
    (risk,) = rate_risks(both, with_rate(HOURLY), BEFORE)
    assert (risk.campaign, risk.messages, risk.with_drafts) == (None, 1000, True)


def test_a_warm_up_a_campaigns_rate_and_its_max_sends_are_limits() -> None:
    warm_up = WarmUp(start=date(2018, 1, 8), first_day=300, growth=2)
    campaign = send(messages=1000, limits={"rate": "100 per hour"}, max_sends=900)
    risks = rate_risks([campaign], with_rate(None, warm_up), BEFORE)
    assert {risk.limit: risk.capacity for risk in risks} == {
        "channels.email.warm_up": 100,
        "limits.rate": 800,
        "max_sends": 900,
    }


def test_what_is_past_or_goes_by_post_has_no_rate() -> None:
    assert rate_risks([send()], with_rate(HOURLY), NOON) == []
    assert rate_risks([send(channel="post")], with_rate(HOURLY), BEFORE) == []


WEEK = FrequencyCap(messages=1, rolling=timedelta(days=7), of=Purpose.MARKETING)
CAPPED = SETTINGS.model_copy(update={"per_member": (WEEK,)})


def risks(sends: list[ExpectedSend], overlap: Overlap) -> list[tuple[str, int, bool]]:
    pressures = [
        pressure
        for each in sends
        for drafts in (False, True)
        for pressure in _pressures(each, sends, CAPPED, drafts=drafts)
    ]
    return [(risk.campaign, risk.members, risk.with_drafts) for risk in _risks(pressures, overlap, CAPPED)]


def test_a07_members_of_two_campaigns_in_the_window_are_at_risk_in_the_later_one() -> None:
    first, second = send(due=NOON - timedelta(days=3)), send("second", 2)
    overlap = {frozenset({1}): 50, frozenset({2}): 40, frozenset({1, 2}): 10}
    assert risks([first, second], overlap) == [("second", 10, False)]
    assert risks([send(due=NOON - timedelta(days=8)), second], overlap) == []


def test_a07_a_draft_puts_a_cap_at_risk_only_once_it_is_published() -> None:
    first, second = send(due=NOON - timedelta(days=3), published=False), send("second", 2)
    assert risks([first, second], {frozenset({1, 2}): 10}) == [("second", 10, True)]


def test_a07_a_daily_campaign_writes_to_others_each_day() -> None:
    days = [send(due=NOON - timedelta(days=day), daily=True) for day in range(5)]
    assert risks(days, {frozenset({1}): 3}) == []
    assert risks([*days, send("second", 2)], {frozenset({1, 2}): 3}) == [("second", 3, False)]


def test_a07_service_messages_count_against_no_cap() -> None:
    first, second = send(due=NOON - timedelta(days=3), purpose="service"), send("second", 2)
    assert risks([first, second], {frozenset({1, 2}): 10}) == []


def test_channels_of_a_campaign_never_planned_are_those_of_its_file() -> None:
    never = ExpectedSend(NOON, "letter", "marketing", send().campaign, True, False, None, None)
    assert (never.messages, never.sends, never.channels) == (None, {}, [Channel.EMAIL])
