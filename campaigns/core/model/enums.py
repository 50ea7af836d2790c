"""Enumerations used everywhere: languages, registers, purposes, channels, choices, data classes, column types."""

from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """Language of messages to a member."""

    FI = "fi"
    SV = "sv"
    EN = "en"


class Register(StrEnum):
    """Register of people."""

    OWNERS = "owners"
    HOUSEHOLD = "household"
    CUSTOMERS = "customers"


class Purpose(StrEnum):
    """Purpose of a message (GD-01); row of the permission table."""

    NEWSLETTER = "newsletter"
    MARKETING = "marketing"
    OWNER_POST = "owner_post"
    SURVEY = "survey"
    MAGAZINE = "magazine"
    SERVICE = "service"
    RIGHTS = "rights"


class Channel(StrEnum):
    """Channel of a message; column of the permission table."""

    EMAIL = "email"
    SMS = "sms"
    POST = "post"
    PHONE = "phone"


BUNDLED_CHANNELS: Final = (Channel.POST, Channel.PHONE)
"""Channels whose messages are handed over as bundles, in files; the others send one by one."""


class Choice(StrEnum):
    """Choice of a member to allow or forbid something; each newsletter has its own, `newsletter:<list>`."""

    EMAIL_OWN = "email_own"
    SMS_OWN = "sms_own"
    EMAIL_PARTNER = "email_partner"
    SMS_PARTNER = "sms_partner"
    ELECTRONIC_OWNER_POST = "electronic_owner_post"
    NO_DIRECT_MAIL = "no_direct_mail"
    NO_OWNER_POST = "no_owner_post"
    NO_SURVEYS_OR_PHONE = "no_surveys_or_phone"
    NO_PURCHASE_DETAIL = "no_purchase_detail"
    NO_MARKETING = "no_marketing"
    TRACKING = "tracking"
    RESTRICTED = "restricted"
    ADDRESS_SECRET = "address_secret"  # noqa: S105 - a choice, not a password
    DECEASED = "deceased"

    @property
    def permits(self) -> bool:
        """True when the choice allows something; the others forbid."""
        return self in _PERMITTING


_PERMITTING = frozenset(
    {
        Choice.EMAIL_OWN,
        Choice.SMS_OWN,
        Choice.EMAIL_PARTNER,
        Choice.SMS_PARTNER,
        Choice.ELECTRONIC_OWNER_POST,
        Choice.TRACKING,
    }
)

NEWSLETTER_PREFIX = "newsletter:"


class DataClass(StrEnum):
    """Class of a catalogue column: it decides whether a choice forbids it, and whether it may be shown and exported."""

    CONTACT = "contact"
    PROFILE = "profile"
    TOTALS = "totals"
    BASKET = "basket"
    SPECIAL = "special"


class ColumnType(StrEnum):
    """Type of a catalogue column."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
