"""E-mail through a mail server: connection pool, DKIM signing, outcome of every reply."""

import asyncio
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never, cast

import aiosmtplib

from campaigns.channels.bounces import verp_address
from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.channels.dkim import DkimSigner
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome, Refused, RetryLater, Unknown
from campaigns.channels.provider import OutgoingEmail
from campaigns.channels.smtp_session import SmtpConnectionLostError, SmtpReply, SmtpSession
from campaigns.channels.smtp_status import SmtpFault, fault_of
from campaigns.core.model.provider_settings import SmtpSecurity, SmtpSettings
from campaigns.core.model.reasons import EndReason

USERNAME_VARIABLE: Final = "SMTP_USERNAME"
PASSWORD_VARIABLE: Final = "SMTP_PASSWORD"  # noqa: S105 - the name of a variable
_CONNECT_TIMEOUT: Final = 10.0
_TIMEOUT: Final = 40.0  # for a free connection, and for a transaction: both fit into a claim's lease
_BUSY_DELAY: Final = 1.0
_GREYLIST_DELAY: Final = 300.0
_RECONNECT_DELAY: Final = 30.0
_NAME: Final = re.compile(r"[!-?A-~]*")  # no address, nothing that a ledger cannot store
_PATH: Final = re.compile(r"[^\x00-\x20\x7f<>]{1,254}")  # no character that could end the command


@dataclass
class SmtpEmail:
    """SMTP provider over at most `settings.connections` connections, each used for a limited number of messages.

    `signer` loads the DKIM signer when the provider is opened, and raises when a key is missing.
    """

    settings: SmtpSettings
    bounce_address: str
    load_signer: Callable[[], DkimSigner] | None = field(default=None, repr=False)
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    timeout: float = _TIMEOUT

    def __post_init__(self) -> None:
        self._idle: deque[tuple[SmtpSession, bool]] = deque()

    async def open(self) -> None:
        """Connect once to check the configuration; a server that is unreachable now is no error."""
        self._free = asyncio.Semaphore(self.settings.connections)
        self._dkim = None if self.load_signer is None else self.load_signer()
        self._name = await asyncio.to_thread(socket.getfqdn)
        try:
            self._tls_context = ssl.create_default_context(cafile=self.settings.authorities)
        except OSError as error:
            raise ChannelMisconfiguredError("smtp: `authorities` is no file of certificates") from error
        try:
            self._idle.append(await self._connect())
        except (OSError, aiosmtplib.SMTPException) as error:
            _raise_if_misconfigured(error)

    async def close(self) -> None:
        """Quit every connection."""
        await asyncio.gather(*(session.quit() for session, _ in self._idle))
        self._idle.clear()

    async def send(self, message: OutgoingEmail) -> Outcome:
        """Send one message; the reply 250 after the message is acceptance."""
        claimed, content = (
            message.claimed,
            message.mime if self._dkim is None else self._dkim.sign(message.mime),
        )
        del message  # hundreds wait at once and need only their bytes
        try:
            async with asyncio.timeout(self.timeout):
                await self._free.acquire()
        except TimeoutError:
            return RetryLater(_BUSY_DELAY, "every connection was busy")
        try:
            return await self._send(claimed, content)
        finally:
            self._free.release()

    async def _send(self, claimed: ClaimedDelivery, content: bytes) -> Outcome:
        try:
            session, utf8 = self._take_idle() or await self._connect()
        except (OSError, aiosmtplib.SMTPException) as error:
            _raise_if_misconfigured(error)
            return RetryLater(_RECONNECT_DELAY, f"no connection: {type(error).__name__}")
        try:
            return await self._transaction(session, claimed, content, utf8=utf8)
        finally:
            await self._put_back(session, utf8=utf8)

    async def _transaction(
        self, session: SmtpSession, claimed: ClaimedDelivery, content: bytes, *, utf8: bool
    ) -> Outcome:
        if not _PATH.fullmatch(claimed.address):
            return Refused(EndReason.INVALID_ADDRESS, "no address")
        if not (utf8 or claimed.address.isascii()):
            return Refused(EndReason.INVALID_ADDRESS, "the server takes no address outside ASCII")
        options = "" if claimed.address.isascii() else " SMTPUTF8"
        mail = f"MAIL FROM:<{verp_address(self.bounce_address, claimed.opaque_id)}>{options}"
        try:
            return outcome_of_reply(await session.deliver(mail, f"RCPT TO:<{claimed.address}>", content))
        except SmtpConnectionLostError as error:
            if error.may_have_gone:
                return Unknown("connection lost after the message")
            return RetryLater(_RECONNECT_DELAY, f"connection lost at {error.step}")

    def _take_idle(self) -> tuple[SmtpSession, bool] | None:
        while self._idle:
            session, utf8 = self._idle.pop()  # the one used last: the server is least likely to have timed it out
            if session.is_usable:
                return session, utf8
            session.abort()
        return None

    async def _put_back(self, session: SmtpSession, *, utf8: bool) -> None:
        if session.is_usable and session.transactions < self.settings.messages_per_connection:
            self._idle.append((session, utf8))
        else:
            await session.quit()

    async def _connect(self) -> tuple[SmtpSession, bool]:
        client = aiosmtplib.SMTP(
            hostname=self.settings.host,
            port=self.settings.port,
            use_tls=self.settings.security is SmtpSecurity.TLS,
            start_tls=self.settings.security is SmtpSecurity.STARTTLS,
            tls_context=self._tls_context,
            local_hostname=self._name,
            username=self.username or None,
            password=self.password or None,
            timeout=_CONNECT_TIMEOUT,
        )
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await client.ehlo()
        transport = client.transport
        if transport is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost at once")
        duplex = cast("asyncio.Transport", transport)  # uvloop's transport is one without inheriting from it
        session = SmtpSession(duplex, pipelining=client.supports_extension("pipelining"), timeout=self.timeout)
        return session, client.supports_extension("smtputf8")


def outcome_of_reply(reply: SmtpReply) -> Outcome:
    """Return the outcome of the decisive reply.

    Raises ChannelMisconfiguredError for a failure that every member shares.
    """
    match reply.code // 100:
        case 2:
            name = reply.text.rpartition(" ")[2][:100]  # "queued as 4711": most servers end with their queue id
            return Accepted(name if _NAME.fullmatch(name) else "")
        case 4:
            return RetryLater(
                _GREYLIST_DELAY, reply.detail, this_message_only=reply.code != 421 and reply.step != "MAIL"
            )
        case _:
            return _refusal(reply)


def _refusal(reply: SmtpReply) -> Refused:
    match fault_of(reply.enhanced_code):
        case SmtpFault.SENDER:
            raise ChannelMisconfiguredError(f"smtp: {reply.detail}: the server does not take mail from us")
        case SmtpFault.ADDRESS:
            return Refused(EndReason.INVALID_ADDRESS, reply.detail)
        case SmtpFault.SIZE:
            return Refused(EndReason.TOO_LONG, reply.detail)
        case SmtpFault.MAILBOX | SmtpFault.POLICY | SmtpFault.UNCLEAR:
            if reply.step == "MAIL":  # the recipient was not named yet
                raise ChannelMisconfiguredError(f"smtp: {reply.detail}: the sender is not accepted")
            return Refused(EndReason.PROVIDER_REJECTED, reply.detail)
        case _ as never:
            assert_never(never)


def _raise_if_misconfigured(error: BaseException) -> None:
    """Raise ChannelMisconfiguredError for a server that will never accept our configuration."""
    if isinstance(error.__cause__ or error, ssl.SSLCertVerificationError):
        raise ChannelMisconfiguredError("smtp: the server's certificate is not valid") from error
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
        raise ChannelMisconfiguredError(
            f"smtp: login refused, are {USERNAME_VARIABLE} and {PASSWORD_VARIABLE} right?"
        ) from error
    if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):  # not offered by the server
        raise ChannelMisconfiguredError("smtp: the server offers no encryption, or no way to sign in") from error
