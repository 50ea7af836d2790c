"""Import of suppressions: addresses, numbers and letter boxes from other systems that must not be contacted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from audiences.consent.suppressions import (
    REASONS,
    AddressKind,
    AddressSuppression,
    SuppressionScope,
    suppress,
    suppression_value,
)
from audiences.imports.cell_types import CellType, one_of_type, text_type, timestamp_type
from audiences.imports.file_kind import FileKind, ImportJob, missing_value_checks
from audiences.imports.staging import VALID_TABLE, CellCleaning
from campaigns.core.clock import from_warehouse_time
from campaigns.core.model.reasons import SkipReason

_REQUIRED: Final[Mapping[str, CellCleaning]] = dict.fromkeys(("kind", "value", "reason"), CellCleaning.WORDS)
_OPTIONAL: Final[Mapping[str, CellCleaning]] = dict.fromkeys(("scope", "at", "source"), CellCleaning.WORDS)
_IN_TRANSACTION: Final = 500


def _store(job: ImportJob) -> int:
    cell_types: list[CellType] = [
        one_of_type("kind", tuple(AddressKind)),
        text_type("value"),
        one_of_type("reason", REASONS),
        one_of_type("scope", tuple(SuppressionScope)),
        timestamp_type("at"),
        text_type("source"),
    ]
    job.staging.validate(cell_types, [*missing_value_checks(list(_REQUIRED)), job.future_time_check("at")])
    new = 0
    for rows in job.staging.rows(f"FROM {VALID_TABLE} ORDER BY line", _IN_TRANSACTION):
        suppressions = [suppression for row in rows if (suppression := _suppression(row, job)) is not None]
        with job.ledger.write() as connection:
            new += suppress(connection, suppressions)
    return new


def _suppression(row: Sequence[Any], job: ImportJob) -> AddressSuppression | None:
    line, kind, address, reason, scope, at, source = row
    value = suppression_value(AddressKind(kind), address, job.settings.country)
    if value is None:
        job.staging.reject(line, "value", f"not an address of the kind `{kind}`")
        return None
    return AddressSuppression(
        AddressKind(kind),
        value,
        SkipReason(reason),
        SuppressionScope(scope or SuppressionScope.ALL),
        job.now if at is None else from_warehouse_time(at),
        source or "import",
    )


SUPPRESSIONS: Final = FileKind(_REQUIRED, _store, lambda _: _OPTIONAL)
