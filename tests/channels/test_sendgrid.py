"""SendGrid: what is asked of it and what its answers mean (SG-01 to SG-10)."""

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
def letter(email):
    """An e-mail as dispatch hands it over: opaque names of 26 characters, the headers of a list."""
    claimed = create_claimed_delivery(**CLAIMED)
    return replace(email(claimed), headers=UNSUBSCRIBE)


def keys(value: object) -> set[str]:
    """Every key in a nest of mappings and lists."""
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys(each)}
    return {key for each in value for key in keys(each)} if isinstance(value, list) else set()


def test_sg03_sg04_sg05_one_reader_gets_one_message_with_the_headers_of_a_list(letter):
    request = request_body(letter)
    (reader,) = request["personalizations"]
    assert reader["to"] == [{"email": "aino@example.org"}]
    assert reader["headers"] == UNSUBSCRIBE
    assert not keys(request) & {"cc", "bcc", "reply_to_list", "substitutions"}


def test_e29_every_kind_of_tracking_is_said_to_be_off(letter):
    tracking = request_body(letter)["tracking_settings"]
    assert set(tracking) == {"click_tracking", "open_tracking", "subscription_tracking", "ganalytics"}
    assert {each["enable"] for each in tracking.values()} == {False}
    assert tracking["click_tracking"]["enable_text"] is False


def test_sg09_no_filter_is_bypassed(letter):
    assert not [key for key in keys(request_body(letter)) if key.startswith("bypass") or key == "mail_settings"]


def test_gd24_what_sendgrid_keeps_for_ever_is_opaque(letter):
    request = request_body(letter)
    names = request["personalizations"][0]["custom_args"]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16,}", value) for value in names.values())
    assert "categories" not in request
    assert "4711" not in json.dumps(request)


@pytest.mark.parametrize("name", ["X-SG-ID", "Received", "DKIM-Signature", "Content-Type", "To", "From", "Bcc"])
def test_sg06_a_header_of_sendgrids_own_is_not_set(letter, name):
    with pytest.raises(ChannelMisconfiguredError, match=name):
        request_body(replace(letter, headers={name: "x"}))


@given(text=st.text(min_size=1), html=st.text(min_size=1), subject=st.text(min_size=1), name=st.text())
def test_whatever_is_written_sendgrid_can_read(text, html, subject, name):
    message = OutgoingEmail(
        claim(Channel.EMAIL), bytes, "b@example.org", name, "u@example.org", subject, text, html, UNSUBSCRIBE
    )
    read = check(json.dumps(request_body(message)).encode())
    assert [part["value"] for part in read["content"]] == [text, html]


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
def test_sg08_a_status_has_one_meaning(status, headers, expected):
    assert outcome_of_reply(HttpReply(status, headers, b"")) == expected


@pytest.mark.parametrize("status", [200, 301, 307, 401, 403, 404, 405])
def test_what_would_befall_every_member_stops_the_channel(status):
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
def test_a_bad_request_names_the_field_and_nobody(body, reason, detail):
    refused = outcome_of_reply(HttpReply(400, {}, json.dumps(body).encode()))
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert detail in refused.detail
    assert "aino" not in refused.detail
    assert refused.detail.isascii()
    assert refused.detail.isprintable()  # every ledger keeps it


def test_a_sender_that_is_not_accepted_stops_the_channel():
    with pytest.raises(ChannelMisconfiguredError, match="sender"):
        outcome_of_reply(HttpReply(400, {}, b'{"errors": [{"field": "from.email"}]}'))


async def test_an_address_outside_ascii_is_not_tried(letter, tmp_path):
    claimed = create_claimed_delivery(**{**CLAIMED, "address": "käyttäjä@example.fi"})
    async with wire_stage("sendgrid", tmp_path) as stage, open_provider(stage.provider) as provider:
        outcome = await provider.send(replace(letter, claimed=claimed))
        assert isinstance(outcome, Refused)
        assert outcome.reason is EndReason.INVALID_ADDRESS
        assert stage.double.requests == []


async def test_without_a_key_nothing_is_asked(letter, tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage:
        with pytest.raises(ChannelMisconfiguredError, match="SENDGRID_API_KEY"):
            await replace(stage.provider, api_key="").open()


async def test_a_server_that_cannot_prove_its_name_stops_the_channel(letter, tls):
    async with (
        SendGridDouble(tls=tls) as double,
        open_provider(SendGridEmail(double.url, double.api_key, 4)) as provider,
    ):
        with pytest.raises(ChannelMisconfiguredError, match="certificate"):
            await provider.send(letter)


async def test_a_provider_that_was_not_opened_is_our_mistake(letter):
    with pytest.raises(RuntimeError, match="not opened"):
        await SendGridEmail("http://127.0.0.1:9", "SG.x", 4).send(letter)


def test_sg14_gd21_the_server_in_the_union_is_asked_unless_another_is_named():
    settings = EmailSettings(address="uutiset@lahde.example.org", unsubscribe="peru@lahde.example.org")
    assert str(settings.sendgrid.base_url) == "https://api.eu.sendgrid.com/"


def broken(**changes: object) -> bytes:
    """A request that SendGrid takes, with changes."""
    reader = {"to": [{"email": "aino@example.org"}]}
    mail = {
        "personalizations": [reader],
        "from": {"email": "u@example.org"},
        "subject": "Hei",
        "content": [{"type": "text/plain", "value": "Hei"}],
    }
    return json.dumps(mail | changes).encode()


def readers(count: int) -> list[dict[str, object]]:
    return [{"to": [{"email": f"member{number}@example.org"}]} for number in range(count)]


@pytest.mark.parametrize(
    "changes", [{}, {"personalizations": readers(1000), "categories": [str(number) for number in range(10)]}]
)
def test_the_double_takes_what_sendgrid_takes(changes):
    assert check(broken(**changes)) == json.loads(broken(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"personalizations": readers(1001)},
        {"personalizations": []},
        {"personalizations": [{"to": []}]},
        {"personalizations": readers(1) * 2},
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
def test_sg02_the_double_refuses_what_sendgrid_refuses(changes):
    with pytest.raises(SendGridRefusalError):
        check(broken(**changes))


async def test_sandbox_mode_is_not_taken_for_sending(tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage, aiohttp.ClientSession() as session:
        body = broken(mail_settings={"sandbox_mode": {"enable": True}})
        headers = {"Authorization": f"Bearer {stage.double.api_key}"}
        async with session.post(f"{stage.double.url}/v3/mail/send", data=body, headers=headers) as response:
            assert response.status == 200
        assert len(stage.double.mailboxes) == 0
