"""Security headers on every response, and limits on the size and duration of request bodies."""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_SIZE: Final = 16 * 1024
MAX_WEBHOOK_BODY_SIZE: Final = 4 * 1024 * 1024
"""Size limit of a webhook body: SendGrid sends 768 kB, sometimes more (SG-12, OP-05)."""

BODY_TIMEOUT: Final = 20.0
"""Seconds within which a body must arrive. A slow sender occupies only a connection meanwhile."""

_WEBHOOKS: Final = "/webhooks/"
_CACHEABLE: Final = ("/static/", "/images/")  # browsers and mailbox providers may cache these
_ALWAYS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # `no-referrer` would make browsers hide the origin of our own forms
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_HTTPS: Final = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_NO_STORE: Final = {"Cache-Control": "no-store"}

_RawHeaders = list[tuple[bytes, bytes]]


class SecurityMiddleware:
    """ASGI middleware around the application. `encrypted`: the public address is https."""

    def __init__(self, app: ASGIApp, *, encrypted: bool) -> None:
        self.app = app
        self._cached_headers = _encoded(_ALWAYS | (_HTTPS if encrypted else {}))
        self._uncached_headers = self._cached_headers + _encoded(_NO_STORE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on. A body that is too large or too slow raises HTTP 413 or 408 where it is read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, _Body(scope, receive).read, self._with_headers(scope["path"], send))
        except ClientDisconnect:  # the client is gone: there is no response to send
            return

    def _with_headers(self, path: str, send: Send) -> Send:
        headers = self._cached_headers if path.startswith(_CACHEABLE) else self._uncached_headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        return send_with_headers


class _Body:
    """Body of one request as it arrives."""

    __slots__ = ("_deadline", "_is_whole", "_largest", "_receive", "_scope", "_size")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._largest = MAX_WEBHOOK_BODY_SIZE if scope["path"].startswith(_WEBHOOKS) else MAX_BODY_SIZE
        self._size = 0
        self._deadline: float | None = None
        self._is_whole = False

    async def read(self) -> Message:
        """Return the next chunk; raise HTTP 413 when the body is too large, 408 when it is too slow."""
        if self._is_whole:  # a further read waits for the disconnect
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + BODY_TIMEOUT
            self._require_size(_announced_size(self._scope))
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise HTTPException(408) from error
        self._size += len(message.get("body", b""))
        self._require_size(self._size)
        self._is_whole = not message.get("more_body", False)
        return message

    def _require_size(self, size: int) -> None:
        if size > self._largest:
            raise HTTPException(413)


def _announced_size(scope: Scope) -> int:
    """Return the Content-Length; 0 when it is missing or invalid, and the size then shows as the body is read."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(length) if length.isdigit() else 0


def _encoded(headers: Mapping[str, str]) -> _RawHeaders:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
