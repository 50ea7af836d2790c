"""Legal basis of a message under article 6 of the General Data Protection Regulation."""

from enum import StrEnum

from campaigns.core.model.enums import Channel, Purpose


class Basis(StrEnum):
    """Legal bases used here. There is no soft opt-in: electronic marketing needs consent (FI-01, FI-02)."""

    CONSENT = "consent"
    INTEREST = "interest"
    MEMBERSHIP = "membership"
    DUTY = "duty"


def basis(purpose: Purpose, channel: Channel) -> Basis:
    """Return the legal basis of a message; `audiences.consent.permissions` decides whether it permits the message."""
    electronic = channel in (Channel.EMAIL, Channel.SMS)
    match purpose:
        case Purpose.NEWSLETTER:
            return Basis.CONSENT
        case Purpose.MARKETING | Purpose.SURVEY:
            return Basis.CONSENT if electronic else Basis.INTEREST
        case Purpose.OWNER_POST:
            return Basis.CONSENT if electronic else Basis.MEMBERSHIP
        case Purpose.MAGAZINE:
            return Basis.MEMBERSHIP
        case Purpose.SERVICE | Purpose.RIGHTS:
            return Basis.DUTY
