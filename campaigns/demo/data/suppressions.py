"""Invented suppressions: bounced mail, complaints, phone numbers out of use."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from campaigns.core.model.reasons import SkipReason
from campaigns.demo.data.members import MemberRow
from campaigns.demo.data.seeded_random import hash_seed, random_integer


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """Row of the import file of suppressions; the fields are its columns, in order."""

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


def invent_suppressions(members: Sequence[MemberRow]) -> Iterator[SuppressionRow]:
    """Generate a few suppressed addresses, each of a different member."""
    shuffled = iter(sorted(members, key=lambda member: hash_seed(member.member_id, "closed")))
    for kind, reason, scope, source, count in _HISTORY:
        for _ in range(count):
            member = next(candidate for candidate in shuffled if getattr(candidate, kind))
            yield SuppressionRow(kind, getattr(member, kind), reason, scope, _moment(member.member_id), source)


def _moment(member_id: str) -> datetime:
    return datetime(  # noqa: DTZ001 - no zone: the workspace's own applies
        2017,
        random_integer(2, 11, member_id, "month"),
        random_integer(1, 28, member_id, "day"),
        random_integer(7, 20, member_id, "hour"),
        random_integer(0, 59, member_id, "minute"),
    )
