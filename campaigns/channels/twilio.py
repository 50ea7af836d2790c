"""Text messages through Twilio's Web API: requests built by its client, sent through our connection pool."""

import json
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.rest import Client

from campaigns.channels.http_pool import HttpPool, HttpReply
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome, Refused, RetryLater, Unknown
from campaigns.channels.provider import OutgoingSms
from campaigns.channels.twilio_errors import MISCONFIGURATION_CODES, REFUSED_CODES, RETRY_SECONDS
from campaigns.core.model.provider_settings import TwilioSettings
from campaigns.core.model.reasons import EndReason

ACCOUNT_VARIABLE: Final = "TWILIO_ACCOUNT_SID"
TOKEN_VARIABLE: Final = "TWILIO_AUTH_TOKEN"  # noqa: S105 - the name of a variable
STATUS_PATH: Final = "/webhooks/twilio/status"
DELIVERY_PARAMETER: Final = "delivery"
_MAX_VALIDITY: Final = timedelta(seconds=36_000)
_MIN_VALIDITY: Final = timedelta(seconds=5)  # Twilio recommends no less
_CLOCK_TOLERANCE: Final = timedelta(minutes=2)


class _NotAcceptedError(Exception):
    """Outcome other than acceptance, raised through Twilio's client."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__()


@dataclass
class _Transport:
    """HTTP client for Twilio's client. Twilio's own writes URLs with telephone numbers to the log."""

    pool: HttpPool
    is_async: bool = True

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None,
        data: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        auth: tuple[str, str],
        **_: object,
    ) -> Response:
        all_headers = {**headers, "Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"}
        body = urlencode(data or {}, doseq=True).encode()
        query = {name: str(value) for name, value in (params or {}).items()}
        reply = await self.pool.request(method, url, headers=all_headers, body=body, query=query)
        if not isinstance(reply, HttpReply):
            raise _NotAcceptedError(reply)
        if reply.status not in (200, 201):
            raise _NotAcceptedError(outcome_of_error(reply))
        return Response(reply.status, reply.body.decode(), reply.headers)


@dataclass
class TwilioSms:
    """Twilio provider: `POST …/Messages.json` over at most `connections`."""

    settings: TwilioSettings
    account: str
    token: str = field(repr=False)
    public_url: str
    connections: int
    timeout: float = 30.0

    def __post_init__(self) -> None:
        self._pool = HttpPool(self.connections, self.timeout)
        self._callback = f"{self.public_url.rstrip('/')}{STATUS_PATH}?{DELIVERY_PARAMETER}="

    async def open(self) -> None:
        """Open the connection pool; raises ChannelMisconfiguredError without an account."""
        if not (self.account and self.token):
            raise ChannelMisconfiguredError(f"{ACCOUNT_VARIABLE} and {TOKEN_VARIABLE} are not set in the environment")
        await self._pool.open()
        self._client = Client(self.account, self.token, http_client=_Transport(self._pool), environment={"-": "-"})
        self._client.api.base_url = str(self.settings.base_url)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def send(self, message: OutgoingSms) -> Outcome:
        """Send one message. The later status callback names the delivery even when the answer is lost."""
        try:
            created = await self._client.messages.create_async(
                to=message.claimed.address,
                body=message.text,
                status_callback=f"{self._callback}{message.claimed.opaque_id}",
                validity_period=validity_period(message.valid_for),
                smart_encoded=False,  # the text was normalised and counted before the claim
                **self._sender(message.sender),
            )
        except _NotAcceptedError as error:
            return error.outcome
        except (TwilioException, ValueError, LookupError):
            return Unknown("HTTP 201, not understood")
        return Accepted(created.sid or "")

    async def find_message(
        self,
        number: str,
        text: str | None,
        since: datetime,
        until: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Outcome | None:
        """Find a message whose answer was lost (TW-10): the same text to the same number, created after `since`.

        When the text is no longer stored, `until` and `known_ids` tell the message from others. None means that
        Twilio has no such message, which proves nothing while it may still be storing it. RetryLater or Unknown means
        that the search failed. `since` and `until` are in real time, as on Twilio's clock.
        """
        try:
            messages = await self._client.messages.list_async(to=number, date_sent_after=since.date(), limit=100)
        except _NotAcceptedError as error:
            return error.outcome
        except (TwilioException, ValueError, LookupError):
            return Unknown("a list that was not understood")
        earliest, latest = since - _CLOCK_TOLERANCE, None if until is None else until + _CLOCK_TOLERANCE
        matches = (
            message
            for message in messages
            if (text is None or message.body == text)
            and message.direction == "outbound-api"
            and message.sid not in known_ids
            and (created_at := message.date_created or earliest) >= earliest
            and (latest is None or created_at <= latest)
        )
        return next((Accepted(message.sid) for message in matches), None)

    def _sender(self, name: str) -> Mapping[str, object]:
        """Return the sender fields: the messaging service, our number, or a name that accepts no replies."""
        if self.settings.messaging_service is not None:
            return {"messaging_service_sid": self.settings.messaging_service, "shorten_urls": False}
        return {"from_": self.settings.number or name}


def validity_period(valid_for: timedelta | None) -> int:
    """Return the seconds that Twilio may keep a message in its queue (TW-11)."""
    period = _MAX_VALIDITY if valid_for is None else valid_for
    return int(min(max(period, _MIN_VALIDITY), _MAX_VALIDITY).total_seconds())


def outcome_of_error(reply: HttpReply) -> Outcome:
    """Return the outcome of an answer other than "created".

    Raises ChannelMisconfiguredError for a failure that every member shares.
    """
    code = _code(reply.body)
    if code in MISCONFIGURATION_CODES:
        raise ChannelMisconfiguredError(f"twilio: {code}, {MISCONFIGURATION_CODES[code]}")
    if reply.status == 429 or code in RETRY_SECONDS:
        return RetryLater(max(RETRY_SECONDS.get(code, 0), reply.retry_after), f"HTTP {reply.status} {code}")
    match reply.status:
        case 401 | 403:
            raise ChannelMisconfiguredError(f"twilio: HTTP {reply.status}, {MISCONFIGURATION_CODES[20003]}")
        case 301 | 302 | 307 | 308 | 404 | 405:
            raise ChannelMisconfiguredError(f"twilio: HTTP {reply.status}, is the base URL right?")
        case status if 400 <= status < 500:
            return Refused(REFUSED_CODES.get(code, EndReason.PROVIDER_REJECTED), f"HTTP {status} {code}")
        case status:
            return Unknown(f"HTTP {status}")


def _code(body: bytes) -> int:
    """Return Twilio's error code; its sentences repeat the telephone number, so they are left out."""
    try:
        return int(json.loads(body)["code"])
    except (ValueError, LookupError, TypeError):
        return 0
