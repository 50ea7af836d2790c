"""Twilio's webhooks: verified signatures, statuses and replies (TW-06 to TW-09, TW-13, TW-14)."""

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


def as_lists(form: dict[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in form.items()}


@pytest.fixture
def double():
    return TwilioDouble(token="12345")


@pytest.fixture
def signature(double):
    return double.sign_post(URL, FORM)[2][SIGNATURE_HEADER]


def test_a_signed_form_is_valid(signature):
    assert verify_signature("12345", URL, as_lists(FORM), signature)


def test_the_documented_example_signature_is_valid():
    """Test vector from Twilio's documentation."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    assert verify_signature("12345", url, as_lists(form), "GvWf1cFY/Q7PnoempGyD5oXAezc=")
    assert not verify_signature("12345", url, as_lists(form | {"Digits": "1235"}), "GvWf1cFY/Q7PnoempGyD5oXAezc=")


@pytest.mark.parametrize("url", [URL.replace(".org/", ".org:443/"), URL])
def test_the_default_port_does_not_change_the_signature(double, url):
    signature = double.sign_post(url, FORM)[2][SIGNATURE_HEADER]
    assert verify_signature("12345", URL, as_lists(FORM), signature)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("lahde", "internal"),
        URL.replace("opaque0001", "opaque0002"),
        URL.partition("?")[0],
    ],
)
def test_a_signature_is_invalid_for_another_url(url, signature):
    assert not verify_signature("12345", url, as_lists(FORM), signature)


@pytest.mark.parametrize("change", [{"MessageStatus": "failed"}, {"Extra": "x"}, {"To": "+358401234568"}])
def test_a_signature_is_invalid_for_a_changed_form(change, signature):
    assert not verify_signature("12345", URL, as_lists(FORM | change), signature)


@pytest.mark.parametrize("invalid", ["", "x", "å", "A" * 28])
def test_another_signature_is_invalid(invalid):
    assert not verify_signature("12345", URL, as_lists(FORM), invalid)


def test_every_signature_is_invalid_without_a_token():
    signature = RequestValidator("").compute_signature(URL, FORM)
    assert not verify_signature("", URL, as_lists(FORM), signature)


def test_a_repeated_field_is_signed_once_for_each_distinct_value(double):
    form = {"MediaUrl": ["b", "a", "b"]}
    signature = double.sign_post(URL, {"MediaUrl": "aMediaUrlb"})[2][SIGNATURE_HEADER]  # sorted, each value once
    assert verify_signature("12345", URL, form, signature)


@pytest.mark.parametrize(
    ("status", "code", "kind", "actions"),
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
def test_each_twilio_status_becomes_our_kind_and_actions(status, code, kind, actions):
    event = status_event(as_lists(FORM | {"MessageStatus": status, "ErrorCode": code}), "opaque0001", AT)
    assert (event.kind, set(event.actions), event.key) == (kind, actions, f"SM1:{status}")
    assert (event.delivery, event.provider_id, event.at) == ("opaque0001", "SM1", AT)
    assert "+358" not in repr(event)


def test_a_status_is_evidence_about_an_uncertain_delivery():
    assert status_event(as_lists(FORM), "opaque0001", AT).evidence is DeliveryEvidence.ACCEPTED
    assert status_event({}, "", AT).evidence is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((kind, EventKind.UNSUBSCRIBED) for kind in ("STOP", "Stop.", " stop ", "STOPALL", "Unsubscribe", "optout")),
        *((kind, EventKind.UNSUBSCRIBED) for kind in ("LOPETA", "Seis!", "peru", "KIELLÄ", "kiellä.", "Lopeta jo")),
        *((kind, EventKind.UNSUBSCRIBED) for kind in ("STOPP", "Avsluta", "sluta", "«Stopp»", "Stop texting me")),
        *((kind, EventKind.RESUBSCRIBED) for kind in ("START", "yes", "Unstop", "KYLLÄ", "Ja")),
        *((kind, EventKind.ASKED_HELP) for kind in ("HELP", "info?", "Ohje", "APUA", "Hjälp!")),
        *((kind, EventKind.REPLIED) for kind in ("", "Kiitos!", "Please stop", "yes please", "nonstop", "👍", "42")),
    ],
)
def test_reply_keywords_are_recognised_in_three_languages(text, kind):
    assert classify_reply(text) is kind


@pytest.mark.parametrize(("text", "actions"), [("seis", {WITHDRAW}), ("START", set()), ("OHJE", set()), ("Moi", set())])
def test_only_stop_calls_for_an_action(double, text, actions):
    _, form, _ = double.reply(URL, "+358401234567", text)
    event = reply_event(as_lists(form), AT)
    assert set(event.actions) == actions
    assert (event.address, event.key, event.evidence) == ("+358401234567", form["MessageSid"], None)


def test_twilios_opt_out_type_decides_over_the_text():
    event = reply_event(
        as_lists({"MessageSid": "SM2", "From": "+358401234567", "Body": "Ei", "OptOutType": "STOP"}), AT
    )
    assert event.kind is EventKind.UNSUBSCRIBED
    assert event.actions == {WITHDRAW}


async def test_repeated_and_shuffled_statuses_are_the_same_as_single_ones(sms, claimed, tmp_path):
    async with wire_stage("twilio", tmp_path) as stage, open_provider(stage.provider) as provider:
        for position in range(1, 21):
            await provider.send(sms(claimed(Channel.SMS, position)))
        token, callbacks = stage.double.token, list(stage.double.signed_posts(times=3))
    random.Random(2).shuffle(callbacks)  # noqa: S311 - the same order every time
    events = set()
    for url, form, headers in callbacks:
        assert verify_signature(token, url, as_lists(form), headers[SIGNATURE_HEADER])
        event = status_event(as_lists(form), url.partition("delivery=")[2], AT)
        events.add((event.key, event.delivery, event.kind))
    assert len(events) == len({key for key, _, _ in events}) == 60
    counts = Counter((delivery, kind) for _, delivery, kind in events)
    deliveries = [f"opaque{position:04d}" for position in range(1, 21)]
    assert counts == {
        (name, kind): count for name in deliveries for kind, count in ((EventKind.TAKEN, 2), (EventKind.DELIVERED, 1))
    }
