"""What members and providers say against a whole channel or an address, made choices and suppressions."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from audiences import choices
from audiences.endings import Saying, end
from audiences.suppressions import AddressKind, Suppressed, SuppressionScope, suppress
from audiences.tables import CONTACT
from campaigns.spec.reasons import SkipReason
from campaigns.spec.words import NEWSLETTER_PREFIX, Choice

_EMAIL: Final = (Choice.EMAIL_OWN, Choice.EMAIL_PARTNER)
_SMS: Final = (Choice.SMS_OWN, Choice.SMS_PARTNER)
_COLUMNS: Final = {AddressKind.EMAIL: CONTACT.c.mailbox, AddressKind.PHONE: CONTACT.c.phone}


def sharers(connection: Connection, kind: AddressKind, value: str) -> set[str]:
    """Everybody who has an e-mail address or a telephone number, written as suppressions write it."""
    query = select(CONTACT.c.member_id).where(_COLUMNS[kind] == value)
    return set(connection.execute(query).scalars())


def withdraw_email(connection: Connection, members: Collection[str], saying: Saying) -> int:
    """End all marketing by e-mail: ours, partners' and every newsletter (E-27); returns how many entries were new."""
    entries = [saying.entry(member, choice, on=False) for member in sorted(members) for choice in _EMAIL]
    for member in sorted(members):
        lists = sorted(choices.stance_of(connection, member).newsletters)
        entries += [saying.entry(member, f"{NEWSLETTER_PREFIX}{name}", on=False) for name in lists]
    return end(connection, entries)


def withdraw_sms(connection: Connection, members: Collection[str], saying: Saying) -> int:
    """End all marketing by text message: ours and partners'; returns how many entries were new."""
    return end(connection, [saying.entry(member, choice, on=False) for member in sorted(members) for choice in _SMS])


def bind(connection: Connection, kind: AddressKind, value: str, reason: SkipReason, saying: Saying) -> int:
    """Suppress an address for all who share it; returns whether that was new, as a number.

    A complaint is about what somebody did not want to hear: service messages may still go.
    """
    complained = reason is SkipReason.SUPPRESSED_COMPLAINT
    scope = SuppressionScope.MARKETING if complained else SuppressionScope.ALL
    return suppress(connection, [Suppressed(kind, value, reason, scope, saying.at, saying.source.value)])
