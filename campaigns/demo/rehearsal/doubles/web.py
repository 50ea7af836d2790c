"""Base of the HTTP doubles: a server on the loopback that misbehaves on demand and reports the received messages."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from campaigns.demo.rehearsal.doubles.faults import FaultPlan, Mailboxes, ProviderFault


@dataclass
class WebDouble:
    """HTTP double; use as `async with`. `GET /double` returns the mailboxes, `DELETE /double` empties them."""

    fault_plan: FaultPlan = field(default_factory=FaultPlan)
    mailboxes: Mailboxes = field(default_factory=Mailboxes)
    port: int = 0
    host: str = "127.0.0.1"
    requests: list[dict[str, object]] = field(default_factory=list)
    keep_requests: bool = True
    tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=31 * 2**20)
        app.router.add_get("/double", self._show)
        app.router.add_delete("/double", self._clear)
        self.add_routes(app.router)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Return the base URL."""
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the API's own routes; the base class has none."""

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response({"received": self.mailboxes.received, "twice": self.mailboxes.duplicates})

    async def _clear(self, _: web.Request) -> web.Response:
        self.mailboxes.received.clear()
        return web.Response(status=204)

    async def answer_with_fault(
        self, request: web.Request, fault: ProviderFault, problem: Callable[[int], web.Response]
    ) -> web.StreamResponse:
        """Answer one request with a fault; `problem` returns the API's error for a status."""
        match fault:
            case ProviderFault.THROTTLE:
                answer = problem(429)
                answer.headers["Retry-After"] = str(self.fault_plan.retry_after)
                return answer
            case ProviderFault.REFUSE:
                return problem(400)
            case ProviderFault.UNAUTHORISED:
                return problem(401)
            case ProviderFault.FAIL | ProviderFault.FAIL_AFTER:
                return problem(500)
            case ProviderFault.DROP | ProviderFault.DROP_AFTER:
                if request.transport is not None:
                    request.transport.abort()
                raise asyncio.CancelledError
            case ProviderFault.HANG_AFTER:
                await asyncio.sleep(3600)
                raise asyncio.CancelledError


async def serve_forever(double: WebDouble, describe: Callable[[], str]) -> None:
    """Run a double until it is interrupted; print its settings first."""
    async with double:
        print(describe(), flush=True)  # noqa: T201 - a command
        await asyncio.Event().wait()
