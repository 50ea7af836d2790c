"""Campaign files: loaded settings, defaults and warnings."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from audiences.consent.permissions import PERMISSION_TABLE
from campaigns.core.errors import Severity, UserError
from campaigns.core.model.audience import Audience
from campaigns.core.model.campaign import Campaign, SendRate
from campaigns.core.model.condition import InAudience
from campaigns.core.model.enums import Channel, Purpose
from campaigns.rules.vocabulary import RuleVocabulary
from campaigns.workspace.campaign_file import load_campaign
from campaigns.workspace.checks.channel_checks import CHANNELS_BY_PURPOSE, PARTNER_CHANNELS

EXAMPLES = sorted((Path(__file__).parents[1] / "examples" / "campaigns").glob("*.yaml"))
MINIMAL = """\
title: {fi: Edut, sv: Förmåner, en: Offers}
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: owners}
"""

LoadText = Callable[..., tuple[Campaign, list[tuple[str, str]]]]


@pytest.fixture
def load_text(tmp_path: Path, vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]) -> LoadText:
    """Function that loads a campaign text; returns the campaign and (position, code) of its warnings."""

    def load(text: str, now: datetime | None = None) -> tuple[Campaign, list[tuple[str, str]]]:
        path = tmp_path / "offers.yaml"
        path.write_text(text)
        campaign, warnings = load_campaign(path, vocabulary, audiences=audiences, now=now)
        assert all(warning.severity is Severity.WARNING and warning.hint for warning in warnings)
        return campaign, [(f"{warning.place.line}:{warning.place.column}", warning.code) for warning in warnings]

    return load


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_without_a_warning(
    path: Path, vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]
) -> None:
    campaign, warnings = load_campaign(path, vocabulary, audiences=audiences, newsletters={"beauty"})
    assert campaign.name == path.stem
    assert warnings == ()


def test_every_setting_of_an_example_is_loaded(vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]) -> None:
    campaign, _ = load_campaign(EXAMPLES[0].with_name("weekend_offer.yaml"), vocabulary, audiences=audiences)
    assert campaign.channels == (Channel.SMS, Channel.EMAIL)
    assert [(variant.name, variant.when is None, variant.sms) for variant in campaign.variants] == [
        ("grill", False, "weekend_grill"),
        ("cheese", True, "weekend_cheese"),
    ]
    assert campaign.schedule.late_by == timedelta(hours=2)
    assert campaign.limits.rate == SendRate(100, timedelta(seconds=1))
    assert campaign.limits.per_member is not None
    assert campaign.limits.per_member.rolling == timedelta(days=7)
    assert campaign.quiet_hours[Channel.SMS].action == "hold"


def test_content_becomes_a_single_variant_for_everyone(load_text: LoadText) -> None:
    campaign, warnings = load_text(f"{MINIMAL}content: {{sms: weekend, email: weekend}}\n")
    assert [(variant.name, variant.when, variant.email, variant.post) for variant in campaign.variants] == [
        ("everyone", None, "weekend", None)
    ]
    assert warnings == []


def test_missing_channels_default_to_those_with_a_template(load_text: LoadText) -> None:
    campaign, _ = load_text(f"{MINIMAL}content: {{post: weekend, email: weekend}}\n")
    assert campaign.channels == (Channel.EMAIL, Channel.POST)


def test_a_newsletter_goes_by_email_to_its_subscribers(load_text: LoadText) -> None:
    text = MINIMAL.replace("marketing", "newsletter").replace("audience: {register: owners}", "newsletter: beauty")
    campaign, warnings = load_text(f"{text}content: {{email: beauty}}\n")
    assert campaign.channels == (Channel.EMAIL,)
    assert campaign.audience is None
    assert warnings == []


def test_an_audience_may_be_a_bare_name(load_text: LoadText) -> None:
    text = MINIMAL.replace("{register: owners}", "beauty_buyers")
    campaign, _ = load_text(f"{text}content: {{email: weekend}}\n")
    assert campaign.audience == InAudience("beauty_buyers")
    assert (campaign.audience.place.line, campaign.audience.place.column) == (4, 11)


def test_shares_are_exact_decimals(load_text: LoadText) -> None:
    campaign, _ = load_text(f"{MINIMAL}content: {{email: weekend}}\nholdout: 0.1\n")
    assert campaign.holdout == Decimal("0.1")


@pytest.mark.parametrize(
    ("extra_text", "expected"),
    [
        ("variants:\n  - {name: one, when: {age: {from: 18}}, email: weekend}\n", [("6:17", "no_last_variant")]),
        ("channels: [email]\ncontent: {email: weekend, sms: weekend}\n", [("6:27", "unused_template")]),
        ('content: {email: weekend}\nquiet_hours: {sms: "20:00-09:00"}\n', [("6:15", "unused_quiet_hours")]),
    ],
)
def test_a_doubtful_setting_is_a_warning(load_text: LoadText, extra_text: str, expected: list[tuple[str, str]]) -> None:
    assert load_text(MINIMAL + extra_text)[1] == expected


def test_a_campaign_without_an_audience_is_a_warning(load_text: LoadText) -> None:
    text = MINIMAL.replace("audience: {register: owners}\n", "")
    assert load_text(f"{text}content: {{email: weekend}}\n")[1] == [("1:1", "everybody")]


def test_the_rights_purpose_is_a_warning(load_text: LoadText) -> None:
    text = MINIMAL.replace("marketing", "rights")
    assert load_text(f"{text}content: {{email: code}}\n")[1] == [("2:1", "rights_purpose")]


@pytest.mark.parametrize(("minute", "expected"), [(29, []), (30, [("3:12", "past")])])
def test_a_past_start_is_a_warning_if_the_current_time_is_given(
    load_text: LoadText, minute: int, expected: list[tuple[str, str]]
) -> None:
    text = f"{MINIMAL}content: {{email: weekend}}\n"
    assert load_text(text)[1] == []
    assert load_text(text, now=datetime(2018, 1, 5, 8, minute, tzinfo=UTC))[1] == expected


@pytest.mark.parametrize(("cron", "expected"), [("* 9 * * mon", [("3:12", "every_minute")]), ("*/15 9 * * mon", [])])
def test_a_schedule_of_every_minute_is_a_warning(
    load_text: LoadText, cron: str, expected: list[tuple[str, str]]
) -> None:
    text = MINIMAL.replace('at: "2018-01-05 10:30"', f'cron: "{cron}"')
    assert load_text(f"{text}content: {{email: weekend}}\n")[1] == expected


def test_errors_and_warnings_of_a_file_are_reported_together(load_text: LoadText) -> None:
    with pytest.raises(UserError) as raised:
        load_text(f"{MINIMAL}content: {{emial: weekend}}\n".replace("audience: {register: owners}\n", ""))
    assert [problem.code for problem in raised.value.problems] == ["everybody", "extra_forbidden"]


@pytest.mark.parametrize("purpose", Purpose)
def test_the_channels_of_each_purpose_match_the_permission_table(purpose: Purpose) -> None:
    assert set(CHANNELS_BY_PURPOSE[purpose]) == set(PERMISSION_TABLE[purpose, False])


def test_the_channels_of_partners_match_the_permission_table() -> None:
    assert {purpose for purpose, partner in PERMISSION_TABLE if partner} == {Purpose.MARKETING}
    assert set(PARTNER_CHANNELS) == set(PERMISSION_TABLE[Purpose.MARKETING, True])


def test_a_hundred_files_are_checked_within_two_seconds(
    vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]
) -> None:
    start = time.process_time()
    for count in range(100):
        load_campaign(EXAMPLES[count % len(EXAMPLES)], vocabulary, audiences=audiences)
    assert time.process_time() - start < 2
