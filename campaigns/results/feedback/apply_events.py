"""Effects of an event: suppressions and opt-outs, in the transaction that stores the event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from audiences.consent.channel_opt_out import members_with_address, opt_out_of_email, opt_out_of_sms, suppress_address
from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext
from audiences.consent.suppressions import AddressKind, suppression_value
from audiences.tables import CONTACT
from campaigns.channels.bounces import SMTP_PROVIDER
from campaigns.channels.events import Event, EventAction, EventKind
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import SkipReason

_MAX_AGE: Final = timedelta(days=3)  # providers retry an undelivered event for a day
_SUPPRESSIONS: Final[Mapping[EventAction, SkipReason]] = {
    EventAction.SUPPRESS_BOUNCED: SkipReason.SUPPRESSED_HARD_BOUNCE,
    EventAction.SUPPRESS_INVALID: SkipReason.SUPPRESSED_INVALID,
    EventAction.SUPPRESS_COMPLAINED: SkipReason.SUPPRESSED_COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class AffectedMembers:
    """Address of an event as suppressions store it, if valid, and all members who have it."""

    kind: AddressKind
    address: str | None
    members: frozenset[str]


def apply_event(connection: Connection, event: Event, delivery: Mapping[str, Any] | None, now: datetime) -> None:
    """Apply an event: bounces, complaints and opt-outs affect the address, for all who share it.

    Repeating it changes nothing. `delivery` is the one that the event names. A re-subscription with a provider has no
    effect (SG-13, TW-07).
    """
    if not event.actions - {EventAction.ALARM}:
        return
    affected = affected_members(connection, event, delivery)
    context = ConsentContext(_event_time(event.at, now), _source(event))
    if affected.address is not None:
        for reason in (reason for action, reason in _SUPPRESSIONS.items() if action in event.actions):
            suppress_address(connection, affected.kind, affected.address, reason, context)
    if EventAction.WITHDRAW_EMAIL in event.actions:
        opt_out_of_email(connection, affected.members, context)
    if EventAction.WITHDRAW_SMS in event.actions:
        opt_out_of_sms(connection, affected.members, context)


def affected_members(connection: Connection, event: Event, delivery: Mapping[str, Any] | None) -> AffectedMembers:
    """Return the members that an event affects.

    An address in an e-mail report counts only when the named delivery went to it. A complaint counts for the member of
    the delivery whatever address it names: complaint reports leave the address out.
    """
    kind = address_kind(event, delivery)
    address = suppression_value(kind, event.address)
    member = None if delivery is None else _contact(connection, delivery["member_id"])
    own_address = None if member is None else member["mailbox" if kind is AddressKind.EMAIL else "phone"]
    if event.provider == SMTP_PROVIDER:  # any recipient can forge a report, but only about their own message
        is_trusted = address is None or event.kind is EventKind.COMPLAINED
        address = own_address if is_trusted else address if address == own_address else None
    address_members = set() if address is None else members_with_address(connection, kind, address)
    delivery_member = set() if member is None else {member["member_id"]}
    return AffectedMembers(kind, address, frozenset(address_members | delivery_member))


def address_kind(event: Event, delivery: Mapping[str, Any] | None) -> AddressKind:
    """Return the kind of address that an event names."""
    is_sms = event.address.startswith("+") if delivery is None else delivery["channel"] == Channel.SMS
    return AddressKind.PHONE if is_sms else AddressKind.EMAIL


def _contact(connection: Connection, member_id: str) -> RowMapping | None:
    query = select(CONTACT.c.member_id, CONTACT.c.mailbox, CONTACT.c.phone).where(CONTACT.c.member_id == member_id)
    return connection.execute(query).mappings().one_or_none()


def _source(event: Event) -> ConsentSource:
    match event.kind:
        case EventKind.COMPLAINED:
            return ConsentSource.COMPLAINT
        case _ if event.provider == SMTP_PROVIDER:
            return ConsentSource.MAIL
        case _ if EventAction.WITHDRAW_SMS in event.actions and not event.delivery:
            return ConsentSource.SMS
        case _:
            return ConsentSource.PROVIDER


def _event_time(at: datetime, now: datetime) -> datetime:
    """Return the provider's time of an event when it is plausible; a consent given to us after it holds."""
    return at if now - _MAX_AGE <= at <= now else now
