"""One connection of the mail server double: the SMTP commands, and a fault at any chosen step."""

import asyncio
import re
import ssl
from base64 import b64decode
from binascii import Error
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from campaigns.demo.rehearsal.doubles.faults import ProviderFault

if TYPE_CHECKING:
    from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble

_PATH = re.compile(r"(?i)(?:FROM|TO):<([^<>\s]*)>(.*)")


@dataclass(frozen=True)
class SmtpStepFault:
    """Fault at a step (EHLO, AUTH, MAIL, RCPT, DATA, message): another reply, or a cut connection without a reply.

    `after` delivers the message nevertheless.
    """

    step: str
    reply: str = ""
    after: bool = False
    silent: bool = False


SMTP_STEP_FAULTS = {
    ProviderFault.THROTTLE: SmtpStepFault("RCPT", "451 4.7.1 greylisted, try again"),
    ProviderFault.REFUSE: SmtpStepFault("RCPT", "550 5.1.1 nobody@example.org is unknown here"),
    ProviderFault.UNAUTHORISED: SmtpStepFault("MAIL", "530 5.7.0 authentication required"),
    ProviderFault.FAIL: SmtpStepFault("message", "554 5.3.0 transaction failed"),
    ProviderFault.FAIL_AFTER: SmtpStepFault("message", after=True),
    ProviderFault.DROP: SmtpStepFault("DATA"),
    ProviderFault.DROP_AFTER: SmtpStepFault("message", after=True),
    ProviderFault.HANG_AFTER: SmtpStepFault("message", after=True, silent=True),
}


class SmtpConnection(asyncio.Protocol):
    """One SMTP connection."""

    def __init__(self, double: "SmtpDouble") -> None:
        self.double = double
        self.buffer = bytearray()
        self.secure = double.implicit_tls
        self.authenticated = double.account is None
        self.upgrading = False
        self.accepted = 0
        self.fault: SmtpStepFault | None = None
        self.sender: str | None = None
        self._reset_message()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.double.register(self)
        self._reply("220 double ESMTP")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        self.double.unregister(self)

    def abort(self) -> None:
        """Abort the connection."""
        self.transport.abort()

    def reply_and_close(self, reply: str) -> None:
        """Send one more reply and close."""
        self._reply(reply)
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.transport.is_closing() and not self.upgrading:
            end = self.buffer.find(b"\r\n.\r\n" if self.in_message else b"\r\n")
            if end < 0:
                return
            size = 5 if self.in_message else 2
            line, self.buffer = bytes(self.buffer[:end]), self.buffer[end + size :]
            if self.in_message:
                self._message(line + b"\r\n")
            else:
                self._command(line)

    def _command(self, line: bytes) -> None:
        verb, _, rest = line.decode("utf-8", "replace").partition(" ")
        handle = {
            "EHLO": lambda: self._step("EHLO", self._hello()),
            "HELO": lambda: self._step("EHLO", self._hello()),
            "STARTTLS": self._starttls,
            "AUTH": lambda: self._auth(rest),
            "MAIL": lambda: self._mail(rest),
            "RCPT": lambda: self._rcpt(rest),
            "DATA": self._data,
            "RSET": self._reset,
            "QUIT": self._quit,
        }.get(verb.upper(), lambda: self._reply("502 5.5.1 not known"))
        handle()

    def _starttls(self) -> None:
        if self.double.tls is None or self.secure:
            self._reply("502 5.5.1 not offered")
            return
        self.secure = True
        self._reply("220 2.0.0 go ahead")
        self.transport.pause_reading()  # the next bytes belong to TLS
        self.upgrading = True
        self.task = asyncio.ensure_future(self._upgrade(self.double.tls))

    def _reset(self) -> None:
        self._reset_message()
        self._reply("250 2.0.0 ok")

    def _quit(self) -> None:
        self._reply("221 2.0.0 bye")
        self.transport.close()

    def _hello(self) -> str:
        offered = ["double", *self.double.extensions, f"SIZE {self.double.max_size}"]
        if self.double.tls is not None and not self.secure:
            offered.append("STARTTLS")
        if self.double.account is not None and (self.secure or self.double.tls is None):
            offered.append("AUTH PLAIN")
        return "\r\n".join([*(f"250-{extension}" for extension in offered[:-1]), f"250 {offered[-1]}"])

    async def _upgrade(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            upgraded = await loop.start_tls(self.transport, self, context, server_side=True)
            self.transport = cast("asyncio.Transport", upgraded)
            self.upgrading = False
            self.data_received(b"")  # bytes received before the new transport are SMTP

    def _auth(self, rest: str) -> None:
        method, _, initial = rest.partition(" ")
        try:
            credentials = b64decode(initial, validate=True).decode().split("\0")[1:]
        except (Error, ValueError):
            credentials = []
        is_valid = method.upper() == "PLAIN" and tuple(credentials) == self.double.account
        self.authenticated = self.authenticated or is_valid
        self._step("AUTH", "235 2.7.0 welcome" if is_valid else "535 5.7.8 no")

    def _mail(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        self.fault = self.double.next_fault()
        if not self.authenticated:
            self._reply("530 5.7.0 authentication required")
        elif self.accepted >= self.double.messages_per_connection:
            self._reply("421 4.7.0 too many messages on this connection")
            self.transport.close()
        elif path is None or self.sender is not None:
            self._reply("501 5.5.4 bad MAIL" if path is None else "503 5.5.1 nested MAIL")
        else:
            self.sender, self.utf8 = path[1], "SMTPUTF8" in path[2] and "SMTPUTF8" in self.double.extensions
            if not self._step("MAIL", "250 2.1.0 ok"):
                self.sender = None

    def _rcpt(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if self.sender is None:
            self._reply("503 5.5.1 MAIL first")
        elif path is None or (not path[1].isascii() and not self.utf8):
            self._reply("553 5.6.7 no such address form")
        elif self._step("RCPT", "250 2.1.5 ok"):
            self.recipients.append(path[1])

    def _data(self) -> None:
        if not self.recipients and not self.double.lenient:
            self._reply("503 5.5.1 RCPT first")
        elif self._step("DATA", "354 go ahead"):
            self.in_message = True

    def _message(self, stuffed: bytes) -> None:
        message = stuffed.replace(b"\r\n..", b"\r\n.").removeprefix(b".") if b"\r\n.." in stuffed else stuffed
        if len(message) > self.double.max_size:
            self._reset_message()
            self._reply("552 5.3.4 too large")
            return
        fault = self.fault if self.fault is not None and self.fault.step == "message" else None
        if fault is None or fault.after:
            self.accepted += 1
            for recipient in self.recipients:
                self.double.accept_message(self.sender or "", recipient, message)
        self._reset_message()
        delay = self.double.fault_plan.next_delay()
        answer = f"250 2.0.0 ok: queued as {id(self):x}{self.accepted:x}"
        if delay:
            asyncio.get_running_loop().call_later(delay, self._step, "message", answer)
        else:
            self._step("message", answer)

    def _step(self, step: str, reply: str) -> bool:
        """Send a step's reply, or the fault of this message instead; return whether there was no fault."""
        fault = self.fault if self.fault is not None else next(iter(self.double.faults), None)
        if fault is None or fault.step != step:
            self._reply(reply)
            return True
        if fault is not self.fault:
            self.double.faults.popleft()
        if fault.reply:
            self._reply(fault.reply)
            if fault.reply.startswith("421"):
                self.transport.close()
        elif not fault.silent:
            self.transport.abort()
        return False

    def _reply(self, reply: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(f"{reply}\r\n".encode())

    def _reset_message(self) -> None:
        self.sender = None
        self.utf8 = False
        self.recipients: list[str] = []
        self.in_message = False
