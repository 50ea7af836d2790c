"""The audit log on either ledger: a changed, removed or inserted row is named (A-24)."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from campaigns.core.tokens import Signer
from campaigns.operations.scheduler import Scheduler
from campaigns.people.accounts import audit_log
from campaigns.people.privacy import erasure, merging
from campaigns.store.admin import copy, schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit, audit_seals
from campaigns.store.people.audit_seals import BATCH_ROWS, MAX_WAIT, ChainVerification, Seal
from campaigns.store.people.people_tables import AUDIT, AUDIT_SEAL
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

NOW = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
SIGNER = Signer({1: b"1" * 32})
ROWS = BATCH_ROWS + 40
MIDDLE = BATCH_ROWS + 20


def write_rows(ledger: Ledger, number: int) -> None:
    with ledger.write() as connection:
        for index in range(number):
            audit.record(connection, NOW + timedelta(seconds=index), "aino", "look_up", f"member:{index}", {"why": "ö"})


def verify(ledger: Ledger, recorded_seal: Seal | None = None, signer: Signer = SIGNER) -> ChainVerification:
    with ledger.read() as connection:
        return audit_seals.verify(connection, signer, recorded_seal)


@pytest.fixture
def sealed_ledger(ledger: Ledger) -> Ledger:
    """A ledger with two seals, the second of them over few rows."""
    write_rows(ledger, ROWS)
    assert audit_seals.seal_all(ledger, SIGNER, NOW) == ROWS
    return ledger


def test_a24_untouched_log_verifies(sealed_ledger: Ledger) -> None:
    verification = verify(sealed_ledger)
    assert (verification.rows, verification.fault) == (ROWS, None)
    assert verification.last is not None
    assert verification.last.number == 2


def test_log_without_rows_verifies(ledger: Ledger) -> None:
    assert audit_seals.seal_all(ledger, SIGNER, NOW) == 0
    assert verify(ledger) == ChainVerification(0, None, None)


CHANGES = {
    "actor": {"actor": "somebody else"},
    "action": {"action": "approve"},
    "subject": {"subject": "member:other"},
    "reason": {"detail": {"why": "o"}},
    "time": {"at": NOW},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("row", [1, BATCH_ROWS, MIDDLE])
def test_a24_changed_row_is_named(sealed_ledger: Ledger, row: int, change: dict[str, object]) -> None:
    if row == 1 and "at" in change:
        change = {"at": NOW + timedelta(microseconds=1)}
    with sealed_ledger.write() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.seq == row).values(**change))
    fault = verify(sealed_ledger).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (row, "the row was changed")


@pytest.mark.parametrize("row", [1, BATCH_ROWS, MIDDLE, ROWS])
def test_a24_removed_row_is_named(sealed_ledger: Ledger, row: int) -> None:
    with sealed_ledger.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq == row))
    fault = verify(sealed_ledger).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (row, "the row is missing")


@pytest.mark.parametrize("row", [-5, 0])
def test_a24_inserted_row_is_named(sealed_ledger: Ledger, row: int) -> None:
    with sealed_ledger.write() as connection:
        insert_row(connection, row)
    fault = verify(sealed_ledger).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (row, "the row was put in")


def insert_row(connection: Connection, row: int) -> None:
    connection.execute(insert(AUDIT).values(seq=row, at=NOW, actor="x", action="x", subject="x", detail={}))


def test_a24_row_inserted_between_two_is_named(ledger: Ledger) -> None:
    write_rows(ledger, 3)
    with ledger.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq == 2))  # as a number that a rollback skipped
    audit_seals.seal_all(ledger, SIGNER, NOW)
    assert verify(ledger).fault is None
    with ledger.write() as connection:
        insert_row(connection, 2)
    fault = verify(ledger).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (2, "the row was put in")


def change_row_and_drop_seals(connection: Connection) -> None:
    """Change a row and delete all seals, as an intruder with write access but no key."""
    connection.execute(update(AUDIT).where(AUDIT.c.seq == 1).values(actor="somebody else"))
    connection.execute(delete(AUDIT_SEAL))


FORGERIES: dict[str, tuple[Callable[[Connection], object], str]] = {
    "leaf": (lambda c: c.execute(update(AUDIT_SEAL).values(leaves=[[1, "0"]])), "the seal was changed"),
    "first seal": (lambda c: c.execute(delete(AUDIT_SEAL).where(AUDIT_SEAL.c.number == 1)), "seal 1 is missing"),
    "time": (lambda c: c.execute(update(AUDIT_SEAL).values(at=NOW + MAX_WAIT)), "the seal was changed"),
}


@pytest.mark.parametrize(("forge", "reason"), FORGERIES.values(), ids=FORGERIES)
def test_a24_forged_seal_is_named(sealed_ledger: Ledger, forge: Callable[[Connection], object], reason: str) -> None:
    with sealed_ledger.write() as connection:
        forge(connection)
    fault = verify(sealed_ledger).fault
    assert fault is not None
    assert fault.reason == reason


def test_a24_changed_log_cannot_be_resealed_without_the_key(sealed_ledger: Ledger) -> None:
    with sealed_ledger.write() as connection:
        change_row_and_drop_seals(connection)
    audit_seals.seal_all(sealed_ledger, Signer({1: b"2" * 32}), NOW)
    fault = verify(sealed_ledger).fault
    assert fault is not None
    assert (fault.row, fault.seal, fault.reason) == (1, 1, "the seal was not made with our key")


def test_a24_recorded_seal_reveals_resealing_with_the_key(sealed_ledger: Ledger) -> None:
    recorded_seal = verify(sealed_ledger).last
    assert verify(sealed_ledger, recorded_seal).fault is None
    with sealed_ledger.write() as connection:
        change_row_and_drop_seals(connection)
    audit_seals.seal_all(sealed_ledger, SIGNER, NOW)
    assert verify(sealed_ledger).fault is None
    fault = verify(sealed_ledger, recorded_seal).fault
    assert fault is not None
    assert fault.reason == "the seal is not the one that was written down"


def test_a24_recorded_seal_reveals_a_truncated_log(sealed_ledger: Ledger) -> None:
    recorded_seal = verify(sealed_ledger).last
    with sealed_ledger.write() as connection:
        connection.execute(delete(AUDIT_SEAL).where(AUDIT_SEAL.c.number == 2))
        connection.execute(delete(AUDIT).where(AUDIT.c.seq > BATCH_ROWS))
    assert verify(sealed_ledger).fault is None
    fault = verify(sealed_ledger, recorded_seal).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (BATCH_ROWS + 1, "the log ends before the seal that was written down")


def test_a24_seals_of_an_older_key_verify_while_the_key_is_kept(sealed_ledger: Ledger) -> None:
    assert verify(sealed_ledger, signer=Signer({1: b"1" * 32, 2: b"2" * 32})).fault is None


def test_a24_concurrent_writers_and_sealers_make_one_chain(ledger: Ledger, address: str) -> None:
    failures: list[BaseException] = []

    def work(with_seals: bool) -> None:
        try:
            with closing(Ledger(address)) as own_ledger:
                for _ in range(15):
                    write_rows(own_ledger, 3)
                    if with_seals:
                        audit_seals.seal_all(own_ledger, SIGNER, NOW)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=work, args=(index % 2 == 0,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    audit_seals.seal_all(ledger, SIGNER, NOW)
    verification = verify(ledger)
    assert (verification.rows, verification.fault) == (6 * 15 * 3, None)


def test_scheduler_seals_rows_after_the_maximum_wait(workspace: SampleWorkspace) -> None:
    scheduler = Scheduler(workspace.engine)
    with workspace.engine.context.ledger.write() as connection:
        audit.record(connection, workspace.clock.time, "aino", "publish", "letter")
    scheduler.plan_due()
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(AUDIT_SEAL)).all() == []
    workspace.clock.time += MAX_WAIT
    scheduler.plan_due()
    verification = verify(workspace.engine.context.ledger, signer=workspace.engine.context.signer)
    assert (verification.rows, verification.fault) == (1, None)


def test_command_line_look_up_is_sealed_before_its_answer(workspace: SampleWorkspace) -> None:
    audit_log.note_look_up(workspace.engine.context, MEMBERS[0], "member show")
    audit_log.note_access(workspace.engine.context, "list_requests", "requests")
    verification = verify(workspace.engine.context.ledger, signer=workspace.engine.context.signer)
    assert (verification.rows, verification.fault) == (2, None)


def test_gd12_erasure_keeps_the_chain_and_the_log_names_no_member(workspace: SampleWorkspace) -> None:
    merging.merge(workspace.engine.context, "m06", "m05", approved=True)
    audit_seals.seal_all(workspace.engine.context.ledger, workspace.engine.context.signer, NOW)
    erasure.erase(workspace.engine.context, "m05", despite_wait=True)
    audit_seals.seal_all(workspace.engine.context.ledger, workspace.engine.context.signer, NOW)
    assert verify(workspace.engine.context.ledger, signer=workspace.engine.context.signer).fault is None
    with workspace.engine.context.ledger.read() as connection:
        rows = [tuple(row) for row in connection.execute(select(AUDIT))]
    assert [row for row in rows if "m05" in str(row[1:]) or "m06" in str(row[1:])] == []


def test_copied_ledger_continues_the_chain(sealed_ledger: Ledger, tmp_path) -> None:
    with closing(Ledger.from_path(tmp_path / "copy.sqlite")) as target:
        schema.prepare(target)
        with sealed_ledger.read() as source, target.write() as destination:
            copy.copy_rows(source, destination, lambda _rows: None)
        write_rows(target, 3)
        assert audit_seals.seal_all(target, SIGNER, NOW) == 3
        verification = verify(target)
        assert (verification.rows, verification.fault) == (ROWS + 3, None)
