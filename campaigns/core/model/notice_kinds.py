"""Notices: transactional messages that the organisation owes one member; no choice forbids them (purpose `rights`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from campaigns.core.model.enums import Channel, Language


class NoticeKind(StrEnum):
    """Kind of a notice. The list is closed: users cannot write notices of their own."""

    CODE = "code"
    CHOICES = "choices"
    ADDRESS = "address"
    SIGN_UP = "sign_up"
    KNOWN = "known"
    REQUEST = "request"
    PUT_OFF = "put_off"
    DONE = "done"
    REFUSED = "refused"
    ERASED = "erased"
    PROOF = "proof"
    HELD = "held"
    CALLER = "caller"


@dataclass(frozen=True, slots=True)
class Notice:
    """Notice to be sent. Without `address` it goes to the member's address at the time of sending.

    `channel` None: e-mail, or else SMS. `language` None: the member's. `details` holds the values that the kind needs:
    names of choices, a challenge, a day, the reason for postponing or refusing a request as written for the member.
    It holds nothing that identifies a person.
    """

    kind: NoticeKind
    member_id: str | None
    details: Mapping[str, Any] = field(default_factory=dict)
    channel: Channel | None = None
    address: str | None = field(default=None, repr=False)
    language: Language | None = None
