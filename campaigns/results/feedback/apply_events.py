"""What an event asks beyond being kept: an address bound, choices withdrawn, in the transaction that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from audiences.consent.channel_opt_out import bind, sharers, withdraw_email, withdraw_sms
from audiences.consent.consent_state import Source
from audiences.consent.opt_out import Saying
from audiences.consent.suppressions import AddressKind, suppression_value
from audiences.tables import CONTACT
from campaigns.channels.bounces import PROVIDER as UNSIGNED
from campaigns.channels.events import Consequence, Event, EventWord
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import SkipReason

_LATEST: Final = timedelta(days=3)  # providers repeat what they could not tell for a day
_BINDS: Final[Mapping[Consequence, SkipReason]] = {
    Consequence.SUPPRESS_BOUNCED: SkipReason.SUPPRESSED_HARD_BOUNCE,
    Consequence.SUPPRESS_INVALID: SkipReason.SUPPRESSED_INVALID,
    Consequence.SUPPRESS_COMPLAINED: SkipReason.SUPPRESSED_COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whom an event concerns: an address as suppressions write it, if it is one, and all members behind it."""

    kind: AddressKind
    address: str | None
    members: frozenset[str]


def follow(connection: Connection, event: Event, delivery: Mapping[str, Any] | None, now: datetime) -> None:
    """Do what an event asks for: bounces, complaints and withdrawals bind the address, for all who share it.

    Repeating it changes nothing. `delivery` is the one that the event names. That somebody subscribed again with a
    provider asks for nothing (SG-13, TW-07).
    """
    if not event.asks - {Consequence.ALARM}:
        return
    who = concerned(connection, event, delivery)
    saying = Saying(_moment(event.at, now), _source(event))
    if who.address is not None:
        for reason in (reason for ask, reason in _BINDS.items() if ask in event.asks):
            bind(connection, who.kind, who.address, reason, saying)
    if Consequence.WITHDRAW_EMAIL in event.asks:
        withdraw_email(connection, who.members, saying)
    if Consequence.WITHDRAW_SMS in event.asks:
        withdraw_sms(connection, who.members, saying)


def concerned(connection: Connection, event: Event, delivery: Mapping[str, Any] | None) -> Concerned:
    """Whom an event concerns.

    What a mail says about an address counts only when its delivery went to it. A complaint is believed about the member
    of the delivery whatever address it names: those who pass complaints on leave the address out.
    """
    kind = kind_of(event, delivery)
    told = suppression_value(kind, event.address)
    member = None if delivery is None else _contact(connection, delivery["member_id"])
    present = None if member is None else member["mailbox" if kind is AddressKind.EMAIL else "phone"]
    if event.provider == UNSIGNED:  # whoever got a message of ours can write a report, but only about that message
        believed = told is None or event.word is EventWord.COMPLAINED
        told = present if believed else told if told == present else None
    behind = set() if told is None else sharers(connection, kind, told)
    own = set() if member is None else {member["member_id"]}
    return Concerned(kind, told, frozenset(behind | own))


def kind_of(event: Event, delivery: Mapping[str, Any] | None) -> AddressKind:
    """What kind of address an event is about."""
    is_sms = event.address.startswith("+") if delivery is None else delivery["channel"] == Channel.SMS
    return AddressKind.PHONE if is_sms else AddressKind.EMAIL


def _contact(connection: Connection, member_id: str) -> RowMapping | None:
    query = select(CONTACT.c.member_id, CONTACT.c.mailbox, CONTACT.c.phone).where(CONTACT.c.member_id == member_id)
    return connection.execute(query).mappings().one_or_none()


def _source(event: Event) -> Source:
    match event.word:
        case EventWord.COMPLAINED:
            return Source.COMPLAINT
        case _ if event.provider == UNSIGNED:
            return Source.MAIL
        case _ if Consequence.WITHDRAW_SMS in event.asks and not event.delivery:
            return Source.SMS
        case _:
            return Source.PROVIDER


def _moment(told: datetime, now: datetime) -> datetime:
    """When it was said: as the provider has it, where that can be; a yes that a member gave us since then holds."""
    return told if now - _LATEST <= told <= now else now
