"""Client addresses behind proxies: X-Forwarded-For is read only from the proxies that the settings declare."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from campaigns.web.client_network import IpNetwork, is_in, original_client, parse_address

_HEADER: Final = b"x-forwarded-for"
_MAX_PEERS: Final = 200
_PROXY_CLIENTS: Final = 5  # different clients that a peer names until it counts as a proxy
_RECORD_INTERVAL: Final = 3600.0


@dataclass
class TrustedProxies:
    """ASGI middleware that makes `scope["client"]` the client's own address, whatever proxies it came through.

    A peer that is not declared and forwards for several clients is passed to `record_undeclared`, once in an hour.
    """

    app: ASGIApp
    trusted: Sequence[IpNetwork]
    record_undeclared: Callable[[str], None]
    _peers: OrderedDict[str, "_Peer"] = field(default_factory=OrderedDict, init=False, repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on under the address of its client."""
        if scope["type"] == "http" and scope.get("client"):
            forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER]
            host, port = scope["client"]
            peer = parse_address(host)
            if peer is not None and forwarded:
                if is_in(peer, self.trusted):
                    scope["client"] = (str(original_client(peer, forwarded, self.trusted)), port)
                elif self._is_new_proxy(str(peer), forwarded[-1][:100]):
                    await asyncio.to_thread(self.record_undeclared, str(peer))
        await self.app(scope, receive, send)

    def _is_new_proxy(self, peer: str, client: str) -> bool:
        seen = self._peers.setdefault(peer, _Peer())
        self._peers.move_to_end(peer)
        while len(self._peers) > _MAX_PEERS:
            self._peers.popitem(last=False)
        if len(seen.clients) < _PROXY_CLIENTS:
            seen.clients.add(client)
        now = time.monotonic()
        if len(seen.clients) < _PROXY_CLIENTS or now < seen.next_record:
            return False
        seen.next_record = now + _RECORD_INTERVAL
        return True


@dataclass
class _Peer:
    """Peer that forwarded requests: a few of the clients it named, and when it may be recorded again."""

    clients: set[str] = field(default_factory=set)
    next_record: float = 0.0
