"""Sender of notices, the only path of a notice to a provider: claim, compose, send and record, at most once each.

Choices are not checked: no choice forbids notices that the organisation owes a member about their own affairs. But
no notice goes to a deceased member, or to any address but the member's known one or the one that the notice is about,
and its text comes only from `rendering.notice_writer`.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import Any, Final, assert_never

from sqlalchemy import Connection, Row

from audiences.access.numeric_codes import format_code
from audiences.access.one_time_codes import CodeAim, CodeRequest, code_digits
from audiences.people.caller_checks import caller_code
from audiences.people.contact_changes import proof_code
from campaigns.channels.claimed_delivery import ClaimedDelivery, create_claimed_notice
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Outcome, Refused, RetryLater, Unknown
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.channels.registry import ChannelProviders
from campaigns.core.clock import Clock
from campaigns.core.model.enums import Channel
from campaigns.core.model.notice_kinds import NoticeKind
from campaigns.core.model.reasons import EndReason
from campaigns.core.model.settings import Settings
from campaigns.core.tokens import Signer
from campaigns.rendering.email.mime import MessageHeaders, assemble_message, extra_headers
from campaigns.rendering.notice_writer import NoticeText, NoticeValues, NoticeWriter, notice_text
from campaigns.rendering.templates.sandbox import TemplateError
from campaigns.runs.dispatch.rate_limit import account_limiter
from campaigns.runs.notices.recipient import Recipient, resolve_recipient
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import notice_queue
from campaigns.store.runs.states import DeliveryState

SIGN_UP_PATH: Final = "join"
"""Path of the newsletter sign-up page, and scope of the confirmation link's token."""

PROOF_PATH: Final = "confirm"
REFUSAL_PATH: Final = "not-me"
HELD_PATH: Final = "stop-request"
"""Paths of the pages that confirm a new address, block a change of contact, and cancel a request on hold."""

_LOG: Final = logging.getLogger("viesti")
_BATCH_SIZE: Final = 50
_MISCONFIGURED_RETRY: Final = 30.0  # seconds until a misconfigured provider is tried again


@dataclass(frozen=True, slots=True)
class ClaimedNotice:
    """Claimed notice with its recipient."""

    row: Row[Any] = field(repr=False)
    recipient: Recipient
    claimed: ClaimedDelivery


@dataclass(frozen=True)
class NoticeSender:
    """Sender of one ledger's notices, with providers of its own: those of the runs may be in use in another thread."""

    ledger: Ledger
    providers: ChannelProviders
    settings: Settings
    signer: Signer
    clock: Clock
    composer: NoticeWriter

    def send_waiting(self) -> int:
        """Send waiting notices; return how many were accepted.

        A crash at any moment leaves claimed notices uncertain, never to be repeated, and the others waiting. A
        misconfigured provider is logged, and its notices wait until they expire.
        """
        accepted = 0
        with self.ledger.read() as connection:
            has_waiting = notice_queue.has_work(connection, self.clock.now())
        while has_waiting:
            with self.ledger.write() as connection:
                rows = notice_queue.list_claimable(connection, self.clock.now(), _BATCH_SIZE)
                claimed = self._claim(connection, rows)
            accepted += asyncio.run(self._deliver(claimed)) if claimed else 0
            has_waiting = bool(rows)
        return accepted

    def _claim(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[ClaimedNotice]:
        now = self.clock.now()
        notice_queue.expire_leases(connection, now)
        claimed = []
        for row in rows:
            recipient = resolve_recipient(connection, row, self.settings)
            if row.carry_by <= now:
                notice_queue.end(connection, row.number, DeliveryState.EXPIRED, now, reason=EndReason.EXPIRED)
            elif isinstance(recipient, EndReason):
                notice_queue.end(connection, row.number, DeliveryState.WITHDRAWN, now, reason=recipient)
            else:
                claimed.append(ClaimedNotice(row, recipient, self._claim_token(row.number, recipient)))
                lease = timedelta(seconds=self.settings.dispatch.lease)
                notice_queue.claim(connection, row.number, claimed[-1].claimed.attempt, now + lease)
        self._take_permits(connection, claimed)
        return claimed

    def _take_permits(self, connection: Connection, claimed: Sequence[ClaimedNotice]) -> None:
        """Take the rate permits that notices may need from the campaigns' account; a code never waits for a permit."""
        for channel in (Channel.EMAIL, Channel.SMS):
            limiter = account_limiter(self.settings, channel)
            units = limiter.max_message_units * sum(1 for notice in claimed if notice.recipient.channel is channel)
            limiter.take(connection, units, self.clock.now())

    def _claim_token(self, number: int, recipient: Recipient) -> ClaimedDelivery:
        return create_claimed_notice(
            opaque_id=self.signer.keyed_hash("note", number),
            attempt=token_hex(8),
            number=number,
            channel=recipient.channel,
            address=recipient.address,
        )

    async def _deliver(self, claimed: Sequence[ClaimedNotice]) -> int:
        """Send claimed notices, both channels at once; return how many were accepted."""
        batches = (
            [notice for notice in claimed if notice.recipient.channel is channel]
            for channel in (Channel.EMAIL, Channel.SMS)
        )
        return sum(await asyncio.gather(*(self._send_batch(batch) for batch in batches if batch)))

    async def _send_batch(self, batch: Sequence[ClaimedNotice]) -> int:
        provider = self.providers.email if batch[0].recipient.channel is Channel.EMAIL else self.providers.sms
        try:
            await provider.open()
        except ChannelMisconfiguredError as error:
            outcomes: Sequence[Outcome] = [_retry_misconfigured(error)] * len(batch)
        else:
            try:
                outcomes = await asyncio.gather(*(self._send(notice) for notice in batch))
            finally:
                await provider.close()
        await asyncio.to_thread(self._record, batch, outcomes)
        return sum(1 for outcome in outcomes if isinstance(outcome, Accepted))

    async def _send(self, notice: ClaimedNotice) -> Outcome:
        try:
            if notice.recipient.channel is Channel.EMAIL:
                return await self.providers.email.send(self._email(notice))
            return await self.providers.sms.send(self._sms(notice))
        except ChannelMisconfiguredError as error:
            return _retry_misconfigured(error)
        except (TemplateError, ValueError) as error:  # e.g. an address unfit for a header; nothing was sent
            _LOG.error("a notice could not be composed: %s", type(error).__name__)
            return Refused(EndReason.TEMPLATE_ERROR, "")

    def _record(self, batch: Sequence[ClaimedNotice], outcomes: Sequence[Outcome]) -> None:
        now = self.clock.now()
        with self.ledger.write() as connection:
            end = partial(notice_queue.end, connection)
            for notice, outcome in zip(batch, outcomes, strict=True):
                number, attempt, channel = notice.row.number, notice.claimed.attempt, notice.recipient.channel
                match outcome:
                    case Accepted():
                        end(number, DeliveryState.ACCEPTED, now, attempt=attempt, channel=channel)
                    case Refused(reason):
                        end(number, DeliveryState.REFUSED, now, reason=reason, attempt=attempt, channel=channel)
                    case RetryLater(seconds):
                        notice_queue.release(connection, number, attempt, now + timedelta(seconds=seconds))
                    case Unknown():
                        state, reason = DeliveryState.UNCERTAIN, EndReason.UNKNOWN_OUTCOME
                        end(number, state, now, reason=reason, attempt=attempt, channel=channel)
                    case _ as never:
                        assert_never(never)

    def _text(self, notice: ClaimedNotice) -> NoticeText:
        kind, about = NoticeKind(notice.row.kind), notice.row.about
        code, path = "", ""
        match kind:
            case NoticeKind.CODE:
                request = CodeRequest(
                    about["challenge"],
                    notice.row.member_id,
                    CodeAim(about["aim"]),
                    notice.row.address,
                    about.get("former_codes", 0),  # requested by an earlier version
                )
                code = format_code(code_digits(self.signer, request))
            case NoticeKind.SIGN_UP:
                path = f"/{SIGN_UP_PATH}/{self.signer.link_token(SIGN_UP_PATH, 0, about['sign_up'])}"
            case NoticeKind.PROOF:
                code = format_code(proof_code(self.signer, about["change"], about["nonce"]))
                path = self._link(PROOF_PATH, about["nonce"], about["change"])
            case NoticeKind.ADDRESS if "change" in about:
                path = self._link(REFUSAL_PATH, about["nonce"], about["change"])
            case NoticeKind.HELD:
                path = self._link(HELD_PATH, about["nonce"], about["held"])
            case NoticeKind.CALLER:
                code = format_code(caller_code(self.signer, about["check"], about["nonce"]))
            case NoticeKind.KNOWN:
                path = "/me"
        name = "" if kind is NoticeKind.PROOF else notice.recipient.first_name or ""  # it may be a stranger's address
        values = NoticeValues(notice.recipient.language, code, path, name)
        return notice_text(kind, about, values, self.settings)

    def _link(self, path: str, nonce: int, number: int) -> str:
        return f"/{path}/{self.signer.link_token(path, nonce, number)}"

    def _email(self, notice: ClaimedNotice) -> OutgoingEmail:
        body = self.composer.email(self._text(notice), notice.recipient.language)
        sender = self.settings.channels.email.address
        envelope = MessageHeaders(
            date=self.clock.now(),
            message_id=f"{notice.claimed.opaque_id}@{sender.rpartition('@')[2]}",
            from_name=self.settings.organisation.name.text(notice.recipient.language),
            from_address=sender,
            to_address=notice.recipient.address,
        )
        return OutgoingEmail(
            claimed=notice.claimed,
            assemble=partial(assemble_message, envelope, body),
            envelope_from=sender,
            from_name=envelope.from_name,
            from_address=sender,
            subject=body.subject,
            text=body.text,
            html=body.html,
            headers=extra_headers(envelope),
        )

    def _sms(self, notice: ClaimedNotice) -> OutgoingSms:
        sms = self.composer.sms(self._text(notice), notice.recipient.language)
        sender = self.settings.channels.sms.sender
        valid_for = notice.row.carry_by - self.clock.now()
        return OutgoingSms(notice.claimed, sender, sms.text, sms.encoding, sms.segments, valid_for)


def _retry_misconfigured(error: ChannelMisconfiguredError) -> RetryLater:
    _LOG.error("notices wait: %s", error)
    return RetryLater(_MISCONFIGURED_RETRY, "")
