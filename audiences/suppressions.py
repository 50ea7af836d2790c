"""Addresses that are not written to, for all who share them: bounces, complaints, lists from outside."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, insert, select, tuple_

from audiences import addresses
from audiences.tables import SUPPRESSION
from campaigns.spec.reasons import SkipReason

_POSTAL: Final = re.compile(r"(?P<street>.*\S)\s*,\s*(?P<code>\d{5})(?:\s+[^\d,]*)?")

REASONS: Final = tuple(reason for reason in SkipReason if reason.startswith("suppressed_"))


class AddressKind(StrEnum):
    """What is suppressed."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"


class SuppressionScope(StrEnum):
    """From what: everything, or marketing only."""

    ALL = "all"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One suppression; `value` is a `suppression_value`."""

    kind: AddressKind
    value: str
    reason: SkipReason
    scope: SuppressionScope
    at: datetime
    source: str


def suppression_value(kind: AddressKind, written: str) -> str | None:
    """An address as suppressions compare it, or None when it is none. A postal one is `Katu 12 A 4, 00100 Helsinki`."""
    match kind:
        case AddressKind.EMAIL:
            email = addresses.email(written)
            return None if email is None else email.lower()
        case AddressKind.PHONE:
            return addresses.phone(written)
        case AddressKind.ADDRESS:
            found = _POSTAL.fullmatch(written)
            return None if found is None else addresses.address_key(found["street"], found["code"])


def suppress(connection: Connection, suppressed: Iterable[Suppressed]) -> int:
    """Add suppressions; returns how many were new. One that is known keeps its scope and time.

    Runs in the caller's write transaction: some thousand rows.
    """
    offered = {(one.kind.value, one.value, one.reason.value): one for one in suppressed}
    key = tuple_(SUPPRESSION.c.kind, SUPPRESSION.c.value, SUPPRESSION.c.reason)
    known = {tuple(row) for row in connection.execute(select(*key.clauses).where(key.in_(list(offered))))}
    new = [_row(one) for identity, one in offered.items() if identity not in known]
    if new:
        connection.execute(insert(SUPPRESSION), new)
    return len(new)


def _row(one: Suppressed) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "value": one.value,
        "reason": one.reason.value,
        "scope": one.scope.value,
        "at": one.at,
        "source": one.source,
    }
