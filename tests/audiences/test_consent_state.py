"""The laws of the fold: order, repetition, who may bring a permission back, and merging."""

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


def _allowed(stance: ConsentState) -> set[str]:
    """What the stance leaves allowed, named as choices."""
    said = {*stance.on, *(f"newsletter:{name}" for name in stance.newsletters)}
    return {choice for choice in CHOICES if (choice in said) is is_permission(choice)}


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(record: list[ConsentEntry], random: Any) -> None:
    shuffled = list(record)
    random.shuffle(shuffled)
    assert reduce_entries(shuffled) == reduce_entries(record)


@given(RECORDS)
def test_saying_the_same_again_changes_nothing(record: list[ConsentEntry]) -> None:
    assert reduce_entries(record + record) == reduce_entries(record)


@given(RECORDS, ENTRIES)
def test_an_entry_that_closes_never_allows_anything_more(record: list[ConsentEntry], entry: ConsentEntry) -> None:
    if not entry.is_opt_in:
        assert _allowed(reduce_entries([*record, entry])) <= _allowed(reduce_entries(record))


@given(RECORDS, ENTRIES)
def test_an_entry_speaks_of_its_own_choice_only(record: list[ConsentEntry], entry: ConsentEntry) -> None:
    others = {choice for choice in CHOICES if choice != entry.choice}
    assert _allowed(reduce_entries([*record, entry])) & others == _allowed(reduce_entries(record)) & others


@given(RECORDS, ENTRIES)
def test_c12_only_the_member_brings_a_permission_back(record: list[ConsentEntry], entry: ConsentEntry) -> None:
    closed_before = any(said.choice == entry.choice and not said.is_opt_in for said in record)
    gained = _allowed(reduce_entries([*record, entry])) - _allowed(reduce_entries(record))
    if gained and closed_before:
        assert entry.source in OWN_ACTS
        assert all(said.at < entry.at for said in record if said.choice == entry.choice and not said.is_opt_in)


@given(RECORDS)
def test_tw06_what_others_say_for_the_member_never_allows(record: list[ConsentEntry]) -> None:
    nobodys_word = [entry for entry in record if entry.source not in {*OWN_ACTS, ConsentSource.IMPORT}]
    assert _allowed(reduce_entries(nobodys_word)) <= _allowed(ConsentState())


@given(RECORDS, RECORDS)
def test_c12_what_was_refused_in_either_record_is_refused_after_a_merge(
    record: list[ConsentEntry], other: list[ConsentEntry]
) -> None:
    after = _allowed(reduce_entries([*record, *merge_entries("m", record, other, START + timedelta(days=30))]))
    assert not after & (_refused(record) | _refused(other))


def _refused(record: list[ConsentEntry]) -> set[str]:
    return {entry.choice for entry in record if not entry.is_opt_in} - _allowed(reduce_entries(record))


@given(RECORDS, RECORDS)
def test_a_merge_forgets_no_permission_that_neither_record_refused(
    record: list[ConsentEntry], other: list[ConsentEntry]
) -> None:
    after = _allowed(reduce_entries([*record, *merge_entries("m", record, other, START + timedelta(days=30))]))
    assert _allowed(reduce_entries(record)) - _refused(other) <= after


@given(RECORDS, RECORDS)
def test_a_merge_is_the_same_from_either_side(record: list[ConsentEntry], other: list[ConsentEntry]) -> None:
    now = START + timedelta(days=30)
    one = reduce_entries([*record, *merge_entries("m", record, other, now)])
    two = reduce_entries([*other, *merge_entries("m", other, record, now)])
    assert one == two


def test_a_merge_takes_the_others_entries_under_the_members_id() -> None:
    other = [ConsentEntry("gone", "email_own", True, START, ConsentSource.WEB)]
    assert merge_entries("kept", [], other, START) == [
        ConsentEntry("kept", "email_own", True, START, ConsentSource.WEB)
    ]


def test_a_member_who_said_nothing_allows_what_needs_no_yes() -> None:
    assert reduce_entries([]) == ConsentState()


HISTORIES = [
    ("a yes", [(True, 1, ConsentSource.IMPORT)], True),
    ("an older yes after a withdrawal", [(False, 2, ConsentSource.WEB), (True, 1, ConsentSource.WEB)], False),
    ("a later import after a withdrawal", [(False, 1, ConsentSource.WEB), (True, 2, ConsentSource.IMPORT)], False),
    ("a later yes of the member", [(False, 1, ConsentSource.ONE_CLICK), (True, 2, ConsentSource.DESK)], True),
    ("yes and no at once", [(True, 1, ConsentSource.WEB), (False, 1, ConsentSource.IMPORT)], False),
    ("START by SMS", [(True, 1, ConsentSource.SMS)], False),
    ("a provider's resubscribe", [(True, 1, ConsentSource.PROVIDER)], False),
    ("a complaint after a yes", [(True, 1, ConsentSource.WEB), (False, 2, ConsentSource.COMPLAINT)], False),
]


@pytest.mark.parametrize(("said", "allowed"), [history[1:] for history in HISTORIES], ids=[h[0] for h in HISTORIES])
def test_a_history_of_email_marketing(said: list[tuple[bool, int, ConsentSource]], allowed: bool) -> None:
    entries = [ConsentEntry("m", "email_own", on, START + timedelta(days=day), source) for on, day, source in said]
    assert (Choice.EMAIL_OWN in reduce_entries(entries).on) is allowed


def test_an_objection_is_lifted_by_the_member_only() -> None:
    made = ConsentEntry("m", "no_marketing", True, START, ConsentSource.WEB)
    later = START + timedelta(days=1)
    assert reduce_entries([made, ConsentEntry("m", "no_marketing", False, later, ConsentSource.IMPORT)]).on == {
        Choice.NO_MARKETING
    }
    assert reduce_entries([made, ConsentEntry("m", "no_marketing", False, later, ConsentSource.PHONE)]).on == set()


def test_withdrawn_is_what_was_once_allowed() -> None:
    yes = ConsentEntry("m", "newsletter:food", True, START, ConsentSource.IMPORT)
    no = ConsentEntry("m", "newsletter:food", False, START + timedelta(days=1), ConsentSource.ONE_CLICK)
    assert reduce_entries([yes, no]).withdrawn == {"newsletter:food"}
    assert reduce_entries([no]).withdrawn == set()
    again = ConsentEntry("m", "newsletter:food", True, START + timedelta(days=2), ConsentSource.WEB)
    assert reduce_entries([yes, no, again]).withdrawn == set()
