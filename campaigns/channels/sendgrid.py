"""E-mail through SendGrid's Web API: one request a member, because its recipients share content (SG-03)."""

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import orjson
from sendgrid.helpers.mail import (
    ClickTracking,
    From,
    Ganalytics,
    Mail,
    OpenTracking,
    SubscriptionTracking,
    TrackingSettings,
)

from campaigns.channels.http_pool import HttpPool, HttpReply
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome, Refused, RetryLater, Unknown
from campaigns.channels.provider import OutgoingEmail
from campaigns.core.model.inline_picture import InlinePicture
from campaigns.core.model.reasons import EndReason

API_KEY_VARIABLE: Final = "SENDGRID_API_KEY"
DELIVERY_ARGUMENT: Final = "delivery"
_FIELD: Final = re.compile(r"[!-?A-~]{1,59}")
"""Pattern of a field name: no address, nothing that a ledger cannot store."""

_RESERVED: Final = frozenset(
    {
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    }
)


@dataclass
class SendGridEmail:
    """SendGrid provider: `POST /v3/mail/send` over at most `connections`; only the answer 202 is acceptance (SG-01)."""

    base_url: str
    api_key: str = field(repr=False)
    connections: int
    timeout: float = 30.0

    def __post_init__(self) -> None:
        self._url = f"{self.base_url.rstrip('/')}/v3/mail/send"
        self._headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        self._pool = HttpPool(self.connections, self.timeout)

    async def open(self) -> None:
        """Open the connection pool; raises ChannelMisconfiguredError without an API key."""
        if not self.api_key:
            raise ChannelMisconfiguredError(f"{API_KEY_VARIABLE} is not set in the environment")
        await self._pool.open()

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def send(self, message: OutgoingEmail) -> Outcome:
        """Send one message to one address."""
        if not message.claimed.address.isascii():  # SendGrid does not support SMTPUTF8 (E-03)
            return Refused(EndReason.INVALID_ADDRESS, "an address outside ASCII")
        body = orjson.dumps(request_body(message))
        del message  # hundreds wait at once and need only their bytes
        reply = await self._pool.request("POST", self._url, headers=self._headers, body=body)
        return outcome_of_reply(reply) if isinstance(reply, HttpReply) else reply


def request_body(message: OutgoingEmail) -> dict[str, Any]:
    """Return the request body: address, content and two opaque names, nothing else of the member (GD-24).

    Raises ChannelMisconfiguredError for a header that SendGrid reserves (SG-06).
    """
    reserved = [name for name in message.headers if name.lower() in _RESERVED]
    if reserved:
        raise ChannelMisconfiguredError(f"sendgrid: the header {reserved[0]} cannot be set")
    recipient = {
        "to": [{"email": message.claimed.address}],
        "headers": dict(message.headers),
        "custom_args": {DELIVERY_ARGUMENT: message.claimed.opaque_id, "attempt": message.claimed.attempt},
    }
    content = [{"type": "text/plain", "value": message.text}, {"type": "text/html", "value": message.html}]
    common = _common(message.from_address, message.from_name)
    body = common | {"subject": message.subject, "personalizations": [recipient], "content": content}
    if message.pictures:
        body["attachments"] = [_attachment(picture) for picture in message.pictures]
    return body


def _attachment(picture: InlinePicture) -> dict[str, str]:
    """Return a picture that the HTML shows; no mail program lists it as a file of its own."""
    return {
        "content": b64encode(picture.content).decode("ascii"),
        "type": "image/png",
        "filename": picture.file_name,
        "disposition": "inline",
        "content_id": picture.content_id,
    }


@lru_cache(maxsize=64)
def _common(from_address: str, from_name: str) -> dict[str, Any]:
    """Return the part shared by all messages of a sender, built with SendGrid's helpers.

    Built for each message, it would cost 80 µs of 280. Every kind of tracking is switched off explicitly, because
    an omitted setting falls back to the account's (GD-22, E-29).
    """
    mail = Mail()
    mail.from_email = From(from_address, from_name)
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
        ganalytics=Ganalytics(enable=False),
    )
    request: dict[str, Any] = mail.get()
    return request


def outcome_of_reply(reply: HttpReply) -> Outcome:
    """Return the outcome of SendGrid's answer.

    Raises ChannelMisconfiguredError for a failure that every member shares.
    """
    match reply.status:
        case 202:
            return Accepted(reply.headers.get("X-Message-Id", ""))
        case 200:
            raise ChannelMisconfiguredError("sendgrid: sandbox mode, nothing is sent")
        case 400:
            return _bad_request(reply)
        case 413:
            return Refused(EndReason.TOO_LONG, "HTTP 413")
        case 429:
            return RetryLater(reply.retry_after, "HTTP 429")
        case 401 | 403:
            raise ChannelMisconfiguredError(
                f"sendgrid: HTTP {reply.status}, is the API key right, and the sender verified?"
            )
        case 404 | 405 | 301 | 302 | 307 | 308:
            raise ChannelMisconfiguredError(f"sendgrid: HTTP {reply.status}, is the base URL right?")
        case status:
            return Unknown(f"HTTP {status}")


def _bad_request(reply: HttpReply) -> Refused:
    """Return a refusal with the rejected fields. SendGrid's sentences may hold an address, so they are left out."""
    fields = sorted(_fields(reply.body))
    if any(name.partition(".")[0] == "from" for name in fields):
        raise ChannelMisconfiguredError("sendgrid: the sender's address is not accepted")
    is_bad_address = any(name.startswith("personalizations") and ".to" in name for name in fields)
    reason = EndReason.INVALID_ADDRESS if is_bad_address else EndReason.PROVIDER_REJECTED
    return Refused(reason, " ".join(["HTTP 400", *fields]))


def _fields(body: bytes) -> set[str]:
    try:
        errors = json.loads(body)["errors"]
        names = [str(error.get("field") or "") for error in errors]
    except (ValueError, LookupError, TypeError, AttributeError):
        return set()
    return {name for name in names if _FIELD.fullmatch(name)}
