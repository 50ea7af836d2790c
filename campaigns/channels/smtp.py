"""E-mail through a mail server: a pool of connections, signed messages, an outcome for every reply."""

import asyncio
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never, cast

import aiosmtplib

from campaigns.channels.bounces import verp
from campaigns.channels.claimed_delivery import Claimed
from campaigns.channels.dkim import DkimSigner
from campaigns.channels.outcome import Accepted, ChannelMisconfigured, Outcome, Refused, TryLater, Unknown
from campaigns.channels.provider import OutgoingEmail
from campaigns.channels.smtp_session import Lost, Said, Session
from campaigns.channels.smtp_status import Fault, fault_of
from campaigns.core.model.provider_settings import Security, SmtpSettings
from campaigns.core.model.reasons import EndReason

USERNAME: Final = "SMTP_USERNAME"
PASSWORD: Final = "SMTP_PASSWORD"  # noqa: S105 - the name of a variable
_CONNECT: Final = 10.0
_PATIENCE: Final = 40.0  # for a connection, and for a transaction: both fit into a claim's lease
_BUSY: Final = 1.0
_GREYLISTED: Final = 300.0
_NOT_CONNECTED: Final = 30.0
_NAME: Final = re.compile(r"[!-?A-~]*")  # no address, and nothing that a ledger could not keep
_PATH: Final = re.compile(r"[^\x00-\x20\x7f<>]{1,254}")  # nothing that could end the command


@dataclass
class SmtpEmail:
    """Sends over at most `settings.connections` connections, each for so many messages.

    `signer` makes what signs them; it is asked when the provider is opened, and may find that a key is missing.
    """

    settings: SmtpSettings
    bounces: str
    signer: Callable[[], DkimSigner] | None = field(default=None, repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    patience: float = _PATIENCE

    def __post_init__(self) -> None:
        self._idle: deque[tuple[Session, bool]] = deque()

    async def open(self) -> None:
        """Connect once, to find out whether the server takes us at all; one that is away may come back."""
        self._free = asyncio.Semaphore(self.settings.connections)
        self._signs = None if self.signer is None else self.signer()
        self._name = await asyncio.to_thread(socket.getfqdn)
        try:
            self._trusted = ssl.create_default_context(cafile=self.settings.authorities)
        except OSError as error:
            raise ChannelMisconfigured("smtp: `authorities` is no file of certificates") from error
        try:
            self._idle.append(await self._connect())
        except (OSError, aiosmtplib.SMTPException) as error:
            _raise_when_ours(error)

    async def close(self) -> None:
        """Say goodbye on every connection."""
        await asyncio.gather(*(session.quit() for session, _ in self._idle))
        self._idle.clear()

    async def send(self, message: OutgoingEmail) -> Outcome:
        """Hand one message to the server; its 250 after the message is acceptance."""
        claimed, content = message.claimed, message.mime if self._signs is None else self._signs.sign(message.mime)
        del message  # hundreds wait at once, and all that they need is their bytes
        try:
            async with asyncio.timeout(self.patience):
                await self._free.acquire()
        except TimeoutError:
            return TryLater(_BUSY, "every connection was busy")
        try:
            return await self._send(claimed, content)
        finally:
            self._free.release()

    async def _send(self, claimed: Claimed, content: bytes) -> Outcome:
        try:
            session, utf8 = self._rested() or await self._connect()
        except (OSError, aiosmtplib.SMTPException) as error:
            _raise_when_ours(error)
            return TryLater(_NOT_CONNECTED, f"no connection: {type(error).__name__}")
        try:
            return await self._transaction(session, claimed, content, utf8=utf8)
        finally:
            await self._put_back(session, utf8=utf8)

    async def _transaction(self, session: Session, claimed: Claimed, content: bytes, *, utf8: bool) -> Outcome:
        if not _PATH.fullmatch(claimed.address):
            return Refused(EndReason.INVALID_ADDRESS, "no address")
        if not (utf8 or claimed.address.isascii()):
            return Refused(EndReason.INVALID_ADDRESS, "the server takes no address outside ASCII")
        options = "" if claimed.address.isascii() else " SMTPUTF8"
        mail = f"MAIL FROM:<{verp(self.bounces, claimed.opaque_id)}>{options}"
        try:
            return outcome(await session.deliver(mail, f"RCPT TO:<{claimed.address}>", content))
        except Lost as lost:
            if lost.may_have_gone:
                return Unknown("connection lost after the message")
            return TryLater(_NOT_CONNECTED, f"connection lost at {lost.step}")

    def _rested(self) -> tuple[Session, bool] | None:
        while self._idle:
            session, utf8 = self._idle.pop()  # the one used last: the server has not yet grown tired of it
            if session.is_usable:
                return session, utf8
            session.abort()
        return None

    async def _put_back(self, session: Session, *, utf8: bool) -> None:
        if session.is_usable and session.transactions < self.settings.messages_per_connection:
            self._idle.append((session, utf8))
        else:
            await session.quit()

    async def _connect(self) -> tuple[Session, bool]:
        client = aiosmtplib.SMTP(
            hostname=self.settings.host,
            port=self.settings.port,
            use_tls=self.settings.security is Security.TLS,
            start_tls=self.settings.security is Security.STARTTLS,
            tls_context=self._trusted,
            local_hostname=self._name,
            username=self.username or None,
            password=self.password or None,
            timeout=_CONNECT,
        )
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        transport = client.transport
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost at once")
        both_ways = cast("asyncio.Transport", transport)  # libuv's is one without being called so
        session = Session(both_ways, pipelining=client.supports_extension("pipelining"), patience=self.patience)
        return session, client.supports_extension("smtputf8")


def outcome(said: Said) -> Outcome:
    """What a transaction's decisive reply means; raises ChannelMisconfigured for what would befall every member."""
    match said.code // 100:
        case 2:
            name = said.text.rpartition(" ")[2][:100]  # "queued as 4711": most servers end with their name for it
            return Accepted(name if _NAME.fullmatch(name) else "")
        case 4:
            return TryLater(_GREYLISTED, said.detail, alone=said.code != 421 and said.step != "MAIL")
        case _:
            return _refusal(said)


def _refusal(said: Said) -> Refused:
    match fault_of(said.enhanced):
        case Fault.SENDER:
            raise ChannelMisconfigured(f"smtp: {said.detail}: the server does not take mail from us")
        case Fault.ADDRESS:
            return Refused(EndReason.INVALID_ADDRESS, said.detail)
        case Fault.SIZE:
            return Refused(EndReason.TOO_LONG, said.detail)
        case Fault.MAILBOX | Fault.POLICY | Fault.UNCLEAR:
            if said.step == "MAIL":  # the reader was not named yet
                raise ChannelMisconfigured(f"smtp: {said.detail}: the sender is not accepted")
            return Refused(EndReason.PROVIDER_REJECTED, said.detail)
        case _ as never:
            assert_never(never)


def _raise_when_ours(error: BaseException) -> None:
    """Raise ChannelMisconfigured for a server that will never take us as we are."""
    if isinstance(error.__cause__ or error, ssl.SSLCertVerificationError):
        raise ChannelMisconfigured("smtp: the server's certificate does not hold") from error
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
        raise ChannelMisconfigured(f"smtp: not let in, are {USERNAME} and {PASSWORD} right?") from error
    if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):  # what the server does not offer at all
        raise ChannelMisconfigured("smtp: the server offers no encryption, or no way to sign in") from error
