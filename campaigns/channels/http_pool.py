"""Pooled HTTP connections to a provider's API, and what is sure when no answer comes. The one place of pyreqwest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PoolTimeoutError, RequestError, RequestTimeoutError

from campaigns.channels.outcome import ChannelMisconfigured, TryLater, Unknown

_CONNECT: Final = timedelta(seconds=10)
_IDLE: Final = timedelta(
    seconds=4
)  # a connection that the far end closes while we write on it would leave a message uncertain
_BACK_OFF: Final = 5.0
_LONGEST: Final = 600.0
_NOT_CONNECTED: Final = "client error (Connect)"
_CERTIFICATE: Final = "invalid peer certificate"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an API answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def wait(self) -> float:
        """Seconds that the API asks us to leave it alone, from `Retry-After` or `X-RateLimit-Reset`.

        The latter is a Unix time and is read against the reply's own Date: whose clock is right does not matter.
        """
        asked = _number(self.headers.get("Retry-After"))
        if asked is None:
            reset, now = _number(self.headers.get("X-RateLimit-Reset")), _instant(self.headers.get("Date"))
            asked = _BACK_OFF if reset is None or now is None else reset - now
        return min(max(asked, 1.0), _LONGEST)


@dataclass
class Pool:
    """Connections that are kept open between requests, at most `limit` of them; open it in the loop that uses it.

    `patience` is how many seconds an answer may take: less than a claim's lease, so that whoever asked records it.
    Bytes are moved and enciphered by threads that do not hold Python up.
    """

    limit: int
    patience: float
    _client: Client | None = field(default=None, init=False, repr=False)

    async def open(self) -> None:
        """Make ready; nothing is connected yet."""
        self._client = (
            ClientBuilder()
            .user_agent("viesti")
            .follow_redirects(enable=False)
            .max_connections(self.limit)
            .pool_timeout(_CONNECT)
            .pool_idle_timeout(_IDLE)
            .connect_timeout(_CONNECT)
            .timeout(timedelta(seconds=self.patience))
            .build()
        )

    async def close(self) -> None:
        """Close every connection; closing twice is no error."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        query: Mapping[str, str] | None = None,
    ) -> Reply | TryLater | Unknown:
        """Ask once. No redirect is followed and nothing that the far end may have read is repeated.

        TryLater when no connection was made, so that nothing was said; Unknown when the request may have been read.
        Raises ChannelMisconfigured for a far end that cannot prove its name.
        """
        if self._client is None:
            raise RuntimeError("the pool was not opened")
        request = self._client.request(method, url).headers(headers).query(query or {}).body_bytes(body).build()
        try:
            response = await request.send()
            return Reply(response.status, response.headers, bytes(await response.bytes()))
        except PoolTimeoutError:
            return TryLater(_BACK_OFF, "no connection was free")
        except RequestError as error:
            return _what_is_sure(error)


def _what_is_sure(error: RequestError) -> TryLater | Unknown:
    """What an exception leaves open. The library calls a lost answer `ConnectError` too, so only its cause is believed.

    A cause that is worded otherwise one day makes a message uncertain, never one that is sent again.
    """
    causes = [cause["message"] for cause in error.details["causes"] or ()]
    if any(cause.startswith(_CERTIFICATE) for cause in causes):
        raise ChannelMisconfigured("the provider's certificate does not hold; is the base URL right?") from None
    if _NOT_CONNECTED in causes:
        return TryLater(_BACK_OFF, "no connection")
    if isinstance(error, RequestTimeoutError):
        return Unknown("no answer in time")
    return Unknown(f"no answer: {type(error).__name__}")


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _instant(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
