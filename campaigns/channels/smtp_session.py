"""SMTP transactions on one connection after the login, pipelined where the server allows (RFC 2920).

aiosmtplib waits for each reply before the next command, which halves the speed. It connects, starts TLS and logs in
(see `smtp.py`); this module takes over from there.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from campaigns.channels.smtp_status import enhanced_code

_QUIT_TIMEOUT: Final = 1.0
_MAX_REPLY_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One reply: its step, code, enhanced code and text; the text may contain an address."""

    step: str
    code: int
    enhanced_code: str
    text: str = field(repr=False)

    @property
    def detail(self) -> str:
        """Return the reply without its text, fit for the ledger."""
        return f"{self.step} {self.code} {self.enhanced_code}".rstrip()

    @property
    def is_positive(self) -> bool:
        """Return whether the server accepts the next step."""
        return self.code == 354 if self.step == "DATA" else 200 <= self.code < 300


class SmtpConnectionLostError(Exception):
    """Raised when the connection ends or the server times out; `may_have_gone` when the whole message was written."""

    def __init__(self, step: str, *, may_have_gone: bool) -> None:
        self.step, self.may_have_gone = step, may_have_gone
        super().__init__(step)


class SmtpSession(asyncio.Protocol):
    """SMTP client protocol on a transport that is connected, encrypted and logged in."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool, timeout: float) -> None:
        self._transport = transport
        self._pipelining = pipelining
        self._timeout = timeout
        self._buffer = b""
        self._replies: deque[tuple[int, str]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_closed = False
        self.transactions = 0
        transport.set_protocol(self)

    @property
    def is_usable(self) -> bool:
        """Return whether another transaction can begin; an unrequested reply announces that the server closes."""
        return not self._is_closed and not self._replies and not self._transport.is_closing()

    async def deliver(self, mail: str, rcpt: str, message: bytes) -> SmtpReply:
        """Run one transaction and return the decisive reply. `mail`, `rcpt` are commands; `message` has CRLF line ends.

        Raises SmtpConnectionLostError; `is_usable` then tells whether the connection can be used again.
        """
        self.transactions += 1
        with self._time_limit(self._timeout):
            decisive = await self._envelope(("MAIL", mail), ("RCPT", rcpt), ("DATA", "DATA"))
            if decisive.is_positive:
                self._transport.write(dot_stuffed(message))
                decisive = await self._read("message", may_have_gone=True)
            elif not self._is_closed:
                await self._reset()
        if decisive.code == 421:
            self.abort()
        return decisive

    async def quit(self) -> None:
        """Send QUIT and close; a server that does not answer within a second is not waited for."""
        if self.is_usable:
            with self._time_limit(_QUIT_TIMEOUT), suppress(SmtpConnectionLostError):
                await self._command("QUIT", "QUIT")
        self.abort()

    def abort(self) -> None:
        """Close the connection without QUIT."""
        self._is_closed = True
        self._transport.abort()
        self._wake()

    @contextmanager
    def _time_limit(self, seconds: float) -> Iterator[None]:
        """Abort the connection when the block takes longer."""
        timer = asyncio.get_running_loop().call_later(seconds, self.abort)
        try:
            yield
        finally:
            timer.cancel()

    async def _envelope(self, *steps: tuple[str, str]) -> SmtpReply:
        """Send the envelope; return the first refusal, else the reply to DATA."""
        if not self._pipelining:
            for step, command in steps:
                reply = await self._command(step, command)
                if not reply.is_positive:
                    break
            return reply
        self._write("\r\n".join(command for _, command in steps))
        replies = [await self._read(step, may_have_gone=False) for step, _ in steps]
        if replies[-1].is_positive and not all(reply.is_positive for reply in replies):
            self.abort()  # the server waits for a message without recipients
        return next((reply for reply in replies if not reply.is_positive), replies[-1])

    async def _reset(self) -> None:
        try:
            reply = await self._command("RSET", "RSET")
        except SmtpConnectionLostError:
            return
        if not reply.is_positive:
            self.abort()

    async def _command(self, step: str, command: str) -> SmtpReply:
        self._write(command)
        return await self._read(step, may_have_gone=False)

    def _write(self, command: str) -> None:
        self._transport.write(f"{command}\r\n".encode())

    async def _read(self, step: str, *, may_have_gone: bool) -> SmtpReply:
        while not self._replies:
            if self._is_closed:
                raise SmtpConnectionLostError(step, may_have_gone=may_have_gone)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        code, text = self._replies.popleft()
        return SmtpReply(step, code, enhanced_code(text), text)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes into replies; several may arrive at once, or one in parts."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line[:3].isdigit() and line[3:4] != b"-":
                self._replies.append((int(line[:3]), line[4:].decode("ascii", "replace").strip()))
            elif not line[:3].isdigit():
                self.abort()
        if len(self._buffer) > _MAX_REPLY_BYTES:
            self.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Mark the connection as closed and wake the coroutine that waits for a reply."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done() and (self._replies or self._is_closed):
            self._waiter.set_result(None)


def dot_stuffed(message: bytes) -> bytes:
    """Return the message as DATA carries it: leading dots doubled, a single dot at the end."""
    end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
    return (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..") + end
