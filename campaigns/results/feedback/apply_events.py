"""Effects of an event: suppressions and opt-outs, in the transaction that stores the event."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from audiences.consent.channel_opt_out import members_with_address, opt_out_of_email, opt_out_of_sms, suppress_address
from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, MessageKind, opt_out_members
from audiences.consent.suppressions import AddressKind, suppression_value
from audiences.tables import CONTACT
from campaigns.channels.bounces import SMTP_PROVIDER
from campaigns.channels.events import Event, EventAction, EventKind
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import SkipReason
from campaigns.store.runs.linked_message import PlannedMessage, find_message

_MAX_AGE: Final = timedelta(days=30)  # of an event about no message of ours; an invalid time reads as 1970
_CLOCK_SKEW: Final = timedelta(minutes=1)  # providers tell whole seconds, by their own clocks
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

    Repeating it changes nothing. `delivery` is the one that the event names: unsubscribing from it ends its kind of
    message; a complaint, or an event about no message of ours, ends all marketing by the channel (E-27). A
    re-subscription with a provider has no effect (SG-13, TW-07).
    """
    if not event.actions - {EventAction.ALARM}:
        return
    affected = affected_members(connection, event, delivery)
    context = ConsentContext(_event_time(event.at, delivery, now), _source(event))
    if affected.address is not None:
        for reason in (reason for action, reason in _SUPPRESSIONS.items() if action in event.actions):
            suppress_address(connection, affected.kind, affected.address, reason, context)
    if EventAction.WITHDRAW_EMAIL in event.actions and not _opt_out_of_kind(
        connection, event, delivery, affected.members, context
    ):
        opt_out_of_email(connection, affected.members, context)
    if EventAction.WITHDRAW_SMS in event.actions:
        opt_out_of_sms(connection, affected.members, context)


def message_kind(message: PlannedMessage) -> MessageKind:
    """Return the kind of a planned message, which opt-outs end."""
    return MessageKind(message.purpose, message.channel, message.partner is not None, message.newsletter)


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


def _opt_out_of_kind(
    connection: Connection,
    event: Event,
    delivery: Mapping[str, Any] | None,
    members: Collection[str],
    context: ConsentContext,
) -> bool:
    """Opt members out of the kind of message that they unsubscribed from; return whether that is known."""
    if event.kind is not EventKind.UNSUBSCRIBED or delivery is None or delivery["member_id"] not in members:
        return False
    message = find_message(connection, delivery["run_number"], delivery["position"])
    if message is None or message_kind(message).opt_out_choice is None:
        return False
    opt_out_members(connection, message_kind(message), message.member_id, members, context)
    return True


def _event_time(at: datetime, delivery: Mapping[str, Any] | None, now: datetime) -> datetime:
    """Return the provider's time of an event when it is plausible; a consent given to us after it holds.

    No event is earlier than its message.
    """
    claimed_at = None if delivery is None else delivery["claimed_at"]
    return at if (claimed_at or now - _MAX_AGE) - _CLOCK_SKEW <= at <= now else now
