"""The record in the ledger: appended once, projected at once, and the projection is its fold."""

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
from tests.support.import_target import ImportTarget
from tests.support.random_choices import RECORDS, START

YES = ConsentEntry("m1", "email_own", True, START, ConsentSource.WEB, wording="2017-1", language="fi", agent="desk 7")


def test_an_entry_is_kept_with_what_was_shown(place: ImportTarget) -> None:
    with place.ledger.write() as connection:
        assert record_choices(connection, [YES]) == 1
        assert entries_of(connection, ["m1"]) == {"m1": [YES]}
        assert consent_state_of(connection, "m1") == ConsentState(frozenset({Choice.EMAIL_OWN}))


def test_the_same_entry_twice_is_one(place: ImportTarget) -> None:
    reworded = ConsentEntry("m1", "email_own", True, START, ConsentSource.WEB)
    with place.ledger.write() as connection:
        assert record_choices(connection, [YES, reworded]) == 1
        assert record_choices(connection, [YES]) == 0
        assert entries_of(connection, ["m1"])["m1"] == [YES]


def test_a_withdrawal_is_projected_in_the_same_transaction(place: ImportTarget) -> None:
    no = ConsentEntry("m1", "email_own", False, START + timedelta(days=1), ConsentSource.ONE_CLICK)
    with place.ledger.write() as connection:
        record_choices(connection, [YES])
    with place.ledger.write() as connection:
        record_choices(connection, [no])
        assert consent_state_of(connection, "m1") == ConsentState(withdrawn=frozenset({"email_own"}))


def test_a_rolled_back_append_leaves_no_projection(place: ImportTarget) -> None:
    with pytest.raises(IntegrityError):
        _append_then_fail(place)
    with place.ledger.read() as connection:
        assert consent_state_of(connection, "m1") == ConsentState()
        assert entries_of(connection, ["m1"]) == {}


def _append_then_fail(place: ImportTarget) -> None:
    with place.ledger.write() as connection:
        record_choices(connection, [YES])
        connection.execute(text("INSERT INTO contact (member_id) VALUES ('m1')"))  # lacks what a contact needs


def test_a_changed_projection_has_a_later_sequence_number(place: ImportTarget) -> None:
    with place.ledger.write() as connection:
        record_choices(connection, [YES, ConsentEntry("m2", "email_own", True, START, ConsentSource.WEB)])
        record_choices(connection, [ConsentEntry("m2", "tracking", True, START, ConsentSource.WEB)])
    assert place.ledger_rows("SELECT member_id FROM choices WHERE seq > 2") == [("m2",)]


@settings(max_examples=20, deadline=None)
@given(st.lists(RECORDS, max_size=4))
def test_c01_the_projection_is_the_fold_of_the_record(batches: list[list[ConsentEntry]]) -> None:
    with TemporaryDirectory() as folder:
        ledger = Ledger.from_path(Path(folder) / "ledger.sqlite")
        SQLModel.metadata.create_all(ledger.engine)
        with ledger.write() as connection:
            new = sum(record_choices(connection, batch) for batch in batches)
            stored = consent_state_of(connection, "m")
            held = entries_of(connection, ["m"]).get("m", [])
        said = [entry for batch in batches for entry in batch]
        assert new == len(held) == len({entry.identity for entry in said})
        assert stored == reduce_entries(said)
        ledger.close()
