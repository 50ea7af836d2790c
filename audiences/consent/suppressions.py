"""Suppressed addresses, for all members who share them: bounces, complaints, external lists."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, insert, select, tuple_

from audiences import addresses
from audiences.tables import SUPPRESSION
from campaigns.core.model.postal_code_forms import normalise_postal_code
from campaigns.core.model.reasons import SkipReason

_POSTAL: Final = re.compile(r"(?P<street>.*\S)\s*,\s*(?P<code>(?:LV-|LT-)?\d{4,5}|\d{3} \d{2})(?:\s+[^\d,]*)?")

REASONS: Final = tuple(reason for reason in SkipReason if reason.startswith("suppressed_"))


class AddressKind(StrEnum):
    """Kind of a suppressed address."""

    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"


class SuppressionScope(StrEnum):
    """Scope of a suppression: all messages, or marketing only."""

    ALL = "all"
    MARKETING = "marketing"


@dataclass(frozen=True, slots=True)
class AddressSuppression:
    """One suppression; `value` is a `suppression_value`."""

    kind: AddressKind
    value: str
    reason: SkipReason
    scope: SuppressionScope
    at: datetime
    source: str


def suppression_value(kind: AddressKind, address: str, country: str = addresses.FINLAND) -> str | None:
    """Return the address in the form that suppressions compare; None when it is invalid.

    A postal address is written as `Katu 12 A 4, 00100 Helsinki`; a number without a country code is one of `country`.
    """
    match kind:
        case AddressKind.EMAIL:
            email = addresses.normalise_email(address)
            return None if email is None else email.lower()
        case AddressKind.PHONE:
            return addresses.normalise_phone(address, country)
        case AddressKind.ADDRESS:
            match_ = _POSTAL.fullmatch(address)
            code = None if match_ is None else normalise_postal_code(match_["code"], country)
            return None if match_ is None else addresses.address_key(match_["street"], code)


def suppress(connection: Connection, suppressions: Iterable[AddressSuppression]) -> int:
    """Add suppressions; return how many were new. A known one keeps its scope and time.

    Runs in the caller's write transaction: some thousand rows.
    """
    candidates = {
        (suppression.kind.value, suppression.value, suppression.reason.value): suppression
        for suppression in suppressions
    }
    key = tuple_(SUPPRESSION.c.kind, SUPPRESSION.c.value, SUPPRESSION.c.reason)
    known = {tuple(row) for row in connection.execute(select(*key.clauses).where(key.in_(list(candidates))))}
    new = [_row(suppression) for identity, suppression in candidates.items() if identity not in known]
    if new:
        connection.execute(insert(SUPPRESSION), new)
    return len(new)


def _row(suppression: AddressSuppression) -> dict[str, Any]:
    return {
        "kind": suppression.kind.value,
        "value": suppression.value,
        "reason": suppression.reason.value,
        "scope": suppression.scope.value,
        "at": suppression.at,
        "source": suppression.source,
    }
