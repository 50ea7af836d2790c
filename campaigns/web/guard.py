"""What every answer carries and no request may exceed: security headers, and the largest body."""

from typing import Final

from fastapi.responses import PlainTextResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY: Final = 16 * 1024
LARGEST_BATCH: Final = 4 * 1024 * 1024
"""The largest body of a provider's webhook: SendGrid sends 768 kB and now and then more (SG-12, OP-05)."""

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


class Guard:
    """Stands around the application. `encrypted` says whether the public address is https."""

    def __init__(self, app: ASGIApp, *, encrypted: bool) -> None:
        self.app = app
        self.headers = _ALWAYS | (_HTTPS if encrypted else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless its body is announced or proves to be too large."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headed = self._headed(scope["path"], send)
        try:
            await self.app(scope, _counted(scope, receive), headed)
        except _TooLarge:
            await PlainTextResponse("too large\n", 413)(scope, receive, headed)

    def _headed(self, path: str, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                if not path.startswith(_KEPT):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        return answer


class _TooLarge(Exception):  # noqa: N818 - said as what happened
    """The body is larger than anything that we ask for."""


def _counted(scope: Scope, receive: Receive) -> Receive:
    largest = LARGEST_BATCH if scope["path"].startswith(_BATCHES) else LARGEST_BODY
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    received = int(announced) if announced.isdigit() and int(announced) > largest else 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > largest:
            raise _TooLarge
        return message

    return counted
