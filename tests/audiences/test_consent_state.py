"""Laws of the consent fold: order, repetition, renewed permission, and merging."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.consent.consent_state import (
    ConsentEntry,
    ConsentSource,
    ConsentState,
    is_permission,
    merge_entries,
    reduce_entries,
)
from campaigns.core.model.enums import Choice
from tests.support.random_choices import CHOICES, ENTRIES, RECORDS, START

OWN_ACTS = (ConsentSource.WEB, ConsentSource.DESK, ConsentSource.PHONE)


def _allowed(state: ConsentState) -> set[str]:
    """Return the choices that a consent state allows."""
    on = {*state.on, *(f"newsletter:{name}" for name in state.newsletters)}
    return {choice for choice in CHOICES if (choice in on) is is_permission(choice)}


@given(RECORDS, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(record: list[ConsentEntry], random: Any) -> None:
    shuffled = list(record)
    random.shuffle(shuffled)
    assert reduce_entries(shuffled) == reduce_entries(record)


@given(RECORDS)
def test_repeated_entries_change_nothing(record: list[ConsentEntry]) -> None:
    assert reduce_entries(record + record) == reduce_entries(record)


@given(RECORDS, ENTRIES)
def test_opt_out_entry_never_allows_more(record: list[ConsentEntry], entry: ConsentEntry) -> None:
    if not entry.is_opt_in:
        assert _allowed(reduce_entries([*record, entry])) <= _allowed(reduce_entries(record))


@given(RECORDS, ENTRIES)
def test_entry_affects_only_its_own_choice(record: list[ConsentEntry], entry: ConsentEntry) -> None:
    other_choices = {choice for choice in CHOICES if choice != entry.choice}
    assert (
        _allowed(reduce_entries([*record, entry])) & other_choices == _allowed(reduce_entries(record)) & other_choices
    )


@given(RECORDS, ENTRIES)
def test_c12_permission_returns_only_by_the_members_own_act(record: list[ConsentEntry], entry: ConsentEntry) -> None:
    closed_before = any(earlier.choice == entry.choice and not earlier.is_opt_in for earlier in record)
    gained = _allowed(reduce_entries([*record, entry])) - _allowed(reduce_entries(record))
    if gained and closed_before:
        assert entry.source in OWN_ACTS
        assert all(
            earlier.at < entry.at for earlier in record if earlier.choice == entry.choice and not earlier.is_opt_in
        )


@given(RECORDS)
def test_tw06_entries_of_other_sources_never_allow(record: list[ConsentEntry]) -> None:
    entries_of_others = [entry for entry in record if entry.source not in {*OWN_ACTS, ConsentSource.IMPORT}]
    assert _allowed(reduce_entries(entries_of_others)) <= _allowed(ConsentState())


@given(RECORDS, RECORDS)
def test_c12_refusal_in_either_record_survives_a_merge(record: list[ConsentEntry], other: list[ConsentEntry]) -> None:
    after = _allowed(reduce_entries([*record, *merge_entries("m", record, other, START + timedelta(days=30))]))
    assert not after & (_refused(record) | _refused(other))


def _refused(record: list[ConsentEntry]) -> set[str]:
    return {entry.choice for entry in record if not entry.is_opt_in} - _allowed(reduce_entries(record))


@given(RECORDS, RECORDS)
def test_merge_keeps_permissions_that_neither_record_refused(
    record: list[ConsentEntry], other: list[ConsentEntry]
) -> None:
    after = _allowed(reduce_entries([*record, *merge_entries("m", record, other, START + timedelta(days=30))]))
    assert _allowed(reduce_entries(record)) - _refused(other) <= after


@given(RECORDS, RECORDS)
def test_merge_is_symmetric(record: list[ConsentEntry], other: list[ConsentEntry]) -> None:
    now = START + timedelta(days=30)
    one = reduce_entries([*record, *merge_entries("m", record, other, now)])
    two = reduce_entries([*other, *merge_entries("m", other, record, now)])
    assert one == two


def test_merge_copies_entries_under_the_remaining_id() -> None:
    other = [ConsentEntry("gone", "email_own", True, START, ConsentSource.WEB)]
    assert merge_entries("kept", [], other, START) == [
        ConsentEntry("kept", "email_own", True, START, ConsentSource.WEB)
    ]


def test_member_without_entries_has_the_default_state() -> None:
    assert reduce_entries([]) == ConsentState()


HISTORIES = [
    ("an opt-in", [(True, 1, ConsentSource.IMPORT)], True),
    ("an older opt-in after a withdrawal", [(False, 2, ConsentSource.WEB), (True, 1, ConsentSource.WEB)], False),
    ("a later import after a withdrawal", [(False, 1, ConsentSource.WEB), (True, 2, ConsentSource.IMPORT)], False),
    ("a later opt-in of the member", [(False, 1, ConsentSource.ONE_CLICK), (True, 2, ConsentSource.DESK)], True),
    ("opt-in and opt-out at once", [(True, 1, ConsentSource.WEB), (False, 1, ConsentSource.IMPORT)], False),
    ("START by SMS", [(True, 1, ConsentSource.SMS)], False),
    ("a provider's resubscribe", [(True, 1, ConsentSource.PROVIDER)], False),
    ("a complaint after an opt-in", [(True, 1, ConsentSource.WEB), (False, 2, ConsentSource.COMPLAINT)], False),
]


@pytest.mark.parametrize(("history", "allowed"), [row[1:] for row in HISTORIES], ids=[row[0] for row in HISTORIES])
def test_history_decides_email_marketing(history: list[tuple[bool, int, ConsentSource]], allowed: bool) -> None:
    entries = [ConsentEntry("m", "email_own", on, START + timedelta(days=day), source) for on, day, source in history]
    assert (Choice.EMAIL_OWN in reduce_entries(entries).on) is allowed


def test_objection_is_lifted_only_by_the_member() -> None:
    objection = ConsentEntry("m", "no_marketing", True, START, ConsentSource.WEB)
    later = START + timedelta(days=1)
    assert reduce_entries([objection, ConsentEntry("m", "no_marketing", False, later, ConsentSource.IMPORT)]).on == {
        Choice.NO_MARKETING
    }
    assert reduce_entries([objection, ConsentEntry("m", "no_marketing", False, later, ConsentSource.PHONE)]).on == set()


def test_withdrawn_choice_was_once_allowed() -> None:
    opt_in = ConsentEntry("m", "newsletter:food", True, START, ConsentSource.IMPORT)
    opt_out = ConsentEntry("m", "newsletter:food", False, START + timedelta(days=1), ConsentSource.ONE_CLICK)
    assert reduce_entries([opt_in, opt_out]).withdrawn == {"newsletter:food"}
    assert reduce_entries([opt_out]).withdrawn == set()
    second_opt_in = ConsentEntry("m", "newsletter:food", True, START + timedelta(days=2), ConsentSource.WEB)
    assert reduce_entries([opt_in, opt_out, second_opt_in]).withdrawn == set()
