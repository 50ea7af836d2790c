"""One connection to a mail server, after its greeting: transactions, pipelined where the server allows (RFC 2920).

aiosmtplib waits for each reply before it says the next thing, which costs half of the speed: it opens, secures and
signs in (see `smtp.py`), and this takes over from there.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from campaigns.channels.smtp_status import enhanced_code

_GOODBYE: Final = 1.0
_LONGEST_REPLY: Final = 16_384


@dataclass(frozen=True, slots=True)
class Said:
    """One reply: the step that it answers, its code, its enhanced code, and its text, which may repeat an address."""

    step: str
    code: int
    enhanced: str
    text: str = field(repr=False)

    @property
    def detail(self) -> str:
        """The reply as the ledger may keep it."""
        return f"{self.step} {self.code} {self.enhanced}".rstrip()

    @property
    def goes_on(self) -> bool:
        """Whether the server wants to hear the next step."""
        return self.code == 354 if self.step == "DATA" else 200 <= self.code < 300


class Lost(Exception):  # noqa: N818 - said as what happened
    """The connection ended, or the server fell silent; `may_have_gone` when the whole message had been written."""

    def __init__(self, step: str, *, may_have_gone: bool) -> None:
        self.step, self.may_have_gone = step, may_have_gone
        super().__init__(step)


class Session(asyncio.Protocol):
    """Speaks on a transport that is greeted, secured and signed in."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool, patience: float) -> None:
        self._transport = transport
        self._pipelining = pipelining
        self._patience = patience
        self._buffer = b""
        self._replies: deque[tuple[int, str]] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._gone = False
        self.transactions = 0
        transport.set_protocol(self)

    @property
    def is_usable(self) -> bool:
        """Whether another transaction can begin; a reply that nobody asked for is a goodbye."""
        return not self._gone and not self._replies and not self._transport.is_closing()

    async def deliver(self, mail: str, rcpt: str, message: bytes) -> Said:
        """One transaction: the reply that decided it. `mail` and `rcpt` are commands; `message` has CRLF line ends.

        Raises Lost; `is_usable` tells whether the connection can be used again.
        """
        self.transactions += 1
        with self._within(self._patience):
            decisive = await self._envelope(("MAIL", mail), ("RCPT", rcpt), ("DATA", "DATA"))
            if decisive.goes_on:
                self._transport.write(_stuffed(message))
                decisive = await self._read("message", may_have_gone=True)
            elif not self._gone:
                await self._reset()
        if decisive.code == 421:
            self.abort()
        return decisive

    async def quit(self) -> None:
        """Say goodbye; a server that does not answer is left."""
        if self.is_usable:
            with self._within(_GOODBYE), suppress(Lost):
                await self._ask("QUIT", "QUIT")
        self.abort()

    def abort(self) -> None:
        """Leave without a word."""
        self._gone = True
        self._transport.abort()
        self._wake()

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Leave when the server takes longer over what is done here."""
        timer = asyncio.get_running_loop().call_later(seconds, self.abort)
        try:
            yield
        finally:
            timer.cancel()

    async def _envelope(self, *steps: tuple[str, str]) -> Said:
        """Say who writes to whom: the first refusal, else the go-ahead for the message."""
        if not self._pipelining:
            for step, command in steps:
                said = await self._ask(step, command)
                if not said.goes_on:
                    break
            return said
        self._write("\r\n".join(command for _, command in steps))
        replies = [await self._read(step, may_have_gone=False) for step, _ in steps]
        if replies[-1].goes_on and not all(said.goes_on for said in replies):
            self.abort()  # the server waits for a message that nobody would get
        return next((said for said in replies if not said.goes_on), replies[-1])

    async def _reset(self) -> None:
        try:
            said = await self._ask("RSET", "RSET")
        except Lost:
            return
        if not said.goes_on:
            self.abort()

    async def _ask(self, step: str, command: str) -> Said:
        self._write(command)
        return await self._read(step, may_have_gone=False)

    def _write(self, command: str) -> None:
        self._transport.write(f"{command}\r\n".encode())

    async def _read(self, step: str, *, may_have_gone: bool) -> Said:
        while not self._replies:
            if self._gone:
                raise Lost(step, may_have_gone=may_have_gone)
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        code, text = self._replies.popleft()
        return Said(step, code, enhanced_code(text), text)

    def data_received(self, data: bytes) -> None:
        """Take in what the server says; several replies may come at once, or one in parts."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            if line[:3].isdigit() and line[3:4] != b"-":
                self._replies.append((int(line[:3]), line[4:].decode("ascii", "replace").strip()))
            elif not line[:3].isdigit():
                self.abort()
        if len(self._buffer) > _LONGEST_REPLY:
            self.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """The connection is gone; whoever waits for a reply hears of it."""
        self._gone = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done() and (self._replies or self._gone):
            self._waiter.set_result(None)


def _stuffed(message: bytes) -> bytes:
    """The message as DATA carries it: a line that begins with a point gets a second one, and a point ends it all."""
    end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
    return (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..") + end
