"""Opt-out of one kind of message: the choice that ends it, its members, recorded once only (E-22, E-27).

The narrowest choice is used, so that the member loses no other messages.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from audiences.consent import choices
from audiences.consent.consent_state import UNVERIFIED, ConsentEntry, ConsentSource, is_permission
from audiences.consent.permissions import permission_condition
from audiences.tables import CONTACT
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, Language, Purpose, Register

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
_ADDRESS_COLUMN: Final[Mapping[Channel, str]] = {Channel.EMAIL: "mailbox", Channel.SMS: "phone"}


@dataclass(frozen=True, slots=True)
class MessageKind:
    """Kind of a message: the row and column of the permission table, and the newsletter list."""

    purpose: Purpose
    channel: Channel
    partner: bool = False
    newsletter: str | None = None

    @property
    def opt_out_choice(self) -> str | None:
        """Return the choice that ends messages of this kind; None where no choice applies.

        Owner post ends as a whole, not only by e-mail: withdrawing its electronic form alone would bring it back on
        paper, and a member who pressed "stop" does not expect that.
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
class ConsentContext:
    """Context of a consent statement: time, source, language and the text that was shown."""

    at: datetime
    source: ConsentSource
    language: Language | None = None
    wording: str = UNVERIFIED

    def entry(self, member_id: str, choice: str, on: bool) -> ConsentEntry:
        """Return the entry of one member's choice."""
        language = None if self.language is None else self.language.value
        return ConsentEntry(member_id, choice, on, self.at, self.source, self.wording, language)


def opt_out_address(connection: Connection, kind: MessageKind, member_id: str, context: ConsentContext) -> int:
    """Opt out a member, and all members who share the address that the message was sent to (design, section 5).

    An objection closes more than this address, so it is recorded only for sharers whom such a message reaches there.
    Return the number of new entries: none when the opt-out is already on record.
    """
    return opt_out_members(connection, kind, member_id, (), context)


def opt_out_members(
    connection: Connection, kind: MessageKind, member_id: str, others: Collection[str], context: ConsentContext
) -> int:
    """Opt out the member whom a message was for, all who share their address, and `others` who have a reported one.

    An objection of the others is not recorded. Return the number of new entries.
    """
    choice = kind.opt_out_choice
    if choice is None:
        return 0
    members = {member_id, *_reached(connection, kind, choice, address_sharers(connection, kind.channel, member_id))}
    if is_permission(choice):
        members |= set(others)
    opt_outs = [context.entry(member, choice, not is_permission(choice)) for member in sorted(members)]
    return record_opt_outs(connection, opt_outs)


def record_opt_outs(connection: Connection, opt_outs: Iterable[ConsentEntry]) -> int:
    """Record the opt-outs that are new; return how many were."""
    opt_outs = list(opt_outs)
    record = choices.entries_of(connection, sorted({entry.member_id for entry in opt_outs}))
    new_opt_outs = [entry for entry in opt_outs if not _is_opted_out(record.get(entry.member_id, ()), entry.choice)]
    return choices.record_choices(connection, new_opt_outs) if new_opt_outs else 0


def _is_opted_out(record: Iterable[ConsentEntry], choice: str) -> bool:
    """Return whether the latest entry of a choice is an opt-out."""
    entries = [entry for entry in record if entry.choice == choice]
    return bool(entries) and not max(entries, key=lambda entry: (entry.at, entry.is_opt_in)).is_opt_in


def address_sharers(connection: Connection, channel: Channel, member_id: str) -> dict[str, Register]:
    """Return the other members who have the member's address in a channel, with their register."""
    if channel not in _ADDRESS_COLUMN:
        return {}
    address = CONTACT.c[_ADDRESS_COLUMN[channel]]
    of_member = select(address).where(CONTACT.c.member_id == member_id).scalar_subquery()
    query = select(CONTACT.c.member_id, CONTACT.c.register).where(
        address == of_member, CONTACT.c.member_id != member_id
    )
    return {row.member_id: Register(row.register) for row in connection.execute(query)}


def _reached(connection: Connection, kind: MessageKind, choice: str, sharers: Mapping[str, Register]) -> list[str]:
    """Return the sharers whom a message of this kind reaches."""
    if is_permission(choice):
        return list(sharers)
    condition = permission_condition(kind.purpose, kind.channel, partner=kind.partner, newsletter=kind.newsletter)
    states = {
        member: replace(choices.consent_state_of(connection, member), register=register)
        for member, register in sharers.items()
    }
    return [member for member, state in states.items() if condition is not None and condition.is_met_by(state)]
