"""What every answer carries and no request may exceed: security headers, the largest body, the longest wait for it."""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY: Final = 16 * 1024
LARGEST_BATCH: Final = 4 * 1024 * 1024
"""The largest body of a provider's webhook: SendGrid sends 768 kB and now and then more (SG-12, OP-05)."""

PATIENCE: Final = 20.0
"""Seconds within which a body has to be here. Whoever sends it by the byte holds nothing but a connection meanwhile."""

_BATCHES: Final = "/webhooks/"
_KEPT: Final = ("/static/", "/images/")  # what a browser or a mailbox may keep
_ALWAYS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_HTTPS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_NOT_KEPT: Final = {"Cache-Control": "no-store"}

_Raw = list[tuple[bytes, bytes]]


class Guard:
    """Stands around the application. `encrypted` says whether the public address is https."""

    def __init__(self, app: ASGIApp, *, encrypted: bool) -> None:
        self.app = app
        self.kept = _raw(_ALWAYS | (_HTTPS if encrypted else {}))
        self.not_kept = self.kept + _raw(_NOT_KEPT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. Reading a body that is too large or too slow raises HTTP 413 or 408 in who reads it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, _Body(scope, receive).read, self._headed(scope["path"], send))
        except ClientDisconnect:  # gone in the middle of a body: nobody is there to answer
            return

    def _headed(self, path: str, send: Send) -> Send:
        ours = self.kept if path.startswith(_KEPT) else self.not_kept

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        return answer


class _Body:
    """The body of one request as it arrives."""

    __slots__ = ("_deadline", "_is_whole", "_largest", "_receive", "_scope", "_size")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._largest = LARGEST_BATCH if scope["path"].startswith(_BATCHES) else LARGEST_BODY
        self._size = 0
        self._deadline: float | None = None
        self._is_whole = False

    async def read(self) -> Message:
        """The next piece; HTTP 413 for one that is too much, 408 for one that is too late."""
        if self._is_whole:  # who reads on waits for the client to go away
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + PATIENCE
            self._demand(_announced(self._scope))
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408) from error
        self._size += len(message.get("body", b""))
        self._demand(self._size)
        self._is_whole = not message.get("more_body", False)
        return message

    def _demand(self, size: int) -> None:
        if size > self._largest:
            raise HTTPException(413)


def _announced(scope: Scope) -> int:
    """The length that the headers name; what they do not say shows when it is read."""
    named = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(named) if named.isdigit() else 0


def _raw(headers: Mapping[str, str]) -> _Raw:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
