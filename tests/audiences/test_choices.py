"""The record of choices in the ledger: appended once, projected in the same transaction as its fold."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from audiences.consent.choices import consent_state_of, entries_of, record_choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState, reduce_entries
from campaigns.core.model.enums import Choice
from campaigns.store.ledger.connection import Ledger
from tests.support.examples import examples
from tests.support.import_target import ImportTarget
from tests.support.random_choices import RECORDS, START

OPT_IN = ConsentEntry(
    "m1", "email_own", True, START, ConsentSource.WEB, wording="2017-1", language="fi", agent="desk 7"
)


def test_entry_is_stored_with_its_text_version_language_and_agent(target: ImportTarget) -> None:
    with target.ledger.write() as connection:
        assert record_choices(connection, [OPT_IN]) == 1
        assert entries_of(connection, ["m1"]) == {"m1": [OPT_IN]}
        assert consent_state_of(connection, "m1") == ConsentState(frozenset({Choice.EMAIL_OWN}))


def test_repeated_entry_is_stored_once(target: ImportTarget) -> None:
    reworded = ConsentEntry("m1", "email_own", True, START, ConsentSource.WEB)
    with target.ledger.write() as connection:
        assert record_choices(connection, [OPT_IN, reworded]) == 1
        assert record_choices(connection, [OPT_IN]) == 0
        assert entries_of(connection, ["m1"])["m1"] == [OPT_IN]


def test_withdrawal_is_projected_in_the_same_transaction(target: ImportTarget) -> None:
    withdrawal = ConsentEntry("m1", "email_own", False, START + timedelta(days=1), ConsentSource.ONE_CLICK)
    with target.ledger.write() as connection:
        record_choices(connection, [OPT_IN])
    with target.ledger.write() as connection:
        record_choices(connection, [withdrawal])
        assert consent_state_of(connection, "m1") == ConsentState(withdrawn=frozenset({"email_own"}))


def test_rolled_back_append_leaves_no_projection(target: ImportTarget) -> None:
    with pytest.raises(IntegrityError):
        _append_then_fail(target)
    with target.ledger.read() as connection:
        assert consent_state_of(connection, "m1") == ConsentState()
        assert entries_of(connection, ["m1"]) == {}


def _append_then_fail(target: ImportTarget) -> None:
    with target.ledger.write() as connection:
        record_choices(connection, [OPT_IN])
        connection.execute(text("INSERT INTO contact (member_id) VALUES ('m1')"))  # lacks required columns


def test_changed_projection_has_a_later_sequence_number(target: ImportTarget) -> None:
    with target.ledger.write() as connection:
        record_choices(connection, [OPT_IN, ConsentEntry("m2", "email_own", True, START, ConsentSource.WEB)])
        record_choices(connection, [ConsentEntry("m2", "tracking", True, START, ConsentSource.WEB)])
    assert target.ledger_rows("SELECT member_id FROM choices WHERE seq > 2") == [("m2",)]


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(RECORDS, max_size=4))
def test_c01_projection_is_the_fold_of_the_record(batches: list[list[ConsentEntry]]) -> None:
    with TemporaryDirectory() as folder:
        ledger = Ledger.from_path(Path(folder) / "ledger.sqlite")
        SQLModel.metadata.create_all(ledger.engine)
        with ledger.write() as connection:
            new_count = sum(record_choices(connection, batch) for batch in batches)
            stored = consent_state_of(connection, "m")
            stored_entries = entries_of(connection, ["m"]).get("m", [])
        record = [entry for batch in batches for entry in batch]
        assert new_count == len(stored_entries) == len({entry.identity for entry in record})
        assert stored == reduce_entries(record)
        ledger.close()
