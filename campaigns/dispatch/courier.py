"""The courier: the one way of a note to a provider. Each is claimed, written, carried and recorded, at most once.

No choice is asked, for no choice forbids what the organisation owes a member of their own affairs; but nothing goes to
the dead, nothing to anybody but the member's known address or the one that a note itself is about, and no words but
those of `rendering.note_templates`.
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

from audiences.codes import Aim, Asked, digits, spaced
from campaigns.channels.claimed import Claimed, mint_note
from campaigns.channels.outcome import Accepted, ChannelMisconfigured, Outcome, Refused, TryLater, Unknown
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.channels.registry import Providers
from campaigns.clock import Clock
from campaigns.dispatch.addressee import Addressee, addressee
from campaigns.dispatch.rate import account_pace
from campaigns.ledger import Ledger
from campaigns.rendering.environment import TemplateError
from campaigns.rendering.mime import Envelope, assemble, extra_headers
from campaigns.rendering.notes import NoteWriter, Said, Told, as_said
from campaigns.spec.notes import NoteKind
from campaigns.spec.reasons import EndReason
from campaigns.spec.settings import Settings
from campaigns.spec.words import Channel
from campaigns.store import notes
from campaigns.store.words import DeliveryState
from campaigns.tokens import Signer

JOIN: Final = "join"
"""The path of the page where newsletters are asked for, and the scope of the links that confirm it."""

_LOG: Final = logging.getLogger("viesti.courier")
_AT_ONCE: Final = 50
_NOT_TAKEN: Final = 30.0  # seconds until a provider that does not take us as we are is tried again


@dataclass(frozen=True, slots=True)
class Taken:
    """A note that was claimed, and to whom it goes."""

    row: Row[Any] = field(repr=False)
    to: Addressee
    claimed: Claimed


@dataclass(frozen=True)
class Courier:
    """Carries the notes of one ledger. `providers` are its own: those of a run may be in use in another thread."""

    ledger: Ledger
    providers: Providers
    settings: Settings
    signer: Signer
    clock: Clock
    writer: NoteWriter

    def carry(self) -> int:
        """Carry what waits; returns how many notes were accepted.

        Killed at any moment: what was claimed becomes uncertain and is not repeated, the rest waits. A provider that
        does not take us is logged, and its notes wait until they are too old.
        """
        accepted = 0
        with self.ledger.read() as connection:
            waits = notes.any_wait(connection, self.clock.now())
        while waits:
            with self.ledger.write() as connection:
                rows = notes.waiting(connection, self.clock.now(), _AT_ONCE)
                taken = self._claim(connection, rows)
            accepted += asyncio.run(self._deliver(taken)) if taken else 0
            waits = bool(rows)
        return accepted

    def _claim(self, connection: Connection, rows: Sequence[Row[Any]]) -> list[Taken]:
        now = self.clock.now()
        notes.sweep(connection, now)
        taken = []
        for row in rows:
            to = addressee(connection, row, self.settings.default_language)
            if row.carry_by <= now:
                notes.end(connection, row.number, DeliveryState.EXPIRED, now, reason=EndReason.EXPIRED)
            elif isinstance(to, EndReason):
                notes.end(connection, row.number, DeliveryState.WITHDRAWN, now, reason=to)
            else:
                taken.append(Taken(row, to, self._claimed(row.number, to)))
                lease = timedelta(seconds=self.settings.dispatch.lease)
                notes.take(connection, row.number, taken[-1].claimed.attempt, now + lease)
        self._count(connection, taken)
        return taken

    def _count(self, connection: Connection, taken: Sequence[Taken]) -> None:
        """Take what notes may need from what campaigns may say: a code waits for none of them."""
        for channel in (Channel.EMAIL, Channel.SMS):
            pace = account_pace(self.settings, channel)
            units = pace.largest * sum(1 for each in taken if each.to.channel is channel)
            pace.take(connection, units, self.clock.now())

    def _claimed(self, number: int, to: Addressee) -> Claimed:
        return mint_note(
            opaque_id=self.signer.opaque("note", number),
            attempt=token_hex(8),
            number=number,
            channel=to.channel,
            address=to.address,
        )

    async def _deliver(self, taken: Sequence[Taken]) -> int:
        """Carry what was claimed, each channel's share at once."""
        shares = ([each for each in taken if each.to.channel is channel] for channel in (Channel.EMAIL, Channel.SMS))
        return sum(await asyncio.gather(*(self._share(share) for share in shares if share)))

    async def _share(self, share: Sequence[Taken]) -> int:
        provider = self.providers.email if share[0].to.channel is Channel.EMAIL else self.providers.sms
        try:
            await provider.open()
        except ChannelMisconfigured as error:
            outcomes: Sequence[Outcome] = [_not_taken(error)] * len(share)
        else:
            try:
                outcomes = await asyncio.gather(*(self._carry(each) for each in share))
            finally:
                await provider.close()
        await asyncio.to_thread(self._record, share, outcomes)
        return sum(1 for outcome in outcomes if isinstance(outcome, Accepted))

    async def _carry(self, taken: Taken) -> Outcome:
        try:
            if taken.to.channel is Channel.EMAIL:
                return await self.providers.email.send(self._email(taken))
            return await self.providers.sms.send(self._sms(taken))
        except ChannelMisconfigured as error:
            return _not_taken(error)
        except (TemplateError, ValueError) as error:  # before anything was said: an address that cannot be a header
            _LOG.error("a note could not be written: %s", type(error).__name__)
            return Refused(EndReason.TEMPLATE_ERROR, "")

    def _record(self, share: Sequence[Taken], outcomes: Sequence[Outcome]) -> None:
        now = self.clock.now()
        with self.ledger.write() as connection:
            end = partial(notes.end, connection)
            for taken, outcome in zip(share, outcomes, strict=True):
                number, attempt, channel = taken.row.number, taken.claimed.attempt, taken.to.channel
                match outcome:
                    case Accepted():
                        end(number, DeliveryState.ACCEPTED, now, attempt=attempt, channel=channel)
                    case Refused(reason):
                        end(number, DeliveryState.REFUSED, now, reason=reason, attempt=attempt, channel=channel)
                    case TryLater(seconds):
                        notes.put_back(connection, number, attempt, now + timedelta(seconds=seconds))
                    case Unknown():
                        unsure, why = DeliveryState.UNCERTAIN, EndReason.UNKNOWN_OUTCOME
                        end(number, unsure, now, reason=why, attempt=attempt, channel=channel)
                    case _ as never:
                        assert_never(never)

    def _said(self, taken: Taken) -> Said:
        kind, about = NoteKind(taken.row.kind), taken.row.about
        code, path = "", ""
        match kind:
            case NoteKind.CODE:
                asked = Asked(about["challenge"], taken.row.member_id, Aim(about["aim"]), taken.row.address)
                code = spaced(digits(self.signer, asked))
            case NoteKind.SIGN_UP:
                path = f"/{JOIN}/{self.signer.link(JOIN, 0, about['sign_up'])}"
            case NoteKind.KNOWN:
                path = "/me"
        told = Told(taken.to.language, code, path, taken.to.first_name or "")
        return as_said(kind, about, told, self.settings)

    def _email(self, taken: Taken) -> OutgoingEmail:
        body = self.writer.email(self._said(taken), taken.to.language)
        sender = self.settings.channels.email.address
        envelope = Envelope(
            date=self.clock.now(),
            message_id=f"{taken.claimed.opaque_id}@{sender.rpartition('@')[2]}",
            from_name=self.settings.organisation.name.text(taken.to.language),
            from_address=sender,
            to_address=taken.to.address,
        )
        return OutgoingEmail(
            claimed=taken.claimed,
            assembled=partial(assemble, envelope, body),
            envelope_from=sender,
            from_name=envelope.from_name,
            from_address=sender,
            subject=body.subject,
            text=body.text,
            html=body.html,
            headers=extra_headers(envelope),
        )

    def _sms(self, taken: Taken) -> OutgoingSms:
        sms = self.writer.sms(self._said(taken), taken.to.language)
        sender = self.settings.channels.sms.sender
        left = taken.row.carry_by - self.clock.now()
        return OutgoingSms(taken.claimed, sender, sms.text, sms.encoding, sms.segments, left)


def _not_taken(error: ChannelMisconfigured) -> TryLater:
    _LOG.error("notes wait: %s", error)
    return TryLater(_NOT_TAKEN, "")
