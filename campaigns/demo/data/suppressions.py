"""Addresses that an invented past has closed: mail that came back, complaints, a number out of use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.demo.data.seeded_random import between, seed
from campaigns.demo.data.members import Member
from campaigns.core.model.reasons import SkipReason


@dataclass(frozen=True, slots=True)
class Closed:
    """One row of the suppressions' import file; the fields are its columns, in order."""

    kind: str
    value: str
    reason: str
    scope: str
    at: datetime
    source: str


_HISTORY: Final = (
    ("email", SkipReason.SUPPRESSED_HARD_BOUNCE, "all", "bounce", 24),
    ("email", SkipReason.SUPPRESSED_COMPLAINT, "marketing", "complaint", 6),
    ("phone", SkipReason.SUPPRESSED_INVALID, "all", "provider", 8),
    ("email", SkipReason.SUPPRESSED_MANUAL, "all", "desk", 2),
)


def invent_suppressions(members: Sequence[Member]) -> Iterator[Closed]:
    """A few closed addresses, each of a different member."""
    shuffled = iter(sorted(members, key=lambda member: seed(member.member_id, "closed")))
    for kind, reason, scope, source, count in _HISTORY:
        for _ in range(count):
            member = next(one for one in shuffled if getattr(one, kind))
            yield Closed(kind, getattr(member, kind), reason, scope, _moment(member.member_id), source)


def _moment(about: str) -> datetime:
    return datetime(  # noqa: DTZ001 - written without a zone: the workspace's own
        2017,
        between(2, 11, about, "month"),
        between(1, 28, about, "day"),
        between(7, 20, about, "hour"),
        between(0, 59, about, "minute"),
    )
