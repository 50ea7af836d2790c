"""Web server, and beside it the process that plans and sends."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from campaigns.core.errors import UserError
from campaigns.operations.background_process import ProcessConfig, background_process
from campaigns.runs.dispatch.periodic_jobs import start_ticker
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import require_same_key
from campaigns.web.app import application
from campaigns.web.reloading_app import ReloadingApp

HEADER_TIMEOUT: Final = 10.0
"""Seconds within which the request headers must arrive."""

MAX_HEADER_SIZE: Final = 64 * 1024


def serve(engine: Engine, host: str, port: int, process_config: ProcessConfig) -> None:
    """Serve until SIGINT or SIGTERM; messages being sent are finished and recorded before the process ends.

    There is no access log: the address of a member's page grants access to it. `process_config` configures the
    scheduler process.
    """
    if engine.context.has_workers:
        require_same_key(engine.context.ledger, engine.context.signer)
    with listening_socket(host, port) as server_socket, background_process(process_config):
        signal.signal(signal.SIGTERM, _exit)  # uvicorn passes the signal on after its own shutdown
        app = ReloadingApp(engine)
        ticker = start_ticker(app.reload_if_changed)
        try:
            _uvicorn_server(app).run(sockets=[server_socket])
        finally:
            ticker.shutdown(wait=True)


@contextmanager
def serving_in_thread(engine: Engine, server_socket: socket.socket) -> Iterator[None]:
    """Serve only the pages, in a thread on a listening socket, while the block lasts."""
    server = create_server(engine)
    thread = Thread(target=server.run, kwargs={"sockets": [server_socket]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def create_server(engine: Engine) -> uvicorn.Server:
    """Return a server of one engine that does not reload workspace files."""
    return _uvicorn_server(application(engine))


def _uvicorn_server(app: ASGIApp) -> uvicorn.Server:
    """Return a uvicorn server with every setting given here; no configuration from elsewhere."""
    config = uvicorn.Config(
        app,
        http=_TimedHttpProtocol,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # `TrustedProxies` reads them
    )
    return uvicorn.Server(config)


class _TimedHttpProtocol(HttpToolsProtocol):
    """HTTP connection that is closed when its headers take too long or are too large; uvicorn limits neither."""

    _head_size: int | None = None  # bytes received of an incomplete head
    _timeout: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timeout()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._start_timeout()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_size is not None:
            self._head_size += len(data)
            if self._head_size > MAX_HEADER_SIZE:
                self.transport.close()

    def on_headers_complete(self) -> None:
        self._stop_timeout()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timeout()
        super().connection_lost(exc)

    def _start_timeout(self) -> None:
        self._stop_timeout()
        self._head_size = 0
        self._timeout = self.loop.call_later(HEADER_TIMEOUT, self.transport.close)

    def _stop_timeout(self) -> None:
        self._head_size = None
        if self._timeout is not None:
            self._timeout.cancel()


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise UserError when the address is not local or the port is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        message = f"cannot listen here: {error.strerror}"
        raise UserError.about(f"{host}:{port}", message, "no_port", "another `--host` or `--port`") from error


def _exit(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
