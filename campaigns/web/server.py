"""The web server, and beside it the process that plans and sends."""

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

from campaigns.core.errors import AuthorError
from campaigns.operations.background_process import Orders, rounds_apart
from campaigns.runs.dispatch.ticker import waking
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import agree_on_key
from campaigns.web.app import application
from campaigns.web.reloading_app import Current

PATIENCE: Final = 10.0
"""Seconds within which a request has to say what it wants."""

LARGEST_HEAD: Final = 64 * 1024


def serve(engine: Engine, host: str, port: int, orders: Orders) -> None:
    """Serve until SIGINT or SIGTERM; what is being sent then ends and is recorded before the process does.

    There is no log of requests: the address of a member's page is a key to it. `orders` is for who makes the rounds.
    """
    if engine.has_workers:
        agree_on_key(engine.ledger, engine.signer)
    with listening(host, port) as door, rounds_apart(orders):
        signal.signal(signal.SIGTERM, _leave)  # uvicorn hands the signal on when its own work has ended
        current = Current(engine)
        looking = waking(current.look)
        try:
            _server(current).run(sockets=[door])
        finally:
            looking.shutdown(wait=True)


@contextmanager
def beside(engine: Engine, door: socket.socket) -> Iterator[None]:
    """Serve the pages alone, at a socket that listens, in a thread while the block lasts."""
    pages = server_of(engine)
    thread = Thread(target=pages.run, kwargs={"sockets": [door]})
    thread.start()
    try:
        yield
    finally:
        pages.should_exit = True
        thread.join()


def server_of(engine: Engine) -> uvicorn.Server:
    """What answers over one engine, whatever becomes of the workspace's files."""
    return _server(application(engine))


def _server(answering: ASGIApp) -> uvicorn.Server:
    """As it is told nowhere else how."""
    asked = uvicorn.Config(
        answering,
        http=_Line,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    return uvicorn.Server(asked)


class _Line(HttpToolsProtocol):
    """One connection, closed on whoever takes too long to say what they want, or too many words; uvicorn waits for both
    without an end.
    """

    _asked: int | None = None  # bytes of a head that is not complete
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._listen()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._listen()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._asked is not None:
            self._asked += len(data)
            if self._asked > LARGEST_HEAD:
                self.transport.close()

    def on_headers_complete(self) -> None:
        self._rest()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _listen(self) -> None:
        self._rest()
        self._asked = 0
        self._patience = self.loop.call_later(PATIENCE, self.transport.close)

    def _rest(self) -> None:
        self._asked = None
        if self._patience is not None:
            self._patience.cancel()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; AuthorError when the address is not ours or the port is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        message = f"nobody can listen here: {error.strerror}"
        raise AuthorError.about(f"{host}:{port}", message, "no_port", "another `--host` or `--port`") from error


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
