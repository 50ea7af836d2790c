"""Twilio's webhooks: who speaks, and what is understood (TW-06 to TW-09, TW-13, TW-14)."""

import random
from collections import Counter
from datetime import UTC, datetime

import pytest
from twilio.request_validator import RequestValidator

from campaigns.channels.events import DeliveryEvidence, EventAction, EventKind
from campaigns.channels.sms_keywords import classify_reply
from campaigns.channels.twilio_events import (
    SIGNATURE_HEADER,
    reply_event,
    status_event,
    verify_signature,
)
from campaigns.core.model.enums import Channel
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble
from tests.support.provider_fixtures import open_provider, wire_stage

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
URL = "https://lahde.example.org/webhooks/twilio/status?delivery=opaque0001"
FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+358401234567"}
WITHDRAW, INVALID, ALARM = EventAction.WITHDRAW_SMS, EventAction.SUPPRESS_INVALID, EventAction.ALARM


def listed(form: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in form.items()}


@pytest.fixture
def double():
    return TwilioDouble(token="12345")


@pytest.fixture
def signature(double):
    return double.signed(URL, FORM)[2][SIGNATURE_HEADER]


def test_what_twilio_signed_is_believed(signature):
    assert verify_signature("12345", URL, listed(FORM), signature)


def test_twilios_own_example_is_believed():
    """The vector of Twilio's documentation."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    assert verify_signature("12345", url, listed(form), "GvWf1cFY/Q7PnoempGyD5oXAezc=")
    assert not verify_signature("12345", url, listed(form | {"Digits": "1235"}), "GvWf1cFY/Q7PnoempGyD5oXAezc=")


@pytest.mark.parametrize("url", [URL.replace(".org/", ".org:443/"), URL])
def test_a_port_that_goes_without_saying_makes_no_difference(double, url):
    signature = double.signed(url, FORM)[2][SIGNATURE_HEADER]
    assert verify_signature("12345", URL, listed(FORM), signature)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("lahde", "internal"),
        URL.replace("opaque0001", "opaque0002"),
        URL.partition("?")[0],
    ],
)
def test_another_address_is_not_believed(url, signature):
    assert not verify_signature("12345", url, listed(FORM), signature)


@pytest.mark.parametrize("change", [{"MessageStatus": "failed"}, {"Extra": "x"}, {"To": "+358401234568"}])
def test_a_form_that_was_changed_is_not_believed(change, signature):
    assert not verify_signature("12345", URL, listed(FORM | change), signature)


@pytest.mark.parametrize("wrong", ["", "x", "å", "A" * 28])
def test_no_other_signature_is_believed(wrong):
    assert not verify_signature("12345", URL, listed(FORM), wrong)


def test_without_a_token_nobody_is_believed():
    signature = RequestValidator("").compute_signature(URL, FORM)
    assert not verify_signature("", URL, listed(FORM), signature)


def test_a_field_that_occurs_twice_is_signed_once_a_value(double):
    form = {"MediaUrl": ["b", "a", "b"]}
    signature = double.signed(URL, {"MediaUrl": "aMediaUrlb"})[2][SIGNATURE_HEADER]  # sorted, each value once
    assert verify_signature("12345", URL, form, signature)


@pytest.mark.parametrize(
    ("status", "code", "word", "asks"),
    [
        ("queued", "", EventKind.TAKEN, set()),
        ("accepted", "", EventKind.TAKEN, set()),
        ("sent", "", EventKind.TAKEN, set()),
        ("delivered", "", EventKind.DELIVERED, set()),
        ("read", "", EventKind.DELIVERED, set()),
        ("canceled", "", EventKind.DROPPED, set()),
        ("failed", "", EventKind.UNDELIVERED, set()),
        ("undelivered", "30003", EventKind.UNDELIVERED, set()),
        ("undelivered", "30004", EventKind.BLOCKED, set()),
        ("undelivered", "30005", EventKind.BOUNCED, {INVALID}),
        ("failed", "30006", EventKind.BOUNCED, {INVALID}),
        ("undelivered", "30007", EventKind.BLOCKED, {ALARM}),
        ("undelivered", "30008", EventKind.UNDELIVERED, set()),
        ("failed", "30036", EventKind.EXPIRED, set()),
        ("failed", "21610", EventKind.UNSUBSCRIBED, {WITHDRAW}),
        ("failed", "99999", EventKind.UNDELIVERED, {ALARM}),
        ("failed", "nonsense", EventKind.UNDELIVERED, {ALARM}),
        ("invented", "", EventKind.UNKNOWN, set()),
        ("", "", EventKind.UNKNOWN, set()),
    ],
)
def test_their_status_becomes_our_word(status, code, word, asks):
    event = status_event(listed(FORM | {"MessageStatus": status, "ErrorCode": code}), "opaque0001", AT)
    assert (event.kind, set(event.actions), event.key) == (word, asks, f"SM1:{status}")
    assert (event.delivery, event.provider_id, event.at) == ("opaque0001", "SM1", AT)
    assert "+358" not in repr(event)


def test_a_status_settles_what_was_uncertain():
    assert status_event(listed(FORM), "opaque0001", AT).evidence is DeliveryEvidence.ACCEPTED
    assert status_event({}, "", AT).evidence is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        *((word, EventKind.UNSUBSCRIBED) for word in ("STOP", "Stop.", " stop ", "STOPALL", "Unsubscribe", "optout")),
        *((word, EventKind.UNSUBSCRIBED) for word in ("LOPETA", "Seis!", "peru", "KIELLÄ", "kiellä.", "Lopeta jo")),
        *((word, EventKind.UNSUBSCRIBED) for word in ("STOPP", "Avsluta", "sluta", "«Stopp»", "Stop texting me")),
        *((word, EventKind.RESUBSCRIBED) for word in ("START", "yes", "Unstop", "KYLLÄ", "Ja")),
        *((word, EventKind.ASKED_HELP) for word in ("HELP", "info?", "Ohje", "APUA", "Hjälp!")),
        *((word, EventKind.REPLIED) for word in ("", "Kiitos!", "Please stop", "yes please", "nonstop", "👍", "42")),
    ],
)
def test_a_reply_is_understood_in_three_languages(text, word):
    assert classify_reply(text) is word


@pytest.mark.parametrize(("text", "asks"), [("seis", {WITHDRAW}), ("START", set()), ("OHJE", set()), ("Moi", set())])
def test_only_stop_has_a_consequence(double, text, asks):
    _, form, _ = double.reply(URL, "+358401234567", text)
    event = reply_event(listed(form), AT)
    assert set(event.actions) == asks
    assert (event.address, event.key, event.evidence) == ("+358401234567", form["MessageSid"], None)


def test_what_twilio_took_for_stop_is_stop():
    event = reply_event(listed({"MessageSid": "SM2", "From": "+358401234567", "Body": "Ei", "OptOutType": "STOP"}), AT)
    assert event.kind is EventKind.UNSUBSCRIBED
    assert event.actions == {WITHDRAW}


async def test_told_three_times_and_out_of_order_is_the_same_as_told_once(sms, claimed, tmp_path):
    async with wire_stage("twilio", tmp_path) as stage, open_provider(stage.provider) as provider:
        for position in range(1, 21):
            await provider.send(sms(claimed(Channel.SMS, position)))
        token, callbacks = stage.double.token, list(stage.double.told(times=3))
    random.Random(2).shuffle(callbacks)  # noqa: S311 - the same order every time
    told = set()
    for url, form, headers in callbacks:
        assert verify_signature(token, url, listed(form), headers[SIGNATURE_HEADER])
        event = status_event(listed(form), url.partition("delivery=")[2], AT)
        told.add((event.key, event.delivery, event.kind))
    assert len(told) == len({key for key, _, _ in told}) == 60
    words = Counter((delivery, word) for _, delivery, word in told)
    named = [f"opaque{position:04d}" for position in range(1, 21)]
    assert words == {
        (name, word): many for name in named for word, many in ((EventKind.TAKEN, 2), (EventKind.DELIVERED, 1))
    }
