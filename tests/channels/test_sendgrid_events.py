"""SendGrid's webhook: verified signatures and parsed events (SG-10, SG-11 to SG-13)."""

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
def signed_post(double):
    """Signed POST: its body, signature and timestamp."""
    body, headers = double.sign_post(EVENTS, NOW.timestamp())
    return body, headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER]


def test_a_signed_post_is_valid(double, signed_post):
    body, signature, timestamp = signed_post
    assert WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, NOW)
    reference = EventWebhook(double.public_key)  # the double signs as SendGrid's own package reads
    assert reference.verify_signature(body.decode(), signature, timestamp)


def test_a_reserialised_body_is_invalid(double, signed_post):
    body, signature, timestamp = signed_post
    reserialised = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert reserialised != body
    assert not WebhookKey.from_base64(double.public_key).verify(reserialised, signature, timestamp, NOW)


@pytest.mark.parametrize("signature", ["", "x", "AAAA", "å", "====", b64encode(b"x" * 70).decode()])
def test_another_signature_is_invalid(double, signed_post, signature):
    body, _, timestamp = signed_post
    assert not WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, NOW)


def test_a_truncated_signature_is_invalid(double, signed_post):
    body, signature, timestamp = signed_post
    assert not WebhookKey.from_base64(double.public_key).verify(body, signature[:-8], timestamp, NOW)


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", "١٧٩٥٣٤١٦٠٠", "1795341601", "soon", "9" * 400, "9" * 5000])
def test_another_timestamp_is_invalid(double, signed_post, timestamp):
    body, signature, _ = signed_post
    assert not WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, NOW)


@pytest.mark.parametrize(("minutes", "valid"), [(0, True), (9, True), (11, False), (-11, False)])
def test_a_signed_post_is_valid_for_ten_minutes(double, signed_post, minutes, valid):
    body, signature, timestamp = signed_post
    later = NOW + timedelta(minutes=minutes)
    assert WebhookKey.from_base64(double.public_key).verify(body, signature, timestamp, later) is valid


def test_a_signature_is_invalid_under_another_key(signed_post):
    body, signature, timestamp = signed_post
    assert not WebhookKey.from_base64(SendGridDouble().public_key).verify(body, signature, timestamp, NOW)


def test_a_key_of_another_type_is_refused():
    key = rsa.generate_private_key(65537, 2048).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for text in ("", "nonsense", b64encode(b"nonsense").decode(), b64encode(der).decode()):
        with pytest.raises(ValueError, match="SENDGRID_WEBHOOK_PUBLIC_KEY"):
            WebhookKey.from_base64(text)


@pytest.mark.parametrize(
    ("report", "kind", "asks"),
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
def test_each_sendgrid_event_becomes_our_kind_and_actions(report, kind, asks):
    (event,) = parse_events(json.dumps([report]).encode())
    assert (event.kind, set(event.actions)) == (kind, asks)
    assert json.loads(event.raw) == report


def test_an_event_holds_delivery_address_code_and_time():
    report = {
        "email": "aino@example.org",
        "timestamp": 1795341600,
        "event": "bounce",
        "status": "5.1.1",
        "sg_event_id": "id1",
        "sg_message_id": "abc.recvd-1-2",
        "delivery": "opaque0001",
    }
    (event,) = parse_events(json.dumps([report]).encode())
    assert (event.provider, event.key, event.delivery) == ("sendgrid", "id1", "opaque0001")
    assert (event.provider_id, event.address, event.code) == ("abc", "aino@example.org", "5.1.1")
    assert event.at == NOW
    assert "aino" not in repr(event)


@pytest.mark.parametrize("timestamp", [None, "soon", 1e300, float("nan"), {}, -1e20])
def test_an_event_with_an_invalid_time_is_kept(timestamp):
    (event,) = parse_events(json.dumps([{"event": "click", "timestamp": timestamp}]).encode())
    assert (event.kind, event.at.year) == (EventKind.CLICKED, 1970)


def test_an_event_without_an_id_has_a_key_from_its_content():
    single, repeated = (parse_events(b'[{"event": "open", "email": "a@b.c"}]')[0] for _ in range(2))
    other = parse_events(b'[{"event": "open", "email": "a@b.d"}]')[0]
    assert single.key == repeated.key != other.key


@pytest.mark.hostile
@pytest.mark.parametrize("field", ["email", "reason", "type", "event", "delivery"])
def test_a_broken_character_of_one_event_loses_no_batch(field):
    reports = [{"event": "bounce", field: "\ud800"}, {"event": "spamreport", "email": "aino@example.org"}]
    broken, complaint = parse_events(json.dumps(reports).encode())
    assert broken.key != complaint.key
    assert complaint.kind is EventKind.COMPLAINED


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"[[]]", b"null", b"\xff", b'"x"'])
def test_a_body_that_is_no_list_of_events_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011 - the json module's own message
        parse_events(body)


@pytest.mark.parametrize(
    ("event", "evidence"),
    [
        ("processed", DeliveryEvidence.ACCEPTED),
        ("bounce", DeliveryEvidence.ACCEPTED),
        ("dropped", DeliveryEvidence.REFUSED),
        ("unsubscribe", None),
    ],
)
def test_an_event_is_evidence_about_an_uncertain_delivery(event, evidence):
    assert parse_events(json.dumps([{"event": event}]).encode())[0].evidence is evidence


async def test_repeated_and_shuffled_events_are_the_same_as_single_ones(email, claimed, tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage, open_provider(stage.provider) as provider:
        for position in range(1, 21):
            await provider.send(email(claimed(Channel.EMAIL, position)))
        key, chance = WebhookKey.from_base64(stage.double.public_key), random.Random(1)  # noqa: S311 - the same order every time
        single = {event.key: event for body, _ in stage.double.signed_posts() for event in parse_events(body)}
        posts = list(stage.double.signed_posts(times=3, size=7))
        chance.shuffle(posts)
        repeated = {}
        for body, headers in posts:
            assert key.verify(body, headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER], Clock().now())
            repeated |= {event.key: event for event in parse_events(body)}
    assert repeated == single
    assert len(single) == 40
    assert {event.delivery for event in single.values()} == set(stage.arrived())


def test_a_large_batch_is_parsed_within_a_second():
    report = [
        {"event": "bounce", "email": f"member{number}@example.org", "status": "5.1.1", "sg_event_id": str(number)}
        for number in range(8000)
    ]
    body = json.dumps(report).encode()
    assert len(body) > 700_000
    started = process_time()
    assert len({event.key for event in parse_events(body)}) == 8000
    assert process_time() - started < 1
