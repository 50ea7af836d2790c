"""Ending messages of a kind: which choice does it, for whom, and once only (E-22, E-27).

The narrowest choice that ends them, so that nothing else is lost with it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from audiences import choices
from audiences.permissions import permitted
from audiences.stance import UNVERIFIED, Entry, Source, permits
from audiences.tables import CONTACT
from campaigns.spec.words import NEWSLETTER_PREFIX, Channel, Choice, Language, Purpose, Register

_MARKETING: Final[Mapping[Channel, Choice]] = {
    Channel.EMAIL: Choice.EMAIL_OWN,
    Channel.SMS: Choice.SMS_OWN,
    Channel.POST: Choice.NO_DIRECT_MAIL,
    Channel.PHONE: Choice.NO_SURVEYS_OR_PHONE,
}
_PARTNERS: Final[Mapping[Channel, Choice]] = {
    Channel.EMAIL: Choice.EMAIL_PARTNER,
    Channel.SMS: Choice.SMS_PARTNER,
    Channel.POST: Choice.NO_DIRECT_MAIL,
}
_ADDRESS: Final[Mapping[Channel, str]] = {Channel.EMAIL: "mailbox", Channel.SMS: "phone"}


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of message it was: the row and the column of the permission table, and the newsletter's list."""

    purpose: Purpose
    channel: Channel
    partner: bool = False
    newsletter: str | None = None

    @property
    def ended_by(self) -> str | None:
        """The choice that ends messages of this kind; None for what is not a matter of choice.

        The owner's post ends whole, not only by e-mail: giving up its electronic form brings it back on paper, which
        nobody expects who has pressed "stop".
        """
        match self.purpose:
            case Purpose.NEWSLETTER:
                return f"{NEWSLETTER_PREFIX}{self.newsletter}"
            case Purpose.MARKETING:
                return (_PARTNERS if self.partner else _MARKETING).get(self.channel)
            case Purpose.OWNER_POST:
                return Choice.NO_OWNER_POST
            case Purpose.SURVEY:
                return Choice.NO_SURVEYS_OR_PHONE
            case Purpose.MAGAZINE | Purpose.SERVICE | Purpose.RIGHTS:
                return None


@dataclass(frozen=True, slots=True)
class Saying:
    """How something was said: when, by which way, in which language and under which text."""

    at: datetime
    source: Source
    language: Language | None = None
    wording: str = UNVERIFIED

    def entry(self, member_id: str, choice: str, on: bool) -> Entry:
        """The entry of one member's choice."""
        language = None if self.language is None else self.language.value
        return Entry(member_id, choice, on, self.at, self.source, self.wording, language)


def end_for_address(connection: Connection, kind: Kind, member_id: str, saying: Saying) -> int:
    """End messages of a kind for a member and for all who share the address that they came to (design, section 5).

    Where an objection ends them, which closes more than this address, it is made for those sharers only whom such a
    message reaches there. Returns how many entries were new: none when it had been said before.
    """
    choice = kind.ended_by
    if choice is None:
        return 0
    members = [member_id, *_reached(connection, kind, choice, _sharers(connection, kind.channel, member_id))]
    return end(connection, [saying.entry(member, choice, not permits(choice)) for member in members])


def end(connection: Connection, closings: Iterable[Entry]) -> int:
    """Record those closings that say something new; returns how many did."""
    closings = list(closings)
    record = choices.entries_of(connection, sorted({entry.member_id for entry in closings}))
    new = [entry for entry in closings if not _is_closed(record.get(entry.member_id, ()), entry.choice)]
    return choices.record(connection, new) if new else 0


def _is_closed(record: Iterable[Entry], choice: str) -> bool:
    """Whether the last word about a choice was to close it."""
    said = [entry for entry in record if entry.choice == choice]
    return bool(said) and not max(said, key=lambda entry: (entry.at, entry.opens)).opens


def _sharers(connection: Connection, channel: Channel, member_id: str) -> dict[str, Register]:
    """Everybody else who has the member's address, with their register."""
    if channel not in _ADDRESS:
        return {}
    address = CONTACT.c[_ADDRESS[channel]]
    of_member = select(address).where(CONTACT.c.member_id == member_id).scalar_subquery()
    query = select(CONTACT.c.member_id, CONTACT.c.register).where(
        address == of_member, CONTACT.c.member_id != member_id
    )
    return {row.member_id: Register(row.register) for row in connection.execute(query)}


def _reached(connection: Connection, kind: Kind, choice: str, sharers: Mapping[str, Register]) -> list[str]:
    if permits(choice):
        return list(sharers)
    needs = permitted(kind.purpose, kind.channel, partner=kind.partner, newsletter=kind.newsletter)
    stances = {
        member: replace(choices.stance_of(connection, member), register=register)
        for member, register in sharers.items()
    }
    return [member for member, stance in stances.items() if needs is not None and needs.holds(stance)]
