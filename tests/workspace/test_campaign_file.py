"""What a campaign file says becomes the campaign, and what is doubtful in it a warning."""

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
PLAIN = """\
title: {fi: Edut, sv: Förmåner, en: Offers}
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: owners}
"""

Read = Callable[..., tuple[Campaign, list[tuple[str, str]]]]


@pytest.fixture
def read(tmp_path: Path, vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]) -> Read:
    """Loads a text; gives the campaign and the (place, code) of its warnings."""

    def reading(text: str, now: datetime | None = None) -> tuple[Campaign, list[tuple[str, str]]]:
        path = tmp_path / "offers.yaml"
        path.write_text(text)
        campaign, warnings = load_campaign(path, vocabulary, audiences=audiences, now=now)
        assert all(warning.severity is Severity.WARNING and warning.hint for warning in warnings)
        return campaign, [(f"{warning.place.line}:{warning.place.column}", warning.code) for warning in warnings]

    return reading


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_loads_without_a_warning(
    path: Path, vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]
) -> None:
    campaign, warnings = load_campaign(path, vocabulary, audiences=audiences, newsletters={"beauty"})
    assert campaign.name == path.stem
    assert warnings == ()


def test_an_example_says_all_that_it_says(vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]) -> None:
    campaign, _ = load_campaign(EXAMPLES[0].with_name("weekend_offer.yaml"), vocabulary, audiences=audiences)
    assert campaign.channels == (Channel.SMS, Channel.EMAIL)
    assert [(each.name, each.when is None, each.sms) for each in campaign.variants] == [
        ("grill", False, "weekend_grill"),
        ("cheese", True, "weekend_cheese"),
    ]
    assert campaign.schedule.late_by == timedelta(hours=2)
    assert campaign.limits.rate == SendRate(100, timedelta(seconds=1))
    assert campaign.limits.per_member is not None
    assert campaign.limits.per_member.rolling == timedelta(days=7)
    assert campaign.quiet_hours[Channel.SMS].action == "hold"


def test_content_is_a_single_variant_for_everyone(read: Read) -> None:
    campaign, warnings = read(f"{PLAIN}content: {{sms: weekend, email: weekend}}\n")
    assert [(each.name, each.when, each.email, each.post) for each in campaign.variants] == [
        ("everyone", None, "weekend", None)
    ]
    assert warnings == []


def test_without_channels_those_with_a_template_are_used(read: Read) -> None:
    campaign, _ = read(f"{PLAIN}content: {{post: weekend, email: weekend}}\n")
    assert campaign.channels == (Channel.EMAIL, Channel.POST)


def test_a_newsletter_goes_by_email_to_its_subscribers(read: Read) -> None:
    text = PLAIN.replace("marketing", "newsletter").replace("audience: {register: owners}", "newsletter: beauty")
    campaign, warnings = read(f"{text}content: {{email: beauty}}\n")
    assert campaign.channels == (Channel.EMAIL,)
    assert campaign.audience is None
    assert warnings == []


def test_an_audience_may_be_named_alone(read: Read) -> None:
    text = PLAIN.replace("{register: owners}", "beauty_buyers")
    campaign, _ = read(f"{text}content: {{email: weekend}}\n")
    assert campaign.audience == InAudience("beauty_buyers")
    assert (campaign.audience.place.line, campaign.audience.place.column) == (4, 11)


def test_shares_and_numbers_are_exact(read: Read) -> None:
    campaign, _ = read(f"{PLAIN}content: {{email: weekend}}\nholdout: 0.1\n")
    assert campaign.holdout == Decimal("0.1")


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("variants:\n  - {name: one, when: {age: {from: 18}}, email: weekend}\n", [("6:17", "no_last_variant")]),
        ("channels: [email]\ncontent: {email: weekend, sms: weekend}\n", [("6:27", "unused_template")]),
        ('content: {email: weekend}\nquiet_hours: {sms: "20:00-09:00"}\n', [("6:15", "unused_quiet_hours")]),
    ],
)
def test_what_is_doubtful_is_a_warning(read: Read, added: str, expected: list[tuple[str, str]]) -> None:
    assert read(PLAIN + added)[1] == expected


def test_everybody_is_warned_of(read: Read) -> None:
    text = PLAIN.replace("audience: {register: owners}\n", "")
    assert read(f"{text}content: {{email: weekend}}\n")[1] == [("1:1", "everybody")]


def test_rights_are_warned_of(read: Read) -> None:
    text = PLAIN.replace("marketing", "rights")
    assert read(f"{text}content: {{email: code}}\n")[1] == [("2:1", "rights_purpose")]


@pytest.mark.parametrize(("minute", "expected"), [(29, []), (30, [("3:12", "past")])])
def test_a_moment_that_has_passed_is_warned_of_when_the_present_is_given(
    read: Read, minute: int, expected: list[tuple[str, str]]
) -> None:
    text = f"{PLAIN}content: {{email: weekend}}\n"
    assert read(text)[1] == []
    assert read(text, now=datetime(2018, 1, 5, 8, minute, tzinfo=UTC))[1] == expected


def test_errors_and_warnings_of_a_file_come_together(read: Read) -> None:
    with pytest.raises(UserError) as caught:
        read(f"{PLAIN}content: {{emial: weekend}}\n".replace("audience: {register: owners}\n", ""))
    assert [problem.code for problem in caught.value.problems] == ["everybody", "extra_forbidden"]


@pytest.mark.parametrize("purpose", Purpose)
def test_the_channels_of_a_purpose_are_the_cells_of_the_permission_table(purpose: Purpose) -> None:
    assert set(CHANNELS_BY_PURPOSE[purpose]) == set(PERMISSION_TABLE[purpose, False])


def test_the_channels_of_partners_are_the_cells_of_the_permission_table() -> None:
    assert {purpose for purpose, partner in PERMISSION_TABLE if partner} == {Purpose.MARKETING}
    assert set(PARTNER_CHANNELS) == set(PERMISSION_TABLE[Purpose.MARKETING, True])


def test_a_hundred_files_are_checked_within_two_seconds(
    vocabulary: RuleVocabulary, audiences: Mapping[str, Audience]
) -> None:
    start = time.process_time()
    for count in range(100):
        load_campaign(EXAMPLES[count % len(EXAMPLES)], vocabulary, audiences=audiences)
    assert time.process_time() - start < 2
