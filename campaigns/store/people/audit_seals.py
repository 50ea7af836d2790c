"""Chain of sealed batches over the audit log: changing, removing or inserting a row breaks it visibly (A-24).

A seal contains the hash of each of its rows; its own hash covers these and the seal before. Its signature is keyed, so
that somebody who can write into the database but does not have the key cannot seal changed rows again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, insert, select

from campaigns.core.tokens import Signer
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people.people_tables import AUDIT, AUDIT_SEAL

BATCH_ROWS: Final = 500
MAX_WAIT: Final = timedelta(seconds=1)
"""Longest time that the server lets rows gather before it seals them: rows left by one round are sealed in the next."""

_NO_PREVIOUS: Final = "0" * 64
_SEALS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Seal:
    """Number and digest of a seal: noted elsewhere, they prove later that the log was neither cut nor replaced."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


class FaultKind(StrEnum):
    """Kind of a fault of the chain."""

    ROW_CHANGED = "row_changed"
    ROW_MISSING = "row_missing"
    ROW_INSERTED = "row_inserted"
    SEAL_MISSING = "seal_missing"
    SEAL_ORDER = "seal_order"
    SEAL_CHANGED = "seal_changed"
    SEAL_FOREIGN = "seal_foreign"
    SEAL_OTHER = "seal_other"
    LOG_CUT = "log_cut"


@dataclass(frozen=True, slots=True)
class ChainFault:
    """First fault of the chain: the number of the row; with `seal`, the row is the first of that seal."""

    row: int
    kind: FaultKind
    seal: int | None = None

    @property
    def reason(self) -> str:
        """Return the fault in words."""
        return _REASONS[self.kind].format(before=(self.seal or 1) - 1)


_REASONS: Final[Mapping[FaultKind, str]] = {
    FaultKind.ROW_CHANGED: "the row was changed",
    FaultKind.ROW_MISSING: "the row is missing",
    FaultKind.ROW_INSERTED: "the row was put in",
    FaultKind.SEAL_MISSING: "seal {before} is missing",
    FaultKind.SEAL_ORDER: "the seal does not follow the one before",
    FaultKind.SEAL_CHANGED: "the seal was changed",
    FaultKind.SEAL_FOREIGN: "the seal was not made with our key",
    FaultKind.SEAL_OTHER: "the seal is not the one that was written down",
    FaultKind.LOG_CUT: "the log ends before the seal that was written down",
}


@dataclass(frozen=True, slots=True)
class ChainVerification:
    """Result of a verification: the number of valid rows before the fault, if there is one, and the newest seal.

    `newly_sealed` rows were sealed only for this verification: an earlier change of them cannot be detected.
    """

    rows: int
    last: Seal | None
    fault: ChainFault | None
    newly_sealed: int = 0


def seal_if_due(ledger: Ledger, signer: Signer, now: datetime) -> None:
    """Seal the new rows once they fill a batch or the oldest has waited for `MAX_WAIT`."""
    with ledger.read() as connection:
        unsealed = AUDIT.c.seq > _last_sealed(connection)
        query = select(func.count(), func.min(AUDIT.c.at)).where(unsealed)
        number, oldest = connection.execute(query).one()
    if number >= BATCH_ROWS or (number and oldest <= now - MAX_WAIT):
        seal_all(ledger, signer, now)


def seal_all(ledger: Ledger, signer: Signer, now: datetime) -> int:
    """Seal every row, batch by batch; return the number of sealed rows."""
    sealed = 0
    while True:
        with ledger.write() as connection:
            batch = _seal(connection, signer, now)
        sealed += batch
        if batch < BATCH_ROWS:
            return sealed


def verify(connection: Connection, signer: Signer, known_seal: Seal | None = None) -> ChainVerification:
    """Verify every seal and every sealed row from the first; `known_seal` is a seal that was noted earlier."""
    valid, last = 0, None
    for seal, rows in _seals_with_rows(connection):
        fault = _seal_fault(seal, last, signer) or _mismatch_with_known(seal, known_seal)
        if fault is not None:
            return ChainVerification(valid, last, fault)
        for leaf in seal["leaves"]:
            fault = _row_fault(leaf, next(rows, None))
            if fault is not None:
                return ChainVerification(valid, last, fault)
            valid += 1
        last = Seal(seal["number"], seal["digest"])
    return ChainVerification(valid, last, _end_fault(known_seal, last, valid))


def _seals_with_rows(connection: Connection) -> Iterator[tuple[RowMapping, Iterator[RowMapping]]]:
    """Yield each seal with an iterator over the rows from its first on; the caller consumes them. Reads by pages."""
    number, last_row = 0, None
    while page := _seals_after(connection, number):
        rows = iter(_rows_between(connection, last_row, page[-1]["last_row"]))
        yield from ((seal, rows) for seal in page)
        number, last_row = page[-1]["number"], page[-1]["last_row"]


def _seals_after(connection: Connection, number: int) -> Sequence[RowMapping]:
    """Return the next seals, also after a gap in their numbers."""
    chain = select(AUDIT_SEAL).where(AUDIT_SEAL.c.number > number).order_by(AUDIT_SEAL.c.number).limit(_SEALS_AT_ONCE)
    return connection.execute(chain).mappings().all()


def _rows_between(connection: Connection, after: int | None, until: int) -> Sequence[RowMapping]:
    """Return the rows of some seals, and any rows inserted among them."""
    rows = select(AUDIT).where(AUDIT.c.seq <= until).order_by(AUDIT.c.seq)
    if after is not None:
        rows = rows.where(AUDIT.c.seq > after)
    return connection.execute(rows).mappings().all()


def _mismatch_with_known(seal: RowMapping, known_seal: Seal | None) -> ChainFault | None:
    if known_seal is None or known_seal.number != seal["number"] or known_seal.digest == seal["digest"]:
        return None
    return ChainFault(seal["leaves"][0][0], FaultKind.SEAL_OTHER, known_seal.number)


def _end_fault(known_seal: Seal | None, last: Seal | None, valid: int) -> ChainFault | None:
    if known_seal is None or (last is not None and known_seal.number <= last.number):
        return None
    return ChainFault(valid + 1, FaultKind.LOG_CUT, known_seal.number)


def _seal(connection: Connection, signer: Signer, now: datetime) -> int:
    """Seal the next batch in a write transaction: the ledger has one writer, so no two seals follow the same one."""
    unsealed = AUDIT.c.seq > _last_sealed(connection)
    rows = connection.execute(select(AUDIT).where(unsealed).order_by(AUDIT.c.seq).limit(BATCH_ROWS)).mappings().all()
    if not rows:
        return 0
    previous = connection.execute(select(AUDIT_SEAL).order_by(AUDIT_SEAL.c.number.desc()).limit(1)).mappings().first()
    seal = {
        "number": 1 if previous is None else previous["number"] + 1,
        "at": now,
        "leaves": [[row["seq"], _digest_of_row(row)] for row in rows],
        "last_row": rows[-1]["seq"],
        "previous": _NO_PREVIOUS if previous is None else previous["digest"],
    }
    digest = _digest_of_seal(seal)
    signature = signer.keyed_hash("audit seal", digest)
    connection.execute(insert(AUDIT_SEAL).values(**seal, digest=digest, signature=signature))
    return len(rows)


def _last_sealed(connection: Connection) -> int:
    newest = select(AUDIT_SEAL.c.last_row).order_by(AUDIT_SEAL.c.number.desc()).limit(1)
    last_row: int | None = connection.execute(newest).scalar_one_or_none()
    return 0 if last_row is None else last_row


def _seal_fault(seal: RowMapping, previous_seal: Seal | None, signer: Signer) -> ChainFault | None:
    number, previous = (0, _NO_PREVIOUS) if previous_seal is None else (previous_seal.number, previous_seal.digest)
    checks = (
        (seal["number"] == number + 1, FaultKind.SEAL_MISSING),
        (seal["previous"] == previous, FaultKind.SEAL_ORDER),
        (seal["digest"] == _digest_of_seal(seal), FaultKind.SEAL_CHANGED),
        (seal["last_row"] == seal["leaves"][-1][0], FaultKind.SEAL_CHANGED),
        (seal["signature"] in signer.keyed_hashes("audit seal", seal["digest"]), FaultKind.SEAL_FOREIGN),
    )
    kind = next((kind for holds, kind in checks if not holds), None)
    return None if kind is None else ChainFault(seal["leaves"][0][0], kind, seal["number"])


def _row_fault(leaf: Sequence[Any], row: RowMapping | None) -> ChainFault | None:
    number, digest = leaf
    if row is None or row["seq"] > number:
        return ChainFault(number, FaultKind.ROW_MISSING)
    if row["seq"] < number:
        return ChainFault(row["seq"], FaultKind.ROW_INSERTED)
    return None if _digest_of_row(row) == digest else ChainFault(number, FaultKind.ROW_CHANGED)


def _digest_of_row(row: RowMapping) -> str:
    values = [row["seq"], _instant(row["at"]), row["actor"], row["action"], row["subject"], row["detail"]]
    return _digest(values)


def _digest_of_seal(seal: RowMapping | dict[str, Any]) -> str:
    return _digest([seal["number"], _instant(seal["at"]), seal["previous"], seal["last_row"], seal["leaves"]])


def _digest(values: list[Any]) -> str:
    """Return the hash of values in their canonical form."""
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
