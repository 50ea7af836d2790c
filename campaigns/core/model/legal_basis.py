"""Legal basis of a message under article 6 of the General Data Protection Regulation."""

from enum import StrEnum

from campaigns.core.model.enums import Channel, Purpose


class LegalBasis(StrEnum):
    """Legal bases used here. There is no soft opt-in: electronic marketing needs consent (FI-01, FI-02)."""

    CONSENT = "consent"
    INTEREST = "interest"
    MEMBERSHIP = "membership"
    DUTY = "duty"


def legal_basis(purpose: Purpose, channel: Channel) -> LegalBasis:
    """Return the legal basis of a message; `audiences.consent.permissions` decides whether it permits the message."""
    electronic = channel in (Channel.EMAIL, Channel.SMS)
    match purpose:
        case Purpose.NEWSLETTER:
            return LegalBasis.CONSENT
        case Purpose.MARKETING | Purpose.SURVEY:
            return LegalBasis.CONSENT if electronic else LegalBasis.INTEREST
        case Purpose.OWNER_POST:
            return LegalBasis.CONSENT if electronic else LegalBasis.MEMBERSHIP
        case Purpose.MAGAZINE:
            return LegalBasis.MEMBERSHIP
        case Purpose.SERVICE | Purpose.RIGHTS:
            return LegalBasis.DUTY
