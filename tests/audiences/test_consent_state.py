"""The laws of the fold: order, repetition, who may bring a permission back, and merging."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiences.consent.consent_state import Entry, Source, Stance, fold, merged, permits
from campaigns.core.model.enums import Choice
from tests.support.random_choices import CHOICES, ENTRIES, RECORDS, START

OWN_ACTS = (Source.WEB, Source.DESK, Source.PHONE)


def _allowed(stance: Stance) -> set[str]:
    """What the stance leaves allowed, named as choices."""
    said = {*stance.on, *(f"newsletter:{name}" for name in stance.newsletters)}
    return {choice for choice in CHOICES if (choice in said) is permits(choice)}


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(record: list[Entry], random: Any) -> None:
    shuffled = list(record)
    random.shuffle(shuffled)
    assert fold(shuffled) == fold(record)


@given(RECORDS)
def test_saying_the_same_again_changes_nothing(record: list[Entry]) -> None:
    assert fold(record + record) == fold(record)


@given(RECORDS, ENTRIES)
def test_an_entry_that_closes_never_allows_anything_more(record: list[Entry], entry: Entry) -> None:
    if not entry.opens:
        assert _allowed(fold([*record, entry])) <= _allowed(fold(record))


@given(RECORDS, ENTRIES)
def test_an_entry_speaks_of_its_own_choice_only(record: list[Entry], entry: Entry) -> None:
    others = {choice for choice in CHOICES if choice != entry.choice}
    assert _allowed(fold([*record, entry])) & others == _allowed(fold(record)) & others


@given(RECORDS, ENTRIES)
def test_c12_only_the_member_brings_a_permission_back(record: list[Entry], entry: Entry) -> None:
    closed_before = any(said.choice == entry.choice and not said.opens for said in record)
    gained = _allowed(fold([*record, entry])) - _allowed(fold(record))
    if gained and closed_before:
        assert entry.source in OWN_ACTS
        assert all(said.at < entry.at for said in record if said.choice == entry.choice and not said.opens)


@given(RECORDS)
def test_tw06_what_others_say_for_the_member_never_allows(record: list[Entry]) -> None:
    nobodys_word = [entry for entry in record if entry.source not in {*OWN_ACTS, Source.IMPORT}]
    assert _allowed(fold(nobodys_word)) <= _allowed(Stance())


@given(RECORDS, RECORDS)
def test_c12_what_was_refused_in_either_record_is_refused_after_a_merge(
    record: list[Entry], other: list[Entry]
) -> None:
    after = _allowed(fold([*record, *merged("m", record, other, START + timedelta(days=30))]))
    assert not after & (_refused(record) | _refused(other))


def _refused(record: list[Entry]) -> set[str]:
    return {entry.choice for entry in record if not entry.opens} - _allowed(fold(record))


@given(RECORDS, RECORDS)
def test_a_merge_forgets_no_permission_that_neither_record_refused(record: list[Entry], other: list[Entry]) -> None:
    after = _allowed(fold([*record, *merged("m", record, other, START + timedelta(days=30))]))
    assert _allowed(fold(record)) - _refused(other) <= after


@given(RECORDS, RECORDS)
def test_a_merge_is_the_same_from_either_side(record: list[Entry], other: list[Entry]) -> None:
    now = START + timedelta(days=30)
    one = fold([*record, *merged("m", record, other, now)])
    two = fold([*other, *merged("m", other, record, now)])
    assert one == two


def test_a_merge_takes_the_others_entries_under_the_members_id() -> None:
    other = [Entry("gone", "email_own", True, START, Source.WEB)]
    assert merged("kept", [], other, START) == [Entry("kept", "email_own", True, START, Source.WEB)]


def test_a_member_who_said_nothing_allows_what_needs_no_yes() -> None:
    assert fold([]) == Stance()


HISTORIES = [
    ("a yes", [(True, 1, Source.IMPORT)], True),
    ("an older yes after a withdrawal", [(False, 2, Source.WEB), (True, 1, Source.WEB)], False),
    ("a later import after a withdrawal", [(False, 1, Source.WEB), (True, 2, Source.IMPORT)], False),
    ("a later yes of the member", [(False, 1, Source.ONE_CLICK), (True, 2, Source.DESK)], True),
    ("yes and no at once", [(True, 1, Source.WEB), (False, 1, Source.IMPORT)], False),
    ("START by SMS", [(True, 1, Source.SMS)], False),
    ("a provider's resubscribe", [(True, 1, Source.PROVIDER)], False),
    ("a complaint after a yes", [(True, 1, Source.WEB), (False, 2, Source.COMPLAINT)], False),
]


@pytest.mark.parametrize(("said", "allowed"), [history[1:] for history in HISTORIES], ids=[h[0] for h in HISTORIES])
def test_a_history_of_email_marketing(said: list[tuple[bool, int, Source]], allowed: bool) -> None:
    entries = [Entry("m", "email_own", on, START + timedelta(days=day), source) for on, day, source in said]
    assert (Choice.EMAIL_OWN in fold(entries).on) is allowed


def test_an_objection_is_lifted_by_the_member_only() -> None:
    made = Entry("m", "no_marketing", True, START, Source.WEB)
    later = START + timedelta(days=1)
    assert fold([made, Entry("m", "no_marketing", False, later, Source.IMPORT)]).on == {Choice.NO_MARKETING}
    assert fold([made, Entry("m", "no_marketing", False, later, Source.PHONE)]).on == set()


def test_withdrawn_is_what_was_once_allowed() -> None:
    yes = Entry("m", "newsletter:food", True, START, Source.IMPORT)
    no = Entry("m", "newsletter:food", False, START + timedelta(days=1), Source.ONE_CLICK)
    assert fold([yes, no]).withdrawn == {"newsletter:food"}
    assert fold([no]).withdrawn == set()
    again = Entry("m", "newsletter:food", True, START + timedelta(days=2), Source.WEB)
    assert fold([yes, no, again]).withdrawn == set()
