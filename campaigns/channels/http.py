"""Pooled HTTP connections to a provider's API, and what is sure when no answer comes. The one place of aiohttp."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from campaigns.channels.outcome import ChannelMisconfigured, TryLater, Unknown

_CONNECT: Final = 10.0
_IDLE: Final = 4.0  # a connection that the far end closes while we write on it would leave a message uncertain
_BACK_OFF: Final = 5.0
_LONGEST: Final = 600.0


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
    """

    limit: int
    patience: float
    _session: aiohttp.ClientSession | None = field(default=None, init=False, repr=False)

    async def open(self) -> None:
        """Make ready; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.limit, keepalive_timeout=_IDLE),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self.patience, connect=_CONNECT),
        )

    async def close(self) -> None:
        """Close every connection; closing twice is no error."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Reply | TryLater | Unknown:
        """Ask once. No redirect is followed and nothing is repeated.

        TryLater when no connection was made, so that nothing was said; Unknown when the request may have been read.
        Raises ChannelMisconfigured for a far end that cannot prove its name.
        """
        if self._session is None:
            raise RuntimeError("the pool was not opened")
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, params=query, allow_redirects=False
            ) as response:
                return Reply(response.status, response.headers, await response.read())
        except aiohttp.ClientConnectorCertificateError as error:
            raise ChannelMisconfigured("the provider's certificate does not hold; is the base URL right?") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return TryLater(_BACK_OFF, "no connection")
        except TimeoutError:
            return Unknown("no answer in time")
        except aiohttp.ClientError as error:
            return Unknown(f"no answer: {type(error).__name__}")


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


def _instant(text: str | None) -> float | None:
    try:
        return None if text is None else parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
