"""Bot detection for link clicks: mail filters, previews and prefetching browsers follow links before a person does.

Declared bots are believed; others show by following links too fast. A person who wants to be counted always is.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from starlette.datastructures import Headers

BURST_WINDOW: Final = timedelta(seconds=2)
"""No person follows two links of a message, or a link of a message delivered just now, within this time."""

_MAX_CLIENTS: Final = 10_000
_PURPOSE_HEADERS: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_PREFETCH: Final = re.compile("prefetch|prerender|preview", re.IGNORECASE)
_BOT_AGENTS: Final = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|proofpoint|mimecast|barracuda|symantec|forcepoint|trend ?micro|safelinks"
    r"|ms-office|microsoft office|bitdefender|sophos|fortinet|facebookexternalhit|whatsapp|headless|phantomjs"
    r"|curl|wget|python|aiohttp|httpx|go-http|java/|okhttp|libwww|node-fetch|axios|ruby|perl",
    re.IGNORECASE,
)


def is_declared_bot(headers: Headers) -> bool:
    """Return whether a request declares itself automatic: a prefetch, a known filter, a program, or no user agent."""
    agent = headers.get("user-agent", "")
    return (
        not agent
        or bool(_BOT_AGENTS.search(agent))
        or any(_PREFETCH.search(headers.get(name, "")) for name in _PURPOSE_HEADERS)
    )


@dataclass
class BurstDetector:
    """Detector of clients that follow several links of one message at once, in one process."""

    _seen: OrderedDict[str, tuple[datetime, frozenset[str]]] = field(default_factory=OrderedDict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def record(self, client: str, link: str, now: datetime) -> None:
        """Record that a link was followed; `client` names client and message as closely as possible."""
        with self._lock:
            since, links = self._seen.get(client, (now, frozenset()))
            recent = links if now - since <= BURST_WINDOW else frozenset()
            self._seen[client] = (now, recent | {link})
            self._seen.move_to_end(client)
            while len(self._seen) > _MAX_CLIENTS:
                self._seen.popitem(last=False)

    def is_burst(self, client: str) -> bool:
        """Return whether the client followed several links, before or since."""
        with self._lock:
            return len(self._seen.get(client, (None, frozenset()))[1]) > 1
