"""Twilio provider: its requests, the outcome of every reply, and the search for a lost reply (TW-05 to TW-12)."""

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
    async with wire_stage("twilio", tmp_path) as opened:
        yield opened


@pytest.fixture
def message(sms, claimed):
    return sms(claimed(Channel.SMS))


async def sent_request(stage, message, **settings) -> dict[str, str]:
    """Send one message and return the request that Twilio received."""
    changed_settings = stage.provider.settings.model_copy(update=settings)
    async with open_provider(replace(stage.provider, settings=changed_settings)) as provider:
        assert isinstance(await provider.send(message), Accepted)
    (request,) = stage.double.requests
    return request


async def test_a_request_holds_every_field_of_the_message(stage, message):
    assert await sent_request(stage, message) == {
        "To": NUMBER,
        "From": "Lahde",
        "Body": TEXT,
        "StatusCallback": "http://localhost:8000/webhooks/twilio/status?delivery=opaque0001",
        "ValidityPeriod": "36000",
        "SmartEncoded": "false",
    }


async def test_a_number_in_the_settings_is_the_sender(stage, message):
    request = await sent_request(stage, message, number="+358450000000")
    assert request["From"] == "+358450000000"


async def test_tw16_a_messaging_service_chooses_the_sender_and_keeps_links_unshortened(stage, message):
    request = await sent_request(stage, message, messaging_service=SERVICE)
    assert (request["MessagingServiceSid"], request["ShortenUrls"]) == (SERVICE, "false")
    assert "From" not in request


@pytest.mark.parametrize(
    ("settings", "accepts_replies"),
    [({}, False), ({"number": "+358450000000"}, True), ({"messaging_service": SERVICE}, True)],
)
def test_only_numbers_and_messaging_services_accept_replies(settings, accepts_replies):
    assert TwilioSettings.model_validate(settings).accepts_replies is accepts_replies


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
async def test_the_validity_period_ends_before_quiet_hours(stage, message, valid_for, seconds):
    assert validity_period(valid_for) == seconds
    request = await sent_request(stage, replace(message, valid_for=valid_for))
    assert request["ValidityPeriod"] == str(seconds)


def reply(status: int, code: int | None, headers=None) -> HttpReply:
    body = b"gateway" if code is None else f'{{"code": {code}, "message": "about {NUMBER}"}}'.encode()
    return HttpReply(status, headers or {}, body)


@pytest.mark.parametrize(("code", "reason"), REFUSED_CODES.items())
def test_an_error_code_about_one_member_refuses_the_message(code, reason):
    assert outcome_of_error(reply(400, code)) == Refused(reason, f"HTTP 400 {code}")


@pytest.mark.parametrize("code", MISCONFIGURATION_CODES)
def test_an_error_code_about_our_account_stops_the_channel(code):
    with pytest.raises(ChannelMisconfiguredError, match=str(code)) as raised:
        outcome_of_error(reply(400, code))
    assert NUMBER not in str(raised.value)


@pytest.mark.parametrize(("code", "seconds"), RETRY_SECONDS.items())
def test_an_error_code_about_rate_means_retry_later(code, seconds):
    assert outcome_of_error(reply(429, code)) == RetryLater(seconds, f"HTTP 429 {code}")


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
def test_a_reply_without_a_known_code_has_a_cautious_outcome(status, code, expected):
    assert outcome_of_error(reply(status, code)) == expected


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 405])
def test_a_status_about_our_settings_stops_the_channel(status):
    with pytest.raises(ChannelMisconfiguredError):
        outcome_of_error(reply(status, None))


def test_a_retry_follows_the_retry_after_header():
    assert outcome_of_error(reply(429, 20429, {"Retry-After": "40"})) == RetryLater(40, "HTTP 429 20429")


def test_each_error_code_is_in_one_table_only():
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
        ({"opted_out": True}, EndReason.PROVIDER_OPT_OUT),
    ],
    ids=["landline", "no number", "too long", "opted out"],
)
async def test_a_refusal_has_the_reason_of_its_error_code(stage, sms, change, reason):
    if change.get("opted_out"):
        stage.double.opted_out_numbers.add(NUMBER)
    message = sms(claim(Channel.SMS, address=change.get("number", NUMBER)), change.get("text", TEXT))
    async with open_provider(stage.provider) as provider:
        outcome = await provider.send(message)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason
    assert len(stage.double.mailboxes) == 0


async def test_an_unknown_sender_stops_the_channel(stage, message):
    async with open_provider(stage.provider) as provider:
        with pytest.raises(ChannelMisconfiguredError, match="21212"):
            await provider.send(replace(message, sender="1234"))


@pytest.mark.parametrize(("account", "token"), [("", "double"), ("AC1", ""), ("", "")])
async def test_missing_credentials_stop_the_channel(stage, account, token):
    with pytest.raises(ChannelMisconfiguredError, match="TWILIO_ACCOUNT_SID"):
        await replace(stage.provider, account=account, token=token).open()


async def test_a_message_with_a_lost_reply_is_found(stage, message):
    since = Clock().now()
    stage.double.fault_plan.script_faults(ProviderFault.DROP_AFTER)
    async with open_provider(stage.provider) as provider:
        assert isinstance(await provider.send(message), Unknown)
        outcome = await provider.find_message(NUMBER, TEXT, since)
        assert outcome == Accepted(stage.double.messages[0]["sid"])


@pytest.mark.parametrize(
    ("number", "text", "elapsed"),
    [
        (NUMBER, "another text", timedelta()),
        ("+358409999999", TEXT, timedelta()),
        (NUMBER, TEXT, timedelta(hours=1)),  # the same text sent earlier
    ],
)
async def test_another_message_is_not_mistaken_for_the_lost_one(stage, message, number, text, elapsed):
    async with open_provider(stage.provider) as provider:
        await provider.send(message)
        assert await provider.find_message(number, text, Clock().now() + elapsed) is None


async def test_a_message_that_never_arrived_is_not_found(stage, message):
    since = Clock().now()
    stage.double.fault_plan.script_faults(ProviderFault.DROP)
    async with open_provider(stage.provider) as provider:
        assert isinstance(await provider.send(message), Unknown)
        assert await provider.find_message(NUMBER, TEXT, since) is None


async def test_a_message_is_found_among_many(stage, message, sms, claimed):
    since = Clock().now()
    async with open_provider(stage.provider) as provider:
        sent = await provider.send(message)
        for position in range(2, 73):
            await provider.send(sms(claimed(Channel.SMS, position), f"another text {position}"))
        assert await provider.find_message(NUMBER, TEXT, since) == sent


@pytest.mark.parametrize(("fault", "expected"), [(ProviderFault.THROTTLE, RetryLater), (ProviderFault.FAIL, Unknown)])
async def test_a_failed_search_is_no_evidence(stage, fault, expected):
    stage.double.fault_plan.script_faults(fault)
    async with open_provider(stage.provider) as provider:
        assert type(await provider.find_message(NUMBER, TEXT, Clock().now())) is expected


async def test_tw10_a_message_without_text_is_found_by_time_and_excluded_known_ids(stage, message):
    since = Clock().now()
    async with open_provider(stage.provider) as provider:
        known = await provider.send(message)
        stage.double.fault_plan.script_faults(ProviderFault.DROP_AFTER)
        assert isinstance(await provider.send(message), Unknown)
        lost = Accepted(stage.double.messages[1]["sid"])
        until, sids = since + timedelta(minutes=1), {known.provider_id}
        assert await provider.find_message(NUMBER, None, since, until, sids) == lost
        assert await provider.find_message(NUMBER, None, since, until, {*sids, lost.provider_id}) is None
        long_ago = since - timedelta(hours=2)
        assert await provider.find_message(NUMBER, None, long_ago, long_ago + timedelta(minutes=1), sids) is None
