"""Twilio: what is asked of it, what its answers mean, and how a lost answer is looked for (TW-05 to TW-12)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.channels.http_pool import HttpReply
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Refused, RetryLater, Unknown
from campaigns.channels.twilio import outcome_of_error, validity_period
from campaigns.channels.twilio_errors import MISCONFIGURATION_CODES, REFUSED_CODES, RETRY_SECONDS
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel
from campaigns.core.model.provider_settings import TwilioSettings
from campaigns.core.model.reasons import EndReason
from campaigns.demo.rehearsal.doubles.faults import ProviderFault
from tests.support.claimed_deliveries import claim
from tests.support.provider_fixtures import open_provider, wire_stage

NUMBER, TEXT = "+358401234567", "Lähde: Hyvää päivää!\nSeis: x"
SERVICE = "MG" + "0" * 32


@pytest.fixture
async def stage(tmp_path):
    async with wire_stage("twilio", tmp_path) as staged:
        yield staged


@pytest.fixture
def message(sms, claimed):
    return sms(claimed(Channel.SMS))


async def asked(stage, message, **settings) -> dict[str, str]:
    """What Twilio was asked for one message."""
    changed = stage.provider.settings.model_copy(update=settings)
    async with open_provider(replace(stage.provider, settings=changed)) as provider:
        assert isinstance(await provider.send(message), Accepted)
    (request,) = stage.double.requests
    return request


async def test_a_message_is_asked_for_in_full(stage, message):
    assert await asked(stage, message) == {
        "To": NUMBER,
        "From": "Lahde",
        "Body": TEXT,
        "StatusCallback": "http://localhost:8000/webhooks/twilio/status?delivery=opaque0001",
        "ValidityPeriod": "36000",
        "SmartEncoded": "false",
    }


async def test_a_number_of_ours_can_be_answered(stage, message):
    request = await asked(stage, message, number="+358450000000")
    assert request["From"] == "+358450000000"


async def test_tw16_a_messaging_service_chooses_the_sender_and_shortens_no_link(stage, message):
    request = await asked(stage, message, messaging_service=SERVICE)
    assert (request["MessagingServiceSid"], request["ShortenUrls"]) == (SERVICE, "false")
    assert "From" not in request


@pytest.mark.parametrize(
    ("settings", "answerable"),
    [({}, False), ({"number": "+358450000000"}, True), ({"messaging_service": SERVICE}, True)],
)
def test_nobody_can_answer_a_name(settings, answerable):
    assert TwilioSettings.model_validate(settings).accepts_replies is answerable


@pytest.mark.parametrize(
    ("valid_for", "seconds"),
    [
        (None, 36_000),
        (timedelta(minutes=30), 1800),  # 19:30, quiet from 20:00
        (timedelta(hours=12), 36_000),
        (timedelta(seconds=1), 5),
        (timedelta(seconds=-5), 5),
        (timedelta(seconds=90.9), 90),
    ],
)
async def test_no_message_waits_at_twilio_into_the_quiet_hours(stage, message, valid_for, seconds):
    assert validity_period(valid_for) == seconds
    request = await asked(stage, replace(message, valid_for=valid_for))
    assert request["ValidityPeriod"] == str(seconds)


def answer(status: int, code: int | None, headers=None) -> HttpReply:
    body = b"gateway" if code is None else f'{{"code": {code}, "message": "about {NUMBER}"}}'.encode()
    return HttpReply(status, headers or {}, body)


@pytest.mark.parametrize(("code", "reason"), REFUSED_CODES.items())
def test_a_code_about_one_member_refuses(code, reason):
    assert outcome_of_error(answer(400, code)) == Refused(reason, f"HTTP 400 {code}")


@pytest.mark.parametrize("code", MISCONFIGURATION_CODES)
def test_a_code_about_us_stops_the_channel(code):
    with pytest.raises(ChannelMisconfiguredError, match=str(code)) as raised:
        outcome_of_error(answer(400, code))
    assert NUMBER not in str(raised.value)


@pytest.mark.parametrize(("code", "seconds"), RETRY_SECONDS.items())
def test_a_code_about_too_much_waits(code, seconds):
    assert outcome_of_error(answer(429, code)) == RetryLater(seconds, f"HTTP 429 {code}")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, None, RetryLater(5, "HTTP 429 0")),
        (400, 99_999, Refused(EndReason.PROVIDER_REJECTED, "HTTP 400 99999")),
        (400, None, Refused(EndReason.PROVIDER_REJECTED, "HTTP 400 0")),
        (500, 20_500, Unknown("HTTP 500")),
        (502, None, Unknown("HTTP 502")),
        (503, None, Unknown("HTTP 503")),
        (204, None, Unknown("HTTP 204")),
    ],
)
def test_what_no_code_explains_is_taken_carefully(status, code, expected):
    assert outcome_of_error(answer(status, code)) == expected


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405])
def test_an_answer_about_our_settings_stops_the_channel(status):
    with pytest.raises(ChannelMisconfiguredError):
        outcome_of_error(answer(status, None))


def test_twilio_is_asked_to_wait_as_long_as_it_says():
    assert outcome_of_error(answer(429, 20429, {"Retry-After": "40"})) == RetryLater(40, "HTTP 429 20429")


def test_no_code_means_two_things():
    assert (
        not REFUSED_CODES.keys() & MISCONFIGURATION_CODES.keys()
        | REFUSED_CODES.keys() & RETRY_SECONDS.keys()
        | MISCONFIGURATION_CODES.keys() & RETRY_SECONDS.keys()
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"number": "+3589123456"}, EndReason.INVALID_ADDRESS),
        ({"number": "123"}, EndReason.INVALID_ADDRESS),
        ({"text": "x" * 1601}, EndReason.TOO_LONG),
        ({"stopped": True}, EndReason.PROVIDER_OPT_OUT),
    ],
    ids=["landline", "no number", "too long", "stopped"],
)
async def test_what_twilio_refuses_is_refused_for_its_reason(stage, sms, change, reason):
    if change.get("stopped"):
        stage.double.stopped.add(NUMBER)
    message = sms(claim(Channel.SMS, address=change.get("number", NUMBER)), change.get("text", TEXT))
    async with open_provider(stage.provider) as provider:
        outcome = await provider.send(message)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert len(stage.double.mailboxes) == 0


async def test_a_sender_that_twilio_does_not_know_stops_the_channel(stage, message):
    async with open_provider(stage.provider) as provider:
        with pytest.raises(ChannelMisconfiguredError, match="21212"):
            await provider.send(replace(message, sender="1234"))


@pytest.mark.parametrize(("account", "token"), [("", "double"), ("AC1", ""), ("", "")])
async def test_without_an_account_nothing_is_asked(stage, account, token):
    with pytest.raises(ChannelMisconfiguredError, match="TWILIO_ACCOUNT_SID"):
        await replace(stage.provider, account=account, token=token).open()


async def test_a_message_whose_answer_was_lost_is_found(stage, message):
    since = Clock().now()
    stage.double.manners.next(ProviderFault.DROP_AFTER)
    async with open_provider(stage.provider) as provider:
        assert isinstance(await provider.send(message), Unknown)
        found = await provider.find(NUMBER, TEXT, since)
        assert found == Accepted(stage.double.messages[0]["sid"])


@pytest.mark.parametrize(
    ("number", "text", "passed"),
    [
        (NUMBER, "another text", timedelta()),
        ("+358409999999", TEXT, timedelta()),
        (NUMBER, TEXT, timedelta(hours=1)),  # the same text, but of an earlier day
    ],
)
async def test_another_message_is_not_taken_for_the_one_that_was_lost(stage, message, number, text, passed):
    async with open_provider(stage.provider) as provider:
        await provider.send(message)
        assert await provider.find(number, text, Clock().now() + passed) is None


async def test_a_message_that_was_never_taken_is_not_found(stage, message):
    since = Clock().now()
    stage.double.manners.next(ProviderFault.DROP)
    async with open_provider(stage.provider) as provider:
        assert isinstance(await provider.send(message), Unknown)
        assert await provider.find(NUMBER, TEXT, since) is None


async def test_a_message_is_found_among_many(stage, message, sms, claimed):
    since = Clock().now()
    async with open_provider(stage.provider) as provider:
        wanted = await provider.send(message)
        for position in range(2, 73):
            await provider.send(sms(claimed(Channel.SMS, position), f"another text {position}"))
        assert await provider.find(NUMBER, TEXT, since) == wanted


@pytest.mark.parametrize(("fault", "expected"), [(ProviderFault.THROTTLE, RetryLater), (ProviderFault.FAIL, Unknown)])
async def test_a_list_that_cannot_be_had_proves_nothing(stage, fault, expected):
    stage.double.manners.next(fault)
    async with open_provider(stage.provider) as provider:
        assert type(await provider.find(NUMBER, TEXT, Clock().now())) is expected


async def test_tw10_without_its_text_a_message_is_told_by_its_moment_and_by_those_that_are_known(stage, message):
    since = Clock().now()
    async with open_provider(stage.provider) as provider:
        known = await provider.send(message)
        stage.double.manners.next(ProviderFault.DROP_AFTER)
        assert isinstance(await provider.send(message), Unknown)
        lost = Accepted(stage.double.messages[1]["sid"])
        until, sids = since + timedelta(minutes=1), {known.provider_id}
        assert await provider.find(NUMBER, None, since, until, sids) == lost
        assert await provider.find(NUMBER, None, since, until, {*sids, lost.provider_id}) is None
        long_ago = since - timedelta(hours=2)
        assert await provider.find(NUMBER, None, long_ago, long_ago + timedelta(minutes=1), sids) is None
