"""Notes: the few words that the organisation owes one member, and that no choice forbids (purpose `rights`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from campaigns.core.model.enums import Channel, Language


class NoteKind(StrEnum):
    """What a note says. The list is closed: nobody can write one of their own."""

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


@dataclass(frozen=True, slots=True)
class Note:
    """A note to be carried. Without `address` it goes where the member is known at that moment.

    `channel` None: by e-mail, else by SMS. `language` None: the member's. `about` holds what its kind needs, and
    nothing by which somebody could be told: names of choices, a challenge, a day; the reason that a request is put off
    or refused for, as it was written for the member.
    """

    kind: NoteKind
    member_id: str | None
    about: Mapping[str, Any] = field(default_factory=dict)
    channel: Channel | None = None
    address: str | None = field(default=None, repr=False)
    language: Language | None = None
