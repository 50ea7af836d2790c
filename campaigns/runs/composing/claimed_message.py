"""Claimed deliveries as composers receive them, and the error that ends one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.core.model.reasons import EndReason


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """Claimed delivery with the contact as read by the claim; it may be handed over before its deadline."""

    claimed: ClaimedDelivery
    contact: Mapping[Any, Any]
    variant: str
    arm: str | None
    deadline: datetime


class ComposeError(Exception):
    """Error for one message that cannot be composed; its delivery ends with `reason`, the others go on."""

    def __init__(self, reason: EndReason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)
