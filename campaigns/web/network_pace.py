"""Pace of networks: many requests of one network are answered more slowly, and none is refused for their number.

An operator of mobile telephones puts thousands of members behind one address: a network says too little about who
asks. What protects a member is counted at the member and at the address; see `audiences.access.code_allowances`.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Final

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from audiences.access.attempt_limit import AttemptLimit

UNSLOWED: Final = 50
"""Requests of one network in a quarter of an hour that are answered at once."""

LONGEST_DELAY: Final = 4.0
"""Seconds by which an answer is delayed at most."""

MAX_WAITING: Final = 1000
"""Delayed answers of one process at a time; beyond them, and beyond a network's own, requests are refused."""

MAX_WAITING_PER_NETWORK: Final = 250

_STEP: Final = 0.02
_COUNTED: Final = UNSLOWED + int(LONGEST_DELAY / _STEP)  # the delay grows no further: a network is soon forgiven
PACE_LIMIT: Final = AttemptLimit(_COUNTED, timedelta(minutes=15) * _COUNTED / UNSLOWED)
_SCOPE_KEY: Final = "viesti.delay"
_RETRY_AFTER: Final = {"Retry-After": "30"}


@dataclass
class DelaySlots:
    """Slots for the delayed answers of this process, in all and by network."""

    _waiting: Counter[str] = field(default_factory=Counter, init=False, repr=False)
    _total: int = field(default=0, init=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def acquire(self, network: str) -> bool:
        """Take a slot; False when none is free."""
        with self._lock:
            if self._total >= MAX_WAITING or self._waiting[network] >= MAX_WAITING_PER_NETWORK:
                return False
            self._waiting[network] += 1
            self._total += 1
            return True

    def release(self, network: str) -> None:
        """Give a slot back."""
        with self._lock:
            self._total -= 1
            self._waiting[network] -= 1
            if not self._waiting[network]:
                del self._waiting[network]

    def delay_answer(self, request: Request, network: str, attempts: float) -> None:
        """Delay the answer to a request by the number of its network's attempts; HTTP 429 when too many wait."""
        if attempts <= UNSLOWED or _SCOPE_KEY in request.scope:
            return
        if not self.acquire(network):
            raise HTTPException(429, headers=_RETRY_AFTER)
        request.scope[_SCOPE_KEY] = _Delay(self, network, min(LONGEST_DELAY, (attempts - UNSLOWED) * _STEP))


@dataclass(frozen=True, slots=True)
class _Delay:
    slots: DelaySlots
    network: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DelayedAnswers:
    """ASGI middleware that holds back the answers that a page has delayed. They wait in no thread."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, later if its page said so."""

        async def send_later(message: Message) -> None:
            delay = scope.get(_SCOPE_KEY)
            if delay is not None and message["type"] == "http.response.start":
                await asyncio.sleep(delay.seconds)
                self._release(scope)
            await send(message)

        try:
            await self.app(scope, receive, send_later)
        finally:
            self._release(scope)

    @staticmethod
    def _release(scope: Scope) -> None:
        delay = scope.get(_SCOPE_KEY)
        if delay is not None:
            scope[_SCOPE_KEY] = None
            delay.slots.release(delay.network)
