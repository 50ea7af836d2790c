"""On what ground of the General Data Protection Regulation a message is sent (article 6)."""

from enum import StrEnum

from campaigns.core.model.enums import Channel, Purpose


class Basis(StrEnum):
    """The grounds there are here. There is no soft opt-in: electronic marketing needs a yes (FI-01, FI-02)."""

    CONSENT = "consent"
    INTEREST = "interest"
    MEMBERSHIP = "membership"
    DUTY = "duty"


def basis(purpose: Purpose, channel: Channel) -> Basis:
    """The ground of a message; what it permits in each case stands in `audiences.consent.permissions`."""
    by_yes = channel in (Channel.EMAIL, Channel.SMS)
    match purpose:
        case Purpose.NEWSLETTER:
            return Basis.CONSENT
        case Purpose.MARKETING | Purpose.SURVEY:
            return Basis.CONSENT if by_yes else Basis.INTEREST
        case Purpose.OWNER_POST:
            return Basis.CONSENT if by_yes else Basis.MEMBERSHIP
        case Purpose.MAGAZINE:
            return Basis.MEMBERSHIP
        case Purpose.SERVICE | Purpose.RIGHTS:
            return Basis.DUTY
