"""The audit log as a chain of sealed batches: who changes, removes or puts in a row breaks it, and it shows (A-24).

A seal has the hash of each of its rows, and its own hash covers them and the seal before. Its signature is keyed, so
that whoever can write into the database, but does not have the key, cannot seal anew what they changed.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, insert, select

from campaigns.ledger import Ledger
from campaigns.store.tables import AUDIT, AUDIT_SEAL
from campaigns.tokens import Signer

BATCH: Final = 500
PATIENCE: Final = timedelta(seconds=1)
"""How long the server lets rows gather before it seals them: what one of its rounds left, the next one seals."""

_NONE_BEFORE: Final = "0" * 64
_SEALS_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal's number and digest: written down elsewhere, they prove later that the log is not shorter or another."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that does not fit: the row's number, or with `seal` the first row of that seal."""

    row: int
    because: str
    seal: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What looking at the whole chain found: how many rows fit before the fault, if there is one; the newest seal.

    `fresh` rows were sealed for this very look: of a change before that, nothing would tell.
    """

    rows: int
    last: Seal | None
    fault: Fault | None
    fresh: int = 0


def seal_gathered(ledger: Ledger, signer: Signer, now: datetime) -> None:
    """Seal what has gathered, once it is a batch or its oldest row has waited for a while."""
    with ledger.read() as connection:
        unsealed = AUDIT.c.seq > _last_sealed(connection)
        gathered = select(func.count(), func.min(AUDIT.c.at)).where(unsealed)
        number, oldest = connection.execute(gathered).one()
    if number >= BATCH or (number and oldest <= now - PATIENCE):
        seal_all(ledger, signer, now)


def seal_all(ledger: Ledger, signer: Signer, now: datetime) -> int:
    """Seal every row there is, batch by batch; returns how many were sealed."""
    sealed = 0
    while True:
        with ledger.write() as connection:
            batch = _seal(connection, signer, now)
        sealed += batch
        if batch < BATCH:
            return sealed


def verify(connection: Connection, signer: Signer, kept: Seal | None = None) -> Verdict:
    """Look at every seal and every sealed row, from the first; `kept` is a seal that was written down earlier."""
    fitting, last = 0, None
    for found, rows in _pages(connection):
        fault = _fault_of(found, last, signer) or _unlike_kept(found, kept)
        if fault is not None:
            return Verdict(fitting, last, fault)
        for leaf in found["leaves"]:
            fault = _unlike(leaf, next(rows, None))
            if fault is not None:
                return Verdict(fitting, last, fault)
            fitting += 1
        last = Seal(found["number"], found["digest"])
    return Verdict(fitting, last, _missing(kept, last, fitting))


def _pages(connection: Connection) -> Iterator[tuple[RowMapping, Iterator[RowMapping]]]:
    """Each seal with the rows from its first on, where those before were taken; read some seals at a time."""
    number, last_row = 0, None
    while page := _after(connection, number):
        rows = iter(_rows(connection, last_row, page[-1]["last_row"]))
        yield from ((found, rows) for found in page)
        number, last_row = page[-1]["number"], page[-1]["last_row"]


def _after(connection: Connection, number: int) -> Sequence[RowMapping]:
    """The seals that follow, also where some are missing between."""
    chain = select(AUDIT_SEAL).where(AUDIT_SEAL.c.number > number).order_by(AUDIT_SEAL.c.number).limit(_SEALS_AT_ONCE)
    return connection.execute(chain).mappings().all()


def _rows(connection: Connection, after: int | None, until: int) -> Sequence[RowMapping]:
    """The rows of some seals, and whatever else stands among them."""
    rows = select(AUDIT).where(AUDIT.c.seq <= until).order_by(AUDIT.c.seq)
    if after is not None:
        rows = rows.where(AUDIT.c.seq > after)
    return connection.execute(rows).mappings().all()


def _unlike_kept(found: RowMapping, kept: Seal | None) -> Fault | None:
    if kept is None or kept.number != found["number"] or kept.digest == found["digest"]:
        return None
    return Fault(found["leaves"][0][0], "the seal is not the one that was written down", kept.number)


def _missing(kept: Seal | None, last: Seal | None, fitting: int) -> Fault | None:
    if kept is None or (last is not None and kept.number <= last.number):
        return None
    return Fault(fitting + 1, "the log ends before the seal that was written down", kept.number)


def _seal(connection: Connection, signer: Signer, now: datetime) -> int:
    """Seal the next batch, in a write transaction: the ledger has one writer, so no two seals follow the same one."""
    unsealed = AUDIT.c.seq > _last_sealed(connection)
    rows = connection.execute(select(AUDIT).where(unsealed).order_by(AUDIT.c.seq).limit(BATCH)).mappings().all()
    if not rows:
        return 0
    before = connection.execute(select(AUDIT_SEAL).order_by(AUDIT_SEAL.c.number.desc()).limit(1)).mappings().first()
    made = {
        "number": 1 if before is None else before["number"] + 1,
        "at": now,
        "leaves": [[row["seq"], _digest_of_row(row)] for row in rows],
        "last_row": rows[-1]["seq"],
        "previous": _NONE_BEFORE if before is None else before["digest"],
    }
    digest = _digest_of_seal(made)
    signature = signer.opaque("audit seal", digest)
    connection.execute(insert(AUDIT_SEAL).values(**made, digest=digest, signature=signature))
    return len(rows)


def _last_sealed(connection: Connection) -> int:
    newest = select(AUDIT_SEAL.c.last_row).order_by(AUDIT_SEAL.c.number.desc()).limit(1)
    found: int | None = connection.execute(newest).scalar_one_or_none()
    return 0 if found is None else found


def _fault_of(found: RowMapping, before: Seal | None, signer: Signer) -> Fault | None:
    number, previous = (0, _NONE_BEFORE) if before is None else (before.number, before.digest)
    reasons = (
        (found["number"] == number + 1, f"seal {number + 1} is missing"),
        (found["previous"] == previous, "the seal does not follow the one before"),
        (found["digest"] == _digest_of_seal(found), "the seal was changed"),
        (found["last_row"] == found["leaves"][-1][0], "the seal was changed"),
        (found["signature"] in signer.opaques("audit seal", found["digest"]), "the seal was not made with our key"),
    )
    because = next((said for holds, said in reasons if not holds), None)
    return None if because is None else Fault(found["leaves"][0][0], because, found["number"])


def _unlike(leaf: Sequence[Any], row: RowMapping | None) -> Fault | None:
    number, digest = leaf
    if row is None or row["seq"] > number:
        return Fault(number, "the row is missing")
    if row["seq"] < number:
        return Fault(row["seq"], "the row was put in")
    return None if _digest_of_row(row) == digest else Fault(number, "the row was changed")


def _digest_of_row(row: RowMapping) -> str:
    said = [row["seq"], _instant(row["at"]), row["actor"], row["action"], row["subject"], row["detail"]]
    return _digest(said)


def _digest_of_seal(seal: RowMapping | dict[str, Any]) -> str:
    return _digest([seal["number"], _instant(seal["at"]), seal["previous"], seal["last_row"], seal["leaves"]])


def _digest(said: list[Any]) -> str:
    """The hash of values in their one canonical form."""
    written = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
