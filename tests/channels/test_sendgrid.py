"""SendGrid provider: its requests, and the outcome of every reply (SG-01 to SG-10)."""

import json
import re
from dataclasses import replace

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.claimed_delivery import create_claimed_delivery
from campaigns.channels.http_pool import HttpReply
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Refused, RetryLater, Unknown
from campaigns.channels.provider import OutgoingEmail
from campaigns.channels.sendgrid import SendGridEmail, outcome_of_reply, request_body
from campaigns.core.model.enums import Channel
from campaigns.core.model.inline_picture import InlinePicture
from campaigns.core.model.reasons import EndReason
from campaigns.core.model.settings import EmailSettings
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.sendgrid_rules import SendGridRefusalError, check
from tests.support.claimed_deliveries import claim
from tests.support.provider_fixtures import open_provider, wire_stage

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
UNSUBSCRIBE = {
    "List-Unsubscribe": "<https://lahde.example.org/u/x>, <mailto:peru@lahde.example.org?subject=x>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}

CLAIMED = {
    "opaque_id": "k5" * 13,
    "attempt": "t7" * 13,
    "run": "run",
    "position": 1,
    "member_id": "member-4711",
    "channel": Channel.EMAIL,
    "address": "aino@example.org",
}


@pytest.fixture
def message(email):
    """E-mail as dispatch hands it over: opaque ids of 26 characters, list headers."""
    claimed = create_claimed_delivery(**CLAIMED)
    return replace(email(claimed), headers=UNSUBSCRIBE)


def all_keys(value: object) -> set[str]:
    """Return every key of nested mappings and lists."""
    if isinstance(value, dict):
        return set(value) | {key for item in value.values() for key in all_keys(item)}
    return {key for item in value for key in all_keys(item)} if isinstance(value, list) else set()


def test_sg03_sg04_sg05_one_recipient_gets_one_message_with_list_headers(message):
    request = request_body(message)
    (recipient,) = request["personalizations"]
    assert recipient["to"] == [{"email": "aino@example.org"}]
    assert recipient["headers"] == UNSUBSCRIBE
    assert not all_keys(request) & {"cc", "bcc", "reply_to_list", "substitutions"}


def test_e29_every_kind_of_tracking_is_switched_off(message):
    tracking = request_body(message)["tracking_settings"]
    assert set(tracking) == {"click_tracking", "open_tracking", "subscription_tracking", "ganalytics"}
    assert {item["enable"] for item in tracking.values()} == {False}
    assert tracking["click_tracking"]["enable_text"] is False


def test_sg09_no_suppression_is_bypassed(message):
    assert not [key for key in all_keys(request_body(message)) if key.startswith("bypass") or key == "mail_settings"]


def test_gd24_custom_args_are_opaque(message):
    request = request_body(message)
    custom_args = request["personalizations"][0]["custom_args"]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16,}", value) for value in custom_args.values())
    assert "categories" not in request
    assert "4711" not in json.dumps(request)


def test_pictures_of_coupons_are_inline_attachments_and_other_messages_have_none(message):
    picture = InlinePicture("coupon-a@viesti", "coupon-a.png", b"\x89PNG")
    request = check(json.dumps(request_body(replace(message, pictures=(picture,)))).encode())
    assert request["attachments"] == [
        {
            "content": "iVBORw==",
            "type": "image/png",
            "filename": "coupon-a.png",
            "disposition": "inline",
            "content_id": "coupon-a@viesti",
        }
    ]
    assert "attachments" not in request_body(message)


@pytest.mark.parametrize("name", ["X-SG-ID", "Received", "DKIM-Signature", "Content-Type", "To", "From", "Bcc"])
def test_sg06_headers_reserved_by_sendgrid_are_refused(message, name):
    with pytest.raises(ChannelMisconfiguredError, match=name):
        request_body(replace(message, headers={name: "x"}))


@given(text=st.text(min_size=1), html=st.text(min_size=1), subject=st.text(min_size=1), name=st.text())
def test_any_text_becomes_a_valid_request(text, html, subject, name):
    message = OutgoingEmail(
        claim(Channel.EMAIL), bytes, "b@example.org", name, "u@example.org", subject, text, html, UNSUBSCRIBE
    )
    parsed = check(json.dumps(request_body(message)).encode())
    assert [part["value"] for part in parsed["content"]] == [text, html]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (202, {"X-Message-Id": "abc"}, Accepted("abc")),
        (202, {}, Accepted("")),
        (413, {}, Refused(EndReason.TOO_LONG, "HTTP 413")),
        (429, {"Retry-After": "7"}, RetryLater(7, "HTTP 429")),
        (429, {"X-RateLimit-Reset": "1795341612", "Date": DATE}, RetryLater(12, "HTTP 429")),
        (429, {"X-RateLimit-Reset": "1795341500", "Date": DATE}, RetryLater(1, "HTTP 429")),
        (429, {"X-RateLimit-Reset": "1795341612"}, RetryLater(5, "HTTP 429")),
        (429, {"X-RateLimit-Reset": "1795341612", "Date": "some day"}, RetryLater(5, "HTTP 429")),
        (429, {"Retry-After": "99999"}, RetryLater(600, "HTTP 429")),
        (429, {"Retry-After": "soon"}, RetryLater(5, "HTTP 429")),
        (500, {}, Unknown("HTTP 500")),
        (503, {"Retry-After": "7"}, Unknown("HTTP 503")),
        (418, {}, Unknown("HTTP 418")),
    ],
)
def test_sg08_each_http_status_has_one_outcome(status, headers, expected):
    assert outcome_of_reply(HttpReply(status, headers, b"")) == expected


@pytest.mark.parametrize("status", [200, 301, 307, 401, 403, 404, 405])
def test_a_status_about_our_account_stops_the_channel(status):
    with pytest.raises(ChannelMisconfiguredError):
        outcome_of_reply(HttpReply(status, {}, b""))


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        ({"errors": [{"field": "personalizations.0.to.0.email"}]}, EndReason.INVALID_ADDRESS, "personalizations.0.to"),
        ({"errors": [{"field": "content.0.value"}]}, EndReason.PROVIDER_REJECTED, "content.0.value"),
        ({"errors": [{"message": "about aino@example.org", "field": None}]}, EndReason.PROVIDER_REJECTED, "HTTP 400"),
        ({"errors": [{"field": "aino@example.org"}]}, EndReason.PROVIDER_REJECTED, "HTTP 400"),
        ({"errors": [{"field": "a\0b"}, {"field": "\ud800"}, {"field": "ä"}]}, EndReason.PROVIDER_REJECTED, "HTTP 400"),
        ({"errors": "nonsense"}, EndReason.PROVIDER_REJECTED, "HTTP 400"),
        ([], EndReason.PROVIDER_REJECTED, "HTTP 400"),
    ],
)
def test_a_bad_request_names_the_field_without_member_data(body, reason, detail):
    refused = outcome_of_reply(HttpReply(400, {}, json.dumps(body).encode()))
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert detail in refused.detail
    assert "aino" not in refused.detail
    assert refused.detail.isascii()
    assert refused.detail.isprintable()  # a value that every ledger can store


def test_a_refused_sender_stops_the_channel():
    with pytest.raises(ChannelMisconfiguredError, match="sender"):
        outcome_of_reply(HttpReply(400, {}, b'{"errors": [{"field": "from.email"}]}'))


async def test_an_address_outside_ascii_is_refused_without_a_request(message, tmp_path):
    claimed = create_claimed_delivery(**{**CLAIMED, "address": "käyttäjä@example.fi"})
    async with wire_stage("sendgrid", tmp_path) as stage, open_provider(stage.provider) as provider:
        outcome = await provider.send(replace(message, claimed=claimed))
        assert isinstance(outcome, Refused)
        assert outcome.reason is EndReason.INVALID_ADDRESS
        assert stage.double.requests == []


async def test_a_missing_api_key_stops_the_channel(message, tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage:
        with pytest.raises(ChannelMisconfiguredError, match="SENDGRID_API_KEY"):
            await replace(stage.provider, api_key="").open()


async def test_an_untrusted_certificate_stops_the_channel(message, tls):
    async with (
        SendGridDouble(tls=tls) as double,
        open_provider(SendGridEmail(double.url, double.api_key, 4)) as provider,
    ):
        with pytest.raises(ChannelMisconfiguredError, match="certificate"):
            await provider.send(message)


async def test_sending_before_open_is_a_runtime_error(message):
    with pytest.raises(RuntimeError, match="not opened"):
        await SendGridEmail("http://127.0.0.1:9", "SG.x", 4).send(message)


def test_sg14_gd21_the_eu_server_is_the_default():
    settings = EmailSettings(address="uutiset@lahde.example.org", unsubscribe="peru@lahde.example.org")
    assert str(settings.sendgrid.base_url) == "https://api.eu.sendgrid.com/"


def mail_body(**changes: object) -> bytes:
    """Return a request body that SendGrid accepts, with changes."""
    recipient = {"to": [{"email": "aino@example.org"}]}
    mail = {
        "personalizations": [recipient],
        "from": {"email": "u@example.org"},
        "subject": "Hei",
        "content": [{"type": "text/plain", "value": "Hei"}],
    }
    return json.dumps(mail | changes).encode()


def recipients(count: int) -> list[dict[str, object]]:
    return [{"to": [{"email": f"member{number}@example.org"}]} for number in range(count)]


@pytest.mark.parametrize(
    "changes", [{}, {"personalizations": recipients(1000), "categories": [str(number) for number in range(10)]}]
)
def test_the_double_accepts_valid_requests(changes):
    assert check(mail_body(**changes)) == json.loads(mail_body(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"personalizations": recipients(1001)},
        {"personalizations": []},
        {"personalizations": [{"to": []}]},
        {"personalizations": recipients(1) * 2},
        {"personalizations": [{"to": [{"email": "nonsense"}]}]},
        {"personalizations": [{"to": [{"email": "a@example.org"}], "headers": {"Subject": "x"}}]},
        {"personalizations": [{"to": [{"email": "a@example.org"}], "custom_args": {"x": "y" * 10_000}}]},
        {"from": {"name": "no address"}},
        {"content": []},
        {"content": [{"type": "text/plain", "value": ""}]},
        {"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]},
        {"subject": ""},
        {"categories": [str(number) for number in range(11)]},
        {"send_at": 99_999_999_999},
        {"ip_pool_name": "x"},
        {"asm": {"group_id": "one"}},
        {"recipients": []},
    ],
)
def test_sg02_the_double_refuses_invalid_requests(changes):
    with pytest.raises(SendGridRefusalError):
        check(mail_body(**changes))


async def test_sandbox_mode_sends_nothing(tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage, aiohttp.ClientSession() as session:
        body = mail_body(mail_settings={"sandbox_mode": {"enable": True}})
        headers = {"Authorization": f"Bearer {stage.double.api_key}"}
        async with session.post(f"{stage.double.url}/v3/mail/send", data=body, headers=headers) as response:
            assert response.status == 200
        assert len(stage.double.mailboxes) == 0
