"""MIME assembly from bytes, without an `email` object a message, which would be the bottleneck.

E-01 to E-09, E-20. The tests parse the same bytes with `email`.
"""

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Final

from campaigns.core.model.inline_picture import InlinePicture
from campaigns.rendering.email.email_template import EmailBody, one_line

_LINE: Final = 76
_WORD_BYTES: Final = 39  # an encoded-word of 64 characters: it fits after the longest of our header names (RFC 2047)
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*")
_PRINTABLE: Final = re.compile(r"[!-~]{1,60}( [!-~]{1,60})*")

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,189}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._+-]{1,128}@[A-Za-z0-9.-]{1,128}")
_CONTENT_ID: Final = re.compile(r"[a-z0-9_-]{1,80}@viesti")
_LINK: Final = re.compile(r"https?://[!#-;=?-~]{1,800}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~-]{1,200}")
_LIST_ID: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+")
_FEEDBACK: Final = re.compile(r"[A-Za-z0-9_.-]{0,80}(:[A-Za-z0-9_.-]{0,80}){1,3}")


@dataclass(frozen=True, slots=True)
class OneClickUnsubscribe:
    """List headers for one-click unsubscribe: an https link that accepts a POST, and a mailbox with `token` as subject.

    `list_id` is the same for all campaigns of a list (E-07).
    """

    list_id: str
    list_name: str
    link: str
    mailbox: str
    token: str

    def __post_init__(self) -> None:
        _require(_LIST_ID, self.list_id, "a List-Id")
        _require(_LINK, self.link, "a link to unsubscribe with")
        _require(_ADDRESS, self.mailbox, "an address to unsubscribe at")
        _require(_TOKEN, self.token, "a token to unsubscribe with")


@dataclass(frozen=True, slots=True)
class MessageHeaders:
    """Header values of one message: sender, recipient, date and ids.

    `message_id` is `name@domain` without brackets, the same whenever the delivery is rendered again (E-09).
    `feedback_id` holds campaign, list, class and sender, nothing of the member (E-08). `unsubscribe` is None for
    service and rights messages, which have no unsubscribe. ValueError when a value cannot stand in a header.
    """

    date: datetime
    message_id: str
    from_name: str
    from_address: str
    to_address: str
    to_name: str | None = None
    feedback_id: str | None = None
    unsubscribe: OneClickUnsubscribe | None = None

    def __post_init__(self) -> None:
        if self.date.tzinfo is None:
            raise ValueError("a message's date has a zone")
        _require(_MESSAGE_ID, self.message_id, "a Message-ID")
        _require(_ADDRESS, self.from_address, "a sender's address")
        _require(_ADDRESS, self.to_address, "an address")
        if self.feedback_id is not None:
            _require(_FEEDBACK, self.feedback_id, "a Feedback-ID")


def extra_headers(envelope: MessageHeaders) -> dict[str, str]:
    """Return the headers beyond Date, From, To, Subject, Message-ID and MIME's own, each on one line.

    For providers that assemble the message themselves; `assemble_message` writes the same headers.
    """
    headers = {"Auto-Submitted": "auto-generated"}
    if envelope.feedback_id is not None:
        headers["Feedback-ID"] = envelope.feedback_id
    if envelope.unsubscribe is not None:
        target = envelope.unsubscribe
        headers["List-Id"] = f"{_phrase(one_line(target.list_name))} <{target.list_id}>"
        headers["List-Unsubscribe"] = f"<{target.link}>, <mailto:{target.mailbox}?subject={target.token}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def require_encodable(body: EmailBody) -> None:
    """Raise ValueError for a text that cannot be encoded because it holds a lone UTF-16 surrogate."""
    for text in (body.subject, body.text, body.html):
        text.encode()


def assemble_message(envelope: MessageHeaders, body: EmailBody, pictures: Sequence[InlinePicture] = ()) -> bytes:
    """Return the whole message: ASCII, short lines that end in CRLF, text before HTML, which brings its pictures.

    The same envelope, body and pictures give the same bytes.
    """
    # neither encoding can produce `=_`, so the boundary cannot occur in a body
    name = envelope.message_id.partition("@")[0]
    boundary = f"=_{name[:66]}"
    edge = f"--{boundary}\r\n".encode("ascii")
    return b"".join(
        (
            "\r\n".join(_head(envelope, body.subject, boundary)).encode("ascii"),
            b"\r\n\r\n",
            edge,
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
            _quoted_printable(body.text),
            b"\r\n",
            edge,
            *related_parts(_base64(body.html), pictures, f"=_related_{name[:58]}"),
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )


def related_parts(html: bytes, pictures: Sequence[InlinePicture], boundary: str) -> Iterator[bytes]:
    """Yield the HTML part, in base64 already, as one with its pictures where it has any (RFC 2387)."""
    head = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    if not pictures:
        yield from (head, html)
        return
    edge = f"--{boundary}\r\n".encode("ascii")
    yield f'Content-Type: multipart/related; type="text/html";\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    yield from (edge, head, html)
    for picture in pictures:
        yield from (edge, _picture_head(picture), _lines(b64encode(picture.content)))
    yield f"--{boundary}--\r\n".encode("ascii")


def _picture_head(picture: InlinePicture) -> bytes:
    _require(_CONTENT_ID, picture.content_id, "a Content-ID")
    return (
        f"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <{picture.content_id}>\r\n"
        f'Content-Disposition: inline; filename="{picture.file_name}"\r\n\r\n'
    ).encode("ascii")


def _head(envelope: MessageHeaders, subject: str, boundary: str) -> Iterator[str]:
    yield f"Date: {format_datetime(envelope.date)}"
    yield _folded("From", _mailbox(envelope.from_name, envelope.from_address))
    yield _folded("To", _mailbox(envelope.to_name or "", envelope.to_address))
    yield _folded("Subject", _unstructured(one_line(subject)))
    yield f"Message-ID: <{envelope.message_id}>"
    for name, value in extra_headers(envelope).items():
        yield _folded(name, value)
    yield "MIME-Version: 1.0"
    yield f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"'


def _mailbox(name: str, address: str) -> str:
    name = one_line(name)
    return f"{_phrase(name)} <{address}>" if name else address


@lru_cache(maxsize=1024)  # senders and lists repeat in every message
def _phrase(text: str) -> str:
    if _ATOMS.fullmatch(text):
        return text
    if _PRINTABLE.fullmatch(text) and "=?" not in text:
        return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
    return _encoded_words(text)


def _unstructured(text: str) -> str:
    return text if _PRINTABLE.fullmatch(text) and "=?" not in text else _encoded_words(text)


def _encoded_words(text: str) -> str:
    """Return the text as RFC 2047 encoded-words in base64; no character is split."""
    words, word = [], b""
    for character in text:
        octets = character.encode()
        if len(word) + len(octets) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += octets
    return " ".join(f"=?utf-8?b?{b64encode(chunk).decode()}?=" for chunk in (*words, word))


def _folded(name: str, value: str) -> str:
    """Return the header folded at its spaces."""
    line, lines = f"{name}:", []
    for word in value.split(" "):
        if len(line) + 1 + len(word) > _LINE and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join((*lines, line))


def _quoted_printable(text: str) -> bytes:
    # soft line breaks use the text's own line ends, so all become CRLF at the end
    return b2a_qp(_unix(text).encode(), istext=True).replace(b"\n", b"\r\n")


def _base64(text: str) -> bytes:
    octets = text.encode()  # replaced as bytes, which takes a fraction of the time
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _lines(b64encode(octets.replace(b"\n", b"\r\n")))


def _lines(encoded: bytes) -> bytes:
    # half the time of `encodebytes`
    lines = [encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE)]
    return b"\r\n".join((*lines, b""))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _require(pattern: re.Pattern[str], value: str, description: str) -> None:
    if not pattern.fullmatch(value):  # the value itself stays out of every log
        raise ValueError(f"{description} was wanted")
