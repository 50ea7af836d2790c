"""Opt-outs and suppressions of a whole channel or address, as members and providers report them."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from audiences.consent import choices
from audiences.consent.opt_out import ConsentContext, record_opt_outs
from audiences.consent.suppressions import AddressKind, AddressSuppression, SuppressionScope, suppress
from audiences.tables import CONTACT
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice
from campaigns.core.model.reasons import SkipReason

_EMAIL: Final = (Choice.EMAIL_OWN, Choice.EMAIL_PARTNER)
_SMS: Final = (Choice.SMS_OWN, Choice.SMS_PARTNER)
_COLUMNS: Final = {AddressKind.EMAIL: CONTACT.c.mailbox, AddressKind.PHONE: CONTACT.c.phone}


def members_with_address(connection: Connection, kind: AddressKind, value: str) -> set[str]:
    """Return all members with an e-mail address or telephone number, written as suppressions write it."""
    query = select(CONTACT.c.member_id).where(_COLUMNS[kind] == value)
    return set(connection.execute(query).scalars())


def opt_out_of_email(connection: Connection, members: Collection[str], context: ConsentContext) -> int:
    """Opt out of all e-mail marketing: own, partner, every newsletter (E-27); return the number of new entries."""
    entries = [context.entry(member, choice, on=False) for member in sorted(members) for choice in _EMAIL]
    for member in sorted(members):
        lists = sorted(choices.consent_state_of(connection, member).newsletters)
        entries += [context.entry(member, f"{NEWSLETTER_PREFIX}{name}", on=False) for name in lists]
    return record_opt_outs(connection, entries)


def opt_out_of_sms(connection: Connection, members: Collection[str], context: ConsentContext) -> int:
    """Opt out of all text-message marketing, own and partner; return the number of new entries."""
    return record_opt_outs(
        connection, [context.entry(member, choice, on=False) for member in sorted(members) for choice in _SMS]
    )


def suppress_address(
    connection: Connection, kind: AddressKind, value: str, reason: SkipReason, context: ConsentContext
) -> int:
    """Suppress an address for all members who share it; return the number of new suppressions, 0 or 1.

    A complaint concerns marketing only: service messages may still go.
    """
    is_complaint = reason is SkipReason.SUPPRESSED_COMPLAINT
    scope = SuppressionScope.MARKETING if is_complaint else SuppressionScope.ALL
    return suppress(connection, [AddressSuppression(kind, value, reason, scope, context.at, context.source.value)])
