"""Import of suppressions: addresses, numbers and letter boxes from other systems that must not be contacted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from audiences.consent.suppressions import (
    REASONS,
    AddressKind,
    Suppressed,
    SuppressionScope,
    suppress,
    suppression_value,
)
from audiences.imports.cell_types import Reading, one_of, plain, timestamp
from audiences.imports.file_kind import Job, Kind, missing
from audiences.imports.staging import GOOD, Cell
from campaigns.core.clock import instant_of
from campaigns.core.model.reasons import SkipReason

_REQUIRED: Final[Mapping[str, Cell]] = dict.fromkeys(("kind", "value", "reason"), Cell.WORDS)
_OPTIONAL: Final[Mapping[str, Cell]] = dict.fromkeys(("scope", "at", "source"), Cell.WORDS)
_IN_TRANSACTION: Final = 500


def _store(job: Job) -> int:
    readings: list[Reading] = [
        one_of("kind", tuple(AddressKind)),
        plain("value"),
        one_of("reason", REASONS),
        one_of("scope", tuple(SuppressionScope)),
        timestamp("at"),
        plain("source"),
    ]
    job.staging.accept(readings, [*missing(list(_REQUIRED)), job.future("at")])
    new = 0
    for rows in job.staging.rows(f"FROM {GOOD} ORDER BY line", _IN_TRANSACTION):
        suppressions = [suppression for row in rows if (suppression := _suppression(row, job)) is not None]
        with job.ledger.write() as connection:
            new += suppress(connection, suppressions)
    return new


def _suppression(row: Sequence[Any], job: Job) -> Suppressed | None:
    line, kind, address, reason, scope, at, source = row
    value = suppression_value(AddressKind(kind), address)
    if value is None:
        job.staging.refuse(line, "value", f"not an address of the kind `{kind}`")
        return None
    return Suppressed(
        AddressKind(kind),
        value,
        SkipReason(reason),
        SuppressionScope(scope or SuppressionScope.ALL),
        job.now if at is None else instant_of(at),
        source or "import",
    )


SUPPRESSIONS: Final = Kind(_REQUIRED, _store, lambda _: _OPTIONAL)
