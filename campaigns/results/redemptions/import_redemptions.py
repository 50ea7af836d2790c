"""Import of redemptions: coupons that tills took, each once, however often a file is imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from audiences.imports.cell_types import CellType, decimal_type, text_type, timestamp_type
from audiences.imports.file_kind import FileKind, ImportJob, invalid_id_check, missing_value_checks
from audiences.imports.import_report import ImportProgress, ImportReport, ProgressCallback
from audiences.imports.mapping import ImportMapping
from audiences.imports.staging import VALID_TABLE, CellCleaning, RowCheck
from campaigns.core.clock import from_warehouse_time
from campaigns.results.redemptions.find_coupons import CouponSearch, CouponUse, RowFault, TillRow
from campaigns.runs.engine import Engine
from campaigns.store.runs import redemptions
from campaigns.store.runs.redemptions import CouponKey
from campaigns.workspace.import_data import import_data

KIND: Final = "redemptions"
REQUIRED: Final[Mapping[str, CellCleaning]] = {"redeemed_at": CellCleaning.WORDS}
OPTIONAL: Final[Mapping[str, CellCleaning]] = {
    **dict.fromkeys(("code", "member_id", "offer_id", "run", "store_id"), CellCleaning.WORDS),
    "amount": CellCleaning.NUMBER,
}
_CELL_TYPES: Final[tuple[CellType, ...]] = (
    timestamp_type("redeemed_at"),
    *(text_type(column) for column in ("code", "member_id", "offer_id", "run", "store_id")),
    decimal_type("amount", "DECIMAL(9,2)"),
)
_CHECKS: Final = (
    *missing_value_checks(list(REQUIRED)),
    *(invalid_id_check(column) for column in ("member_id", "store_id")),
    RowCheck(
        "code",
        "code IS NULL AND (member_id IS NULL OR offer_id IS NULL)",
        "missing; a coupon that is bound to the card has `member_id` and `offer_id` in its place",
    ),
    RowCheck("amount", "coalesce(TRY_CAST(amount AS DECIMAL(18,4)) < 0, false)", "is below zero"),
)


def import_redemptions(
    engine: Engine,
    file: Path,
    on_progress: ProgressCallback = lambda _progress: None,
    mapping: ImportMapping | None = None,
) -> ImportReport:
    """Import a file of redemptions, all of its valid rows in one transaction; rejected rows go to `data/rejects`.

    The first redemption of a coupon counts, by time and then by line; later ones are rejected with the place of the
    first. Importing the same file again changes nothing. A crash leaves nothing of the file. Raise UserError when a key
    is missing that codes of these days were made with.
    """
    file_kind = FileKind(
        REQUIRED, lambda job: _RedemptionStorage(engine, job).store(), lambda _: OPTIONAL, {"store_id": "stores"}
    )
    return import_data(engine.context, KIND, file, on_progress, mapping, file_kind)


@dataclass
class _RedemptionStorage:
    """Storage of the staged rows of one file."""

    engine: Engine
    job: ImportJob

    def store(self) -> int:
        """Store the first redemption of each coupon; return how many are new."""
        staging = self.job.staging
        staging.validate(
            _CELL_TYPES, [*_CHECKS, self.job.erased_member_check(), self.job.future_time_check("redeemed_at")]
        )
        first = self._earliest()
        if first is None:
            return 0
        uses, repeated = self._first_uses(CouponSearch(self.engine, first))
        self.job.on_progress(ImportProgress("storing", 0, 0))
        with self.job.ledger.write() as connection:
            stored = redemptions.stored_redemptions(connection, uses)
            new = [use for key, use in uses.items() if key not in stored]
            redemptions.add_redemptions(connection, [_values(use) for use in new])
        for use, earlier_line in repeated:
            if not _is_repetition(use, uses[_key(use)].row.redeemed_at):
                self._reject_second_use(use, f"in line {earlier_line}")
        for key, at in stored.items():
            if not _is_repetition(uses[key], at):
                self._reject_second_use(uses[key], "by an earlier import")
        return len(new)

    def _first_uses(self, search: CouponSearch) -> tuple[dict[CouponKey, CouponUse], list[tuple[CouponUse, int]]]:
        """Return the first use of each coupon in the file, and the others with the line of the first."""
        uses: dict[CouponKey, CouponUse] = {}
        repeated: list[tuple[CouponUse, int]] = []
        for rows in self.job.staging.rows(f"FROM {VALID_TABLE} ORDER BY redeemed_at, line"):
            for outcome in search.find([_till_row(row) for row in rows]):
                if isinstance(outcome, RowFault):
                    self.job.staging.reject(outcome.row.line, outcome.column, outcome.reason)
                elif (first := uses.setdefault(_key(outcome), outcome)) is not outcome:
                    repeated.append((outcome, first.row.line))
        return uses, repeated

    def _earliest(self) -> datetime | None:
        [(first,)] = self.job.staging.connection.execute(f"SELECT min(redeemed_at) FROM {VALID_TABLE}").fetchall()
        return None if first is None else from_warehouse_time(first)

    def _reject_second_use(self, use: CouponUse, where: str) -> None:
        column = "offer_id" if use.row.code is None else "code"
        self.job.staging.reject(use.row.line, column, f"this coupon was redeemed before, {where}")


def _till_row(row: Sequence[Any]) -> TillRow:
    line, redeemed_at, code, member_id, offer_id, run_id, store_id, amount = row
    cents = None if amount is None else int(amount * 100)
    return TillRow(line, from_warehouse_time(redeemed_at), code, member_id, offer_id, run_id, store_id, cents)


def _key(use: CouponUse) -> CouponKey:
    return use.run_number, use.position, use.offer_id


def _is_repetition(use: CouponUse, redeemed_at: datetime) -> bool:
    """Return whether a row is the same redemption again: of the same coupon at the same moment."""
    return use.row.redeemed_at == redeemed_at


def _values(use: CouponUse) -> Mapping[str, Any]:
    return {
        "run_number": use.run_number,
        "position": use.position,
        "offer_id": use.offer_id,
        "member_id": use.member_id,
        "redeemed_at": use.row.redeemed_at,
        "store_id": use.row.store_id,
        "cents": use.row.cents,
    }
