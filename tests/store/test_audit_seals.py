"""The audit log on either ledger: whoever changes, removes or puts in a row is found at that row (A-24)."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from campaigns.core.tokens import Signer
from campaigns.operations.scheduler import Scheduler
from campaigns.people.accounts import audit_log
from campaigns.people.privacy import erasure
from campaigns.store.admin import copy, schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit, audit_seals
from campaigns.store.people.audit_seals import BATCH_ROWS, MAX_WAIT, ChainVerification, Seal
from campaigns.store.runs.run_tables import AUDIT, AUDIT_SEAL
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

NOW = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
OURS = Signer({1: b"1" * 32})
ROWS = BATCH_ROWS + 40
MIDDLE = BATCH_ROWS + 20


def write(ledger: Ledger, number: int) -> None:
    with ledger.write() as connection:
        for each in range(number):
            audit.record(connection, NOW + timedelta(seconds=each), "aino", "look_up", f"member:{each}", {"why": "ö"})


def verdict(ledger: Ledger, kept: Seal | None = None, signer: Signer = OURS) -> ChainVerification:
    with ledger.read() as connection:
        return audit_seals.verify(connection, signer, kept)


@pytest.fixture
def sealed(ledger: Ledger) -> Ledger:
    """A ledger with two seals, the second of them over few rows."""
    write(ledger, ROWS)
    assert audit_seals.seal_all(ledger, OURS, NOW) == ROWS
    return ledger


def test_a24_a_log_that_nobody_touched_fits(sealed: Ledger) -> None:
    found = verdict(sealed)
    assert (found.rows, found.fault) == (ROWS, None)
    assert found.last is not None
    assert found.last.number == 2


def test_a_log_without_rows_fits(ledger: Ledger) -> None:
    assert audit_seals.seal_all(ledger, OURS, NOW) == 0
    assert verdict(ledger) == ChainVerification(0, None, None)


CHANGES = {
    "actor": {"actor": "somebody else"},
    "action": {"action": "approve"},
    "subject": {"subject": "member:other"},
    "reason": {"detail": {"why": "o"}},
    "moment": {"at": NOW},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("row", [1, BATCH_ROWS, MIDDLE])
def test_a24_a_row_that_was_changed_is_named(sealed: Ledger, row: int, change: dict[str, object]) -> None:
    if row == 1 and "at" in change:
        change = {"at": NOW + timedelta(microseconds=1)}
    with sealed.write() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.seq == row).values(**change))
    fault = verdict(sealed).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (row, "the row was changed")


@pytest.mark.parametrize("row", [1, BATCH_ROWS, MIDDLE, ROWS])
def test_a24_a_row_that_was_removed_is_named(sealed: Ledger, row: int) -> None:
    with sealed.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq == row))
    fault = verdict(sealed).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (row, "the row is missing")


@pytest.mark.parametrize("row", [-5, 0])
def test_a24_a_row_that_was_put_in_is_named(sealed: Ledger, row: int) -> None:
    with sealed.write() as connection:
        insert_row(connection, row)
    fault = verdict(sealed).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (row, "the row was put in")


def insert_row(connection: Connection, row: int) -> None:
    connection.execute(insert(AUDIT).values(seq=row, at=NOW, actor="x", action="x", subject="x", detail={}))


def test_a24_a_row_that_was_put_in_between_two_is_named(ledger: Ledger) -> None:
    write(ledger, 3)
    with ledger.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.seq == 2))  # as a number that a rollback skipped
    audit_seals.seal_all(ledger, OURS, NOW)
    assert verdict(ledger).fault is None
    with ledger.write() as connection:
        insert_row(connection, 2)
    fault = verdict(ledger).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (2, "the row was put in")


def seal_anew(connection: Connection) -> None:
    """What somebody does who can write everything but has no key: change a row, and its seals to match."""
    connection.execute(update(AUDIT).where(AUDIT.c.seq == 1).values(actor="somebody else"))
    connection.execute(delete(AUDIT_SEAL))


FORGERIES: dict[str, tuple[Callable[[Connection], object], str]] = {
    "a leaf": (lambda c: c.execute(update(AUDIT_SEAL).values(leaves=[[1, "0"]])), "the seal was changed"),
    "the first seal": (lambda c: c.execute(delete(AUDIT_SEAL).where(AUDIT_SEAL.c.number == 1)), "seal 1 is missing"),
    "its moment": (lambda c: c.execute(update(AUDIT_SEAL).values(at=NOW + MAX_WAIT)), "the seal was changed"),
}


@pytest.mark.parametrize(("forge", "because"), FORGERIES.values(), ids=FORGERIES)
def test_a24_a_seal_that_was_forged_is_named(
    sealed: Ledger, forge: Callable[[Connection], object], because: str
) -> None:
    with sealed.write() as connection:
        forge(connection)
    fault = verdict(sealed).fault
    assert fault is not None
    assert fault.reason == because


def test_a24_who_has_no_key_cannot_seal_anew_what_they_changed(sealed: Ledger) -> None:
    with sealed.write() as connection:
        seal_anew(connection)
    audit_seals.seal_all(sealed, Signer({1: b"2" * 32}), NOW)
    fault = verdict(sealed).fault
    assert fault is not None
    assert (fault.row, fault.seal, fault.reason) == (1, 1, "the seal was not made with our key")


def test_a24_a_seal_that_was_written_down_shows_what_even_the_keys_owner_did(sealed: Ledger) -> None:
    kept = verdict(sealed).last
    assert verdict(sealed, kept).fault is None
    with sealed.write() as connection:
        seal_anew(connection)
    audit_seals.seal_all(sealed, OURS, NOW)
    assert verdict(sealed).fault is None
    fault = verdict(sealed, kept).fault
    assert fault is not None
    assert fault.reason == "the seal is not the one that was written down"


def test_a24_a_log_that_was_cut_short_shows_by_a_seal_that_was_written_down(sealed: Ledger) -> None:
    kept = verdict(sealed).last
    with sealed.write() as connection:
        connection.execute(delete(AUDIT_SEAL).where(AUDIT_SEAL.c.number == 2))
        connection.execute(delete(AUDIT).where(AUDIT.c.seq > BATCH_ROWS))
    assert verdict(sealed).fault is None
    fault = verdict(sealed, kept).fault
    assert fault is not None
    assert (fault.row, fault.reason) == (BATCH_ROWS + 1, "the log ends before the seal that was written down")


def test_a24_seals_of_an_older_key_are_good_while_the_key_is_kept(sealed: Ledger) -> None:
    assert verdict(sealed, signer=Signer({1: b"1" * 32, 2: b"2" * 32})).fault is None


def test_a24_writers_and_sealers_at_once_make_one_chain(ledger: Ledger, address: str) -> None:
    failures: list[BaseException] = []

    def work(seals_too: bool) -> None:
        try:
            with closing(Ledger(address)) as mine:
                for _ in range(15):
                    write(mine, 3)
                    if seals_too:
                        audit_seals.seal_all(mine, OURS, NOW)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=work, args=(place % 2 == 0,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    audit_seals.seal_all(ledger, OURS, NOW)
    found = verdict(ledger)
    assert (found.rows, found.fault) == (6 * 15 * 3, None)


def test_the_server_seals_what_has_gathered_for_a_while(workspace: SampleWorkspace) -> None:
    rounds = Scheduler(workspace.engine)
    with workspace.engine.context.ledger.write() as connection:
        audit.record(connection, workspace.clock.time, "aino", "publish", "letter")
    rounds.plan_due()
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(AUDIT_SEAL)).all() == []
    workspace.clock.time += MAX_WAIT
    rounds.plan_due()
    found = verdict(workspace.engine.context.ledger, signer=workspace.engine.context.signer)
    assert (found.rows, found.fault) == (1, None)


def test_a_look_from_the_command_line_is_sealed_before_its_answer(workspace: SampleWorkspace) -> None:
    audit_log.note_look_up(workspace.engine.context, MEMBERS[0], "member show")
    audit_log.note_access(workspace.engine.context, "list_requests", "requests")
    found = verdict(workspace.engine.context.ledger, signer=workspace.engine.context.signer)
    assert (found.rows, found.fault) == (2, None)


def test_gd12_an_erasure_breaks_nothing_and_the_log_names_nobody(workspace: SampleWorkspace) -> None:
    erasure.merge(workspace.engine.context, "m06", "m05")
    audit_seals.seal_all(workspace.engine.context.ledger, workspace.engine.context.signer, NOW)
    erasure.erase(workspace.engine.context, "m05")
    audit_seals.seal_all(workspace.engine.context.ledger, workspace.engine.context.signer, NOW)
    assert verdict(workspace.engine.context.ledger, signer=workspace.engine.context.signer).fault is None
    with workspace.engine.context.ledger.read() as connection:
        rows = [tuple(row) for row in connection.execute(select(AUDIT))]
    assert [row for row in rows if "m05" in str(row[1:]) or "m06" in str(row[1:])] == []


def test_a_copied_ledger_carries_the_chain_on(sealed: Ledger, tmp_path) -> None:
    with closing(Ledger.from_path(tmp_path / "copy.sqlite")) as target:
        schema.prepare(target)
        with sealed.read() as leaving, target.write() as arriving:
            copy.copy_rows(leaving, arriving, lambda _rows: None)
        write(target, 3)
        assert audit_seals.seal_all(target, OURS, NOW) == 3
        found = verdict(target)
        assert (found.rows, found.fault) == (ROWS + 3, None)
