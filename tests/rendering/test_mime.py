"""Assembled messages, checked with Python's `email` package and against E-01 to E-09 and E-20."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.rendering.email.email_template import EmailBody, one_line
from campaigns.rendering.email.mime import (
    MessageHeaders,
    OneClickUnsubscribe,
    assemble_message,
    extra_headers,
    require_encodable,
)

STRICT = policy.SMTP.clone(raise_on_defect=True)
UNSUBSCRIBE = OneClickUnsubscribe(
    "beauty.lahde.example.org",
    "Kauneus ja hyvä olo",
    "https://lahde.example.org/u/abc-DEF_1",
    "peru@lahde.example.org",
    "abc-DEF_1",
)
BODY = EmailBody("Hei", "Hyvää päivää\n", "<p>Hyvää päivää</p>")
ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=300)


def headers(**changes: Any) -> MessageHeaders:
    values = {
        "date": datetime(2018, 1, 1, 8, tzinfo=UTC),
        "message_id": "abcdefghijklmnop@lahde.example.org",
        "from_name": "Osuuskauppa Lähde",
        "from_address": "uutiset@lahde.example.org",
        "to_address": "aino.virtanen@example.org",
        "to_name": "Aino Virtanen",
        "feedback_id": "beauty_newsletter:beauty:newsletter:lahde",
        "unsubscribe": UNSUBSCRIBE,
    }
    return MessageHeaders(**{**values, **changes})


def parse(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=STRICT)
    assert isinstance(message, EmailMessage)
    return message


def recipient_name(data: bytes) -> str:
    """Return the name in To by RFC 2047; the newer parser of `email` puts a space between two encoded-words."""
    name, _ = parseaddr(str(message_from_bytes(data)["To"]))
    return str(make_header(decode_header(name)))


def lines_of(data: bytes) -> list[bytes]:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data), "a bare CR or LF"
    return data.split(b"\r\n")


@given(subject=ANY_TEXT, name=ANY_TEXT, text=ANY_TEXT, html=ANY_TEXT)
def test_any_message_parses_back_to_itself(subject: str, name: str, text: str, html: str) -> None:
    data = assemble_message(headers(to_name=name), EmailBody(subject, text, html))
    message = parse(data)

    assert message["Subject"] == one_line(subject)
    assert recipient_name(data) == one_line(name)
    assert message["To"].addresses[0].addr_spec == "aino.virtanen@example.org"
    text_part, html_part = message.iter_parts()
    for part, content in ((text_part, text), (html_part, html)):
        assert part.get_content_charset() == "utf-8"
        payload = part.get_payload(decode=True)
        assert payload.decode() == re.sub("\r\n|\r|\n", "\r\n", content)


@given(subject=ANY_TEXT, name=ANY_TEXT, text=ANY_TEXT)
def test_e02_every_line_is_ascii_short_and_ends_in_crlf(subject: str, name: str, text: str) -> None:
    data = assemble_message(headers(to_name=name, from_name=name), EmailBody(subject, text, text))
    lines = lines_of(data)

    assert data.isascii()
    assert max(map(len, lines)) <= 78
    assert b"\0" not in data
    assert all(len(word) <= 75 for line in lines for word in re.findall(rb"=\?utf-8\?b\?.*?\?=", line))
    assert all(len(line) <= 76 for line in lines if b"=?utf-8?b?" in line)


@given(
    name=st.sampled_from(["\r\nBcc: x@y.example", "a\nSubject: b", "\u2028Bcc: x@y", "\x0bX: y", "\x85X: y", "a\0b"])
)
def test_names_and_subjects_cannot_inject_a_header(name: str) -> None:
    message = parse(assemble_message(headers(to_name=name, from_name=name), EmailBody(name, name, name)))

    assert set(message) == {
        "Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "Feedback-ID", "List-Id",
        "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert len(message.keys()) == 12


def test_e07_e08_a_message_has_the_headers_required_by_mailbox_providers() -> None:
    message = parse(assemble_message(headers(), BODY))

    assert message["Date"] == "Mon, 01 Jan 2018 08:00:00 +0000"
    assert message["Message-ID"] == "<abcdefghijklmnop@lahde.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Feedback-ID"] == "beauty_newsletter:beauty:newsletter:lahde"
    assert message["List-Id"] == "Kauneus ja hyvä olo <beauty.lahde.example.org>"
    assert message["List-Unsubscribe"] == (
        "<https://lahde.example.org/u/abc-DEF_1>, <mailto:peru@lahde.example.org?subject=abc-DEF_1>"
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["From"].addresses[0].display_name == "Osuuskauppa Lähde"


def test_e04_text_comes_before_html_and_both_decode() -> None:
    text_part, html = parse(assemble_message(headers(), BODY)).iter_parts()

    assert (text_part.get_content_type(), text_part.get_content()) == ("text/plain", "Hyvää päivää\r\n")
    assert (html.get_content_type(), html.get_content()) == ("text/html", "<p>Hyvää päivää</p>")


def test_dl04_a_service_message_has_no_unsubscribe_headers() -> None:
    extra = extra_headers(headers(unsubscribe=None))

    assert extra == {
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": "beauty_newsletter:beauty:newsletter:lahde",
    }
    assert b"List-" not in assemble_message(headers(unsubscribe=None), BODY)


def test_the_extra_headers_equal_those_in_the_bytes() -> None:
    message = message_from_bytes(assemble_message(headers(), BODY), policy=policy.compat32)

    for name, value in extra_headers(headers()).items():
        assert re.sub(r"\r?\n ", " ", str(message[name])) == value


def test_the_same_message_gives_the_same_bytes() -> None:
    assert assemble_message(headers(), BODY) == assemble_message(headers(), BODY)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Aino Virtanen", b"To: Aino Virtanen <aino.virtanen@example.org>"),
        ("Virtanen, Aino", b'To: "Virtanen, Aino" <aino.virtanen@example.org>'),
        ('Aino "A" \\', b'To: "Aino \\"A\\" \\\\" <aino.virtanen@example.org>'),
        ("Åsa", b"To: =?utf-8?b?w4VzYQ==?= <aino.virtanen@example.org>"),
        ("=?utf-8?q?x?=", b"To: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <aino.virtanen@example.org>"),
        ("", b"To: aino.virtanen@example.org"),
        (None, b"To: aino.virtanen@example.org"),
    ],
)
def test_a_name_has_its_simplest_encoding(name: str | None, header: bytes) -> None:
    assert header in lines_of(assemble_message(headers(to_name=name), BODY))


@pytest.mark.parametrize(
    "changes",
    [
        {"to_address": "aino@example.org\r\nBcc: x@y.example"},
        {"to_address": "aino@example.org, x@y.example"},
        {"to_address": "käyttäjä@example.org"},
        {"to_address": "a" * 65 + "@example.org"},
        {"from_address": "uutiset@näköala.example"},
        {"message_id": "a b@example.org"},
        {"message_id": "no-domain"},
        {"feedback_id": "a:b:c:d:e"},
        {"feedback_id": "a:b\r\nX: y"},
        {"date": datetime(2018, 1, 1)},  # noqa: DTZ001 - refused
    ],
)
def test_a_value_that_cannot_stand_in_a_header_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"wanted|zone") as raised:
        headers(**changes)
    assert "aino" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("link", "javascript:x"),
        ("link", "https://x.example/>,<y"),
        ("link", "https://x.example/ y"),
        ("list_id", "no-dot"),
        ("mailbox", "x@y>z"),
        ("token", "a b"),
    ],
)
def test_an_unsubscribe_header_refuses_malformed_values(field: str, value: str) -> None:
    fields = {"list_id": "a.b", "list_name": "A", "link": "https://x.example/u", "mailbox": "x@y.example", "token": "t"}
    OneClickUnsubscribe(**fields)
    with pytest.raises(ValueError, match="wanted"):
        OneClickUnsubscribe(**{**fields, field: value})


@pytest.mark.parametrize("part", ["text", "html"])
def test_a_lone_surrogate_is_refused(part):
    require_encodable(EmailBody("Hei", "Hyvää päivää 🌞", "<p>Hej då 🌞</p>"))
    with pytest.raises(ValueError, match="surrogates"):
        require_encodable(EmailBody("Hei", **{"text": "a", "html": "a"} | {part: "a\ud83d"}))
