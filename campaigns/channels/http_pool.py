"""HTTP connection pool for provider APIs, and the outcome when no answer comes. The only module that uses pyreqwest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PoolTimeoutError, RequestError, RequestTimeoutError

from campaigns.channels.outcome import ChannelMisconfiguredError, RetryLater, Unknown

_CONNECT_TIMEOUT: Final = timedelta(seconds=10)
# Short: a connection that the far end closes while we write to it would leave a message uncertain
_IDLE_TIMEOUT: Final = timedelta(seconds=4)
_BACK_OFF: Final = 5.0
_MAX_BACK_OFF: Final = 600.0
_NOT_CONNECTED: Final = "client error (Connect)"
_BAD_CERTIFICATE: Final = "invalid peer certificate"


@dataclass(frozen=True, slots=True)
class HttpReply:
    """HTTP response of a provider's API."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def retry_after(self) -> float:
        """Return the seconds to wait before a retry, from `Retry-After` or `X-RateLimit-Reset`.

        The latter is a Unix time and is compared with the reply's own Date, so clock differences do not matter.
        """
        seconds = _number(self.headers.get("Retry-After"))
        if seconds is None:
            reset, now = _number(self.headers.get("X-RateLimit-Reset")), _instant(self.headers.get("Date"))
            seconds = _BACK_OFF if reset is None or now is None else reset - now
        return min(max(seconds, 1.0), _MAX_BACK_OFF)


@dataclass
class HttpPool:
    """Pool of at most `max_connections` open connections; open it in the event loop that uses it.

    `timeout` limits the wait in seconds. It is shorter than a claim's lease, so that the claiming worker
    can still record the outcome. The library's own threads move and encrypt the bytes; they do not block Python.
    """

    max_connections: int
    timeout: float
    _client: Client | None = field(default=None, init=False, repr=False)

    async def open(self) -> None:
        """Create the client; nothing is connected yet."""
        self._client = (
            ClientBuilder()
            .user_agent("viesti")
            .follow_redirects(enable=False)
            .max_connections(self.max_connections)
            .pool_timeout(_CONNECT_TIMEOUT)
            .pool_idle_timeout(_IDLE_TIMEOUT)
            .connect_timeout(_CONNECT_TIMEOUT)
            .timeout(timedelta(seconds=self.timeout))
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
    ) -> HttpReply | RetryLater | Unknown:
        """Send one request. No redirect is followed, and no request that the server may have read is repeated.

        RetryLater when no connection was made, so that nothing was sent; Unknown when the request may have been read.
        Raises ChannelMisconfiguredError when the server's certificate is not valid.
        """
        if self._client is None:
            raise RuntimeError("the pool was not opened")
        request = self._client.request(method, url).headers(headers).query(query or {}).body_bytes(body).build()
        try:
            response = await request.send()
            return HttpReply(response.status, response.headers, bytes(await response.bytes()))
        except PoolTimeoutError:
            return RetryLater(_BACK_OFF, "no connection was free")
        except RequestError as error:
            return _failure_outcome(error)


def _failure_outcome(error: RequestError) -> RetryLater | Unknown:
    """Return the outcome of a failed request, judged by the cause: the library calls a lost answer `ConnectError` too.

    Should the wording of a cause ever change, a message becomes uncertain; none is sent twice.
    """
    causes = [cause["message"] for cause in error.details["causes"] or ()]
    if any(cause.startswith(_BAD_CERTIFICATE) for cause in causes):
        raise ChannelMisconfiguredError("the provider's certificate is not valid; is the base URL right?") from None
    if _NOT_CONNECTED in causes:
        return RetryLater(_BACK_OFF, "no connection")
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
