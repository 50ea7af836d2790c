"""Text messages through Twilio's Web API. Its client makes the requests, our pool carries them."""

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

from campaigns.channels.http_pool import Pool, Reply
from campaigns.channels.outcome import Accepted, ChannelMisconfigured, Outcome, Refused, TryLater, Unknown
from campaigns.channels.provider import OutgoingSms
from campaigns.channels.twilio_errors import LATER, OURS, REFUSED
from campaigns.core.model.provider_settings import TwilioSettings
from campaigns.core.model.reasons import EndReason

ACCOUNT: Final = "TWILIO_ACCOUNT_SID"
TOKEN: Final = "TWILIO_AUTH_TOKEN"  # noqa: S105 - the name of a variable
STATUS_PATH: Final = "/webhooks/twilio/status"
DELIVERY: Final = "delivery"
_LONGEST_QUEUE: Final = timedelta(seconds=36_000)
_SHORTEST_QUEUE: Final = timedelta(seconds=5)  # Twilio recommends no less
_CLOCKS_DIFFER: Final = timedelta(minutes=2)


class _NotTaken(Exception):  # noqa: N818 - said as what happened
    """Carries an outcome through Twilio's client."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__()


@dataclass
class _Transport:
    """What Twilio's client asks of an HTTP client. Its own writes addresses with their numbers into the log."""

    pool: Pool
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
        named = {**headers, "Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"}
        body = urlencode(data or {}, doseq=True).encode()
        query = {name: str(value) for name, value in (params or {}).items()}
        reply = await self.pool.request(method, url, headers=named, body=body, query=query)
        if not isinstance(reply, Reply):
            raise _NotTaken(reply)
        if reply.status not in (200, 201):
            raise _NotTaken(refusal(reply))
        return Response(reply.status, reply.body.decode(), reply.headers)


@dataclass
class TwilioSms:
    """Sends by `POST …/Messages.json`, over at most `connections` at once."""

    settings: TwilioSettings
    account: str
    token: str = field(repr=False)
    public_url: str
    connections: int
    patience: float = 30.0

    def __post_init__(self) -> None:
        self._pool = Pool(self.connections, self.patience)
        self._callback = f"{self.public_url.rstrip('/')}{STATUS_PATH}?{DELIVERY}="

    async def open(self) -> None:
        """Make ready; raises ChannelMisconfigured without an account."""
        if not (self.account and self.token):
            raise ChannelMisconfigured(f"{ACCOUNT} and {TOKEN} are not set in the environment")
        await self._pool.open()
        self._client = Client(self.account, self.token, http_client=_Transport(self._pool), environment={"-": "-"})
        self._client.api.base_url = str(self.settings.base_url)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def send(self, message: OutgoingSms) -> Outcome:
        """Ask Twilio to send one message. Its later status names the delivery, also when its answer is lost."""
        try:
            made = await self._client.messages.create_async(
                to=message.claimed.address,
                body=message.text,
                status_callback=f"{self._callback}{message.claimed.opaque_id}",
                validity_period=validity_period(message.valid_for),
                smart_encoded=False,  # the text was made plain and counted before anyone paid
                **self._sender(message.sender),
            )
        except _NotTaken as told:
            return told.outcome
        except (TwilioException, ValueError, LookupError):
            return Unknown("HTTP 201, not understood")
        return Accepted(made.sid or "")

    async def find(
        self, number: str, text: str | None, since: datetime, until: datetime | None = None, known: Collection[str] = ()
    ) -> Outcome | None:
        """Look for a message whose answer was lost (TW-10): the same text to the same number, made after `since`.

        Where the text is not kept any more, `until` and the names of the messages that are `known` tell it from others.
        None: Twilio has none, which proves nothing while it may still be writing. TryLater or Unknown: it could not
        be asked. The moments are in real time, as Twilio's clock shows it.
        """
        try:
            listed = await self._client.messages.list_async(to=number, date_sent_after=since.date(), limit=100)
        except _NotTaken as told:
            return told.outcome
        except (TwilioException, ValueError, LookupError):
            return Unknown("a list that was not understood")
        earliest, latest = since - _CLOCKS_DIFFER, None if until is None else until + _CLOCKS_DIFFER
        found = (
            each
            for each in listed
            if (text is None or each.body == text)
            and each.direction == "outbound-api"
            and each.sid not in known
            and (made := each.date_created or earliest) >= earliest
            and (latest is None or made <= latest)
        )
        return next((Accepted(each.sid) for each in found), None)

    def _sender(self, name: str) -> Mapping[str, object]:
        """The messaging service, our number, or a name that nobody can answer."""
        if self.settings.messaging_service is not None:
            return {"messaging_service_sid": self.settings.messaging_service, "shorten_urls": False}
        return {"from_": self.settings.number or name}


def validity_period(valid_for: timedelta | None) -> int:
    """Seconds that Twilio may keep a message in its queue (TW-11)."""
    wanted = _LONGEST_QUEUE if valid_for is None else valid_for
    return int(min(max(wanted, _SHORTEST_QUEUE), _LONGEST_QUEUE).total_seconds())


def refusal(reply: Reply) -> Outcome:
    """What an answer other than "created" means; raises ChannelMisconfigured for what would befall every member."""
    code = _code(reply.body)
    if code in OURS:
        raise ChannelMisconfigured(f"twilio: {code}, {OURS[code]}")
    if reply.status == 429 or code in LATER:
        return TryLater(max(LATER.get(code, 0), reply.wait), f"HTTP {reply.status} {code}")
    match reply.status:
        case 401 | 403:
            raise ChannelMisconfigured(f"twilio: HTTP {reply.status}, {OURS[20003]}")
        case 301 | 302 | 307 | 308 | 404 | 405:
            raise ChannelMisconfigured(f"twilio: HTTP {reply.status}, is the base URL right?")
        case status if 400 <= status < 500:
            return Refused(REFUSED.get(code, EndReason.PROVIDER_REJECTED), f"HTTP {status} {code}")
        case status:
            return Unknown(f"HTTP {status}")


def _code(body: bytes) -> int:
    """Twilio's own code; its sentences repeat the number, so they are left out."""
    try:
        return int(json.loads(body)["code"])
    except (ValueError, LookupError, TypeError):
        return 0
