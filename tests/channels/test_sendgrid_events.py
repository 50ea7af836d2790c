"""SendGrid's webhook: who speaks, and what is understood (SG-11 to SG-13)."""

import json
import random
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sendgrid.helpers.eventwebhook import EventWebhook

from campaigns.channels.events import DeliveryEvidence, EventAction, EventKind
from campaigns.channels.sendgrid_events import SIGNATURE_HEADER, TIMESTAMP_HEADER, WebhookKey, parse_events
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from tests.support.provider_fixtures import open_provider, wire_stage

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
EVENTS = [{"event": "delivered", "email": "åsa@example.org", "sg_event_id": "x"}]
BOUNCED, INVALID, COMPLAINED = (
    EventAction.SUPPRESS_BOUNCED,
    EventAction.SUPPRESS_INVALID,
    EventAction.SUPPRESS_COMPLAINED,
)
WITHDRAW, ALARM = EventAction.WITHDRAW_EMAIL, EventAction.ALARM


@pytest.fixture
def double():
    return SendGridDouble()


@pytest.fixture
def posted(double):
    """A signed POST: its body, signature and timestamp."""
    body, headers = double.signed(EVENTS, NOW.timestamp())
    return body, headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER]


def test_what_sendgrid_signed_is_believed(double, posted):
    body, signature, timestamp = posted
    assert WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, NOW)
    theirs = EventWebhook(double.public_key)  # the double signs as SendGrid's own package reads
    assert theirs.verify_signature(body.decode(), signature, timestamp)


def test_a_body_that_was_written_anew_is_not_believed(double, posted):
    body, signature, timestamp = posted
    anew = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert anew != body
    assert not WebhookKey.from_base64(double.public_key).verify(anew, signature, timestamp, NOW)


@pytest.mark.parametrize("signature", ["", "x", "AAAA", "å", "====", b64encode(b"x" * 70).decode()])
def test_no_other_signature_is_believed(double, posted, signature):
    body, _, timestamp = posted
    assert not WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, NOW)


def test_a_signature_that_was_cut_short_is_not_believed(double, posted):
    body, signature, timestamp = posted
    assert not WebhookKey.from_base64(double.public_key).verify(body, signature[:-8], timestamp, NOW)


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "١٧٩٥٣٤١٦٠٠", "1795341601", "soon", "9" * 400, "9" * 5000])
def test_no_other_timestamp_is_believed(double, posted, timestamp):
    body, signature, _ = posted
    assert not WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, NOW)


@pytest.mark.parametrize(("minutes", "believed"), [(0, True), (9, True), (11, False), (-11, False)])
def test_a_post_is_believed_for_ten_minutes(double, posted, minutes, believed):
    body, signature, timestamp = posted
    later = NOW + timedelta(minutes=minutes)
    assert WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, later) is believed


def test_another_key_does_not_vouch(posted):
    body, signature, timestamp = posted
    assert not WebhookKey.from_base64(SendGridDouble().public_key).verify(body, signature, timestamp, NOW)


def test_a_key_of_another_kind_is_refused_when_it_is_set():
    key = rsa.generate_private_key(65537, 2048).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for written in ("", "nonsense", b64encode(b"nonsense").decode(), b64encode(der).decode()):
        with pytest.raises(ValueError, match="SENDGRID_WEBHOOK_PUBLIC_KEY"):
            WebhookKey.from_base64(written)


@pytest.mark.parametrize(
    ("told", "word", "asks"),
    [
        ({"event": "processed"}, EventKind.TAKEN, set()),
        ({"event": "deferred"}, EventKind.DEFERRED, set()),
        ({"event": "delivered"}, EventKind.DELIVERED, set()),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, EventKind.BOUNCED, {BOUNCED}),
        ({"event": "bounce", "type": "bounce", "status": "5.1.10"}, EventKind.BOUNCED, {BOUNCED}),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, EventKind.BOUNCED, set()),
        ({"event": "bounce", "type": "bounce", "status": "5.7.1"}, EventKind.BLOCKED, set()),
        ({"event": "bounce", "type": "bounce", "status": "5.7.515"}, EventKind.BLOCKED, {ALARM}),
        ({"event": "bounce", "type": "blocked", "status": "5.1.1"}, EventKind.BLOCKED, set()),
        ({"event": "bounce", "type": "blocked"}, EventKind.BLOCKED, set()),
        ({"event": "bounce"}, EventKind.BOUNCED, set()),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, EventKind.DROPPED, {WITHDRAW}),
        ({"event": "dropped", "reason": "Bounced Address"}, EventKind.DROPPED, {BOUNCED}),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, EventKind.DROPPED, {COMPLAINED, WITHDRAW}),
        ({"event": "dropped", "reason": "Invalid"}, EventKind.DROPPED, {INVALID}),
        ({"event": "dropped", "reason": "something new"}, EventKind.DROPPED, set()),
        ({"event": "spamreport"}, EventKind.COMPLAINED, {COMPLAINED, WITHDRAW}),
        ({"event": "unsubscribe"}, EventKind.UNSUBSCRIBED, {WITHDRAW}),
        ({"event": "group_unsubscribe"}, EventKind.UNSUBSCRIBED, {WITHDRAW}),
        ({"event": "group_resubscribe"}, EventKind.RESUBSCRIBED, set()),
        ({"event": "open"}, EventKind.OPENED, set()),
        ({"event": "click"}, EventKind.CLICKED, set()),
        ({"event": "invented"}, EventKind.UNKNOWN, set()),
        ({"event": 7}, EventKind.UNKNOWN, set()),
        ({}, EventKind.UNKNOWN, set()),
    ],
)
def test_their_word_becomes_ours(told, word, asks):
    (event,) = parse_events(json.dumps([told]).encode())
    assert (event.kind, set(event.actions)) == (word, asks)
    assert json.loads(event.raw) == told


def test_an_event_says_what_it_is_about():
    told = {
        "email": "aino@example.org",
        "timestamp": 1795341600,
        "event": "bounce",
        "status": "5.1.1",
        "sg_event_id": "id1",
        "sg_message_id": "abc.recvd-1-2",
        "delivery": "opaque0001",
    }
    (event,) = parse_events(json.dumps([told]).encode())
    assert (event.provider, event.key, event.delivery) == ("sendgrid", "id1", "opaque0001")
    assert (event.provider_id, event.address, event.code) == ("abc", "aino@example.org", "5.1.1")
    assert event.at == NOW
    assert "aino" not in repr(event)


@pytest.mark.parametrize("timestamp", [None, "soon", 1e300, float("nan"), {}, -1e20])
def test_an_odd_time_does_not_lose_the_event(timestamp):
    (event,) = parse_events(json.dumps([{"event": "click", "timestamp": timestamp}]).encode())
    assert (event.kind, event.at.year) == (EventKind.CLICKED, 1970)


def test_an_event_without_a_name_is_named_by_what_it_says():
    once, again = (parse_events(b'[{"event": "open", "email": "a@b.c"}]')[0] for _ in range(2))
    other = parse_events(b'[{"event": "open", "email": "a@b.d"}]')[0]
    assert once.key == again.key != other.key


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[[]]", b"null", b"\xff", b'"x"'])
def test_what_is_no_list_of_events_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever json says
        parse_events(body)


@pytest.mark.parametrize(
    ("event", "proof"),
    [
        ("processed", DeliveryEvidence.ACCEPTED),
        ("bounce", DeliveryEvidence.ACCEPTED),
        ("dropped", DeliveryEvidence.REFUSED),
        ("unsubscribe", None),
    ],
)
def test_an_event_settles_what_was_uncertain(event, proof):
    assert parse_events(json.dumps([{"event": event}]).encode())[0].evidence is proof


async def test_told_three_times_and_out_of_order_is_the_same_as_told_once(email, claimed, tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage, open_provider(stage.provider) as provider:
        for position in range(1, 21):
            await provider.send(email(claimed(Channel.EMAIL, position)))
        key, chance = WebhookKey.from_base64(stage.double.public_key), random.Random(1)  # noqa: S311 - the same order every time
        once = {event.key: event for body, _ in stage.double.batches() for event in parse_events(body)}
        posts = list(stage.double.batches(times=3, size=7))
        chance.shuffle(posts)
        often = {}
        for body, headers in posts:
            assert key.verify(body, headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER], Clock().now())
            often |= {event.key: event for event in parse_events(body)}
    assert often == once
    assert len(once) == 40
    assert {event.delivery for event in once.values()} == set(stage.arrived())


def test_a_large_batch_is_read_within_a_second():
    told = [
        {"event": "bounce", "email": f"member{number}@example.org", "status": "5.1.1", "sg_event_id": str(number)}
        for number in range(8000)
    ]
    body = json.dumps(told).encode()
    assert len(body) > 700_000
    started = process_time()
    assert len({event.key for event in parse_events(body)}) == 8000
    assert process_time() - started < 1
