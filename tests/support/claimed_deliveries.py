"""Claimed deliveries as dispatch hands them to a provider."""

from datetime import UTC, datetime
from typing import Final

from campaigns.channels.claimed_delivery import ClaimedDelivery, create_claimed_delivery
from campaigns.core.model.enums import Channel

RUN: Final = "birthday-20180101T0900"
MEMBER: Final = "member-4711"
WHEN: Final = datetime(2018, 1, 1, 8, tzinfo=UTC)
ADDRESSES: Final = {Channel.EMAIL: "aino@example.org", Channel.SMS: "+358401234567", Channel.PHONE: "+358501234567"}


def claim(
    channel: Channel, position: int = 1, attempt: str = "attempt1", address: str | None = None
) -> ClaimedDelivery:
    """A claimed delivery, as only a test and the claim may make one."""
    return create_claimed_delivery(
        opaque_id=f"opaque{position:04d}",
        attempt=attempt,
        run=RUN,
        position=position,
        member_id=MEMBER,
        channel=channel,
        address=ADDRESSES.get(channel, "") if address is None else address,
    )
