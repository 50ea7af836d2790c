"""Who follows a link: a person, as far as that can be told, or a machine that looks at what people are sent.

Mail filters, previews and prefetching browsers follow links before anybody reads. What they say of themselves is
believed; those that say nothing show by their haste. Whoever wants to be counted as a person will be.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from starlette.datastructures import Headers

HASTE: Final = timedelta(seconds=2)
"""Nobody follows two links of a message, or one that was handed over just now, within so short a time."""

_STRANGERS: Final = 10_000
_SAID: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD: Final = re.compile("prefetch|prerender|preview", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"bot\b|bot/|crawl|spider|scan|preview|proofpoint|mimecast|barracuda|symantec|forcepoint|trend ?micro|safelinks"
    r"|ms-office|microsoft office|bitdefender|sophos|fortinet|facebookexternalhit|whatsapp|headless|phantomjs"
    r"|curl|wget|python|aiohttp|httpx|go-http|java/|okhttp|libwww|node-fetch|axios|ruby|perl",
    re.IGNORECASE,
)


def says_it_is_one(headers: Headers) -> bool:
    """Whether a request names itself as no person's: read ahead of a person, by a known filter, by a program, by
    nobody.
    """
    agent = headers.get("user-agent", "")
    return not agent or bool(_NAMED.search(agent)) or any(_AHEAD.search(headers.get(name, "")) for name in _SAID)


@dataclass
class Hasty:
    """Notices who follows several links of one message at a time, in one process."""

    _seen: OrderedDict[str, tuple[datetime, frozenset[str]]] = field(default_factory=OrderedDict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def note(self, who: str, link: str, now: datetime) -> None:
        """Somebody follows a link; `who` names them and the message as closely as it can be told."""
        with self._lock:
            since, links = self._seen.get(who, (now, frozenset()))
            kept = links if now - since <= HASTE else frozenset()
            self._seen[who] = (now, kept | {link})
            self._seen.move_to_end(who)
            while len(self._seen) > _STRANGERS:
                self._seen.popitem(last=False)

    def was(self, who: str) -> bool:
        """Whether they have followed several, before or since."""
        with self._lock:
            return len(self._seen.get(who, (None, frozenset()))[1]) > 1
