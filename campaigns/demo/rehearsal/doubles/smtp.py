"""Mail server double on the loopback: STARTTLS, AUTH, PIPELINING, SMTPUTF8, limits, and a fault at any chosen step.

By hand: `python -m campaigns.demo.rehearsal.doubles.smtp --port 2525 --fault drop_after=0.001 --tell 8026`
"""

import argparse
import asyncio
import re
import ssl
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from campaigns.core.event_loop import run
from campaigns.demo.rehearsal.doubles.faults import (
    FaultPlan,
    Mailboxes,
    add_fault_options,
    fault_plan_of,
)
from campaigns.demo.rehearsal.doubles.smtp_connection import SMTP_STEP_FAULTS, SmtpConnection, SmtpStepFault
from campaigns.demo.rehearsal.doubles.web import WebDouble

_VERP = re.compile(r"[^+]+\+([^@]+)@")


@dataclass
class SmtpDouble:
    """Mail server double on the loopback; use as `async with`."""

    fault_plan: FaultPlan = field(default_factory=FaultPlan)
    mailboxes: Mailboxes = field(default_factory=Mailboxes)
    port: int = 0
    host: str = "127.0.0.1"
    extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    account: tuple[str, str] | None = None
    max_size: int = 30 * 2**20
    messages_per_connection: int = 10_000
    lenient: bool = False  # accepts DATA even without a valid recipient, as RFC 2920 allows
    keep_messages: bool = True
    faults: deque[SmtpStepFault] = field(default_factory=deque)
    messages: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0

    async def __aenter__(self) -> Self:
        self._open: set[SmtpConnection] = set()
        context = self.tls if self.implicit_tls else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SmtpConnection(self), self.host, self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in list(self._open):
            connection.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def register(self, connection: "SmtpConnection") -> None:
        """Register a new connection."""
        self.connections += 1
        self._open.add(connection)

    def unregister(self, connection: "SmtpConnection") -> None:
        """Remove a closed connection."""
        self._open.discard(connection)

    def broadcast_and_close(self, reply: str) -> None:
        """Send an unsolicited reply on every connection and close it."""
        for connection in list(self._open):
            connection.reply_and_close(reply)

    def next_fault(self) -> SmtpStepFault | None:
        """Return the fault of the next message, if any."""
        if self.faults:
            return self.faults.popleft()
        fault = self.fault_plan.next_fault()
        return None if fault is None else SMTP_STEP_FAULTS[fault]

    def accept_message(self, sender: str, recipient: str, message: bytes) -> None:
        """Store an accepted message."""
        verp = _VERP.match(sender)
        self.mailboxes.deliver(recipient, verp[1] if verp else "")
        if self.keep_messages:
            self.messages.append(message)
            self.envelopes.append((sender, recipient))


async def _main(arguments: argparse.Namespace) -> None:
    double = SmtpDouble(fault_plan_of(arguments), port=arguments.port, keep_messages=not arguments.count_only)
    async with double, WebDouble(mailboxes=double.mailboxes, port=arguments.tell) as mailbox_page:
        print(f"A mail server on {double.host}:{double.port}; received messages: {mailbox_page.url}/double", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m campaigns.demo.rehearsal.doubles.smtp", description=__doc__)
    add_fault_options(parser)
    parser.add_argument("--tell", type=int, default=0, help="port of the page with the received messages")
    with suppress(KeyboardInterrupt):
        run(_main(parser.parse_args()))
