"""Holdout units: numbers stay, units only grow, and the address of a reception desk does not join a town."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select
from sqlmodel import SQLModel

from audiences.people.holdout_units import MAX_UNIT_SIZE, rebuild_units
from audiences.tables import CONTACT, FORMER_HOLDOUT_UNIT, HOLDOUT_UNIT
from audiences.warehouse.warehouse import Warehouse
from campaigns.store.ledger.connection import Ledger
from tests.support.examples import examples
from tests.support.import_target import CATALOGUE, NOW, ImportTarget

SharedFields = Mapping[str, str | None]
NO_FIELDS: Final[SharedFields] = {"household_id": None, "email": None, "phone": None, "address_key": None}


def _replace_contacts(ledger: Ledger, members: Mapping[str, SharedFields]) -> None:
    """Make these members the only contacts."""
    rows = [
        {"member_id": member, "register": "owners", "language": "fi", **NO_FIELDS, **fields}
        for member, fields in members.items()
    ]
    with ledger.write() as connection:
        connection.execute(delete(CONTACT))
        connection.execute(insert(CONTACT), rows)


def _unit_numbers(ledger: Ledger) -> dict[str, int]:
    with ledger.read() as connection:
        return {row.member_id: row.number for row in connection.execute(select(HOLDOUT_UNIT))}


def _units(ledger: Ledger) -> set[frozenset[str]]:
    numbers = _unit_numbers(ledger)
    return {frozenset(member for member in numbers if numbers[member] == number) for number in numbers.values()}


def _groups(*groups: str) -> set[frozenset[str]]:
    return {frozenset(group) for group in groups}


def _rebuild(target: ImportTarget) -> int:
    return rebuild_units(target.ledger, target.warehouse, NOW)


def test_a11_unit_joins_members_who_share_a_household_or_an_address(target: ImportTarget) -> None:
    _replace_contacts(
        target.ledger,
        {
            "a": {"household_id": "h1"},
            "b": {"household_id": "h1", "email": "Both@example.org"},
            "c": {"email": "both@example.org", "phone": "+358401"},
            "d": {"phone": "+358401", "address_key": "katu 1|00100"},
            "e": {"address_key": "katu 1|00100"},
            "f": {"household_id": "h2"},
            "g": {},
            "h": {},
        },
    )
    assert _rebuild(target) == 8
    assert _units(target.ledger) == _groups("abcde", "f", "g", "h")


def test_same_text_in_two_fields_joins_nobody(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, {"a": {"household_id": "x"}, "b": {"email": "x"}})
    _rebuild(target)
    assert _units(target.ledger) == _groups("a", "b")


def test_second_rebuild_changes_nothing(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, {"a": {"household_id": "h"}, "b": {"household_id": "h"}, "c": {}})
    _rebuild(target)
    before = _unit_numbers(target.ledger)
    assert _rebuild(target) == 0
    assert _unit_numbers(target.ledger) == before


def test_former_member_stays_in_the_unit_and_the_oldest_number_wins(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, {"z": {"household_id": "h1"}, "y": {"household_id": "h1"}})
    _rebuild(target)
    old = _unit_numbers(target.ledger)["z"]
    later = {"z": {"household_id": "h2"}, "y": {"household_id": "h1"}, "a": {"email": "a@x.fi"}, "b": {}}
    _replace_contacts(target.ledger, later)
    _rebuild(target)
    assert _units(target.ledger) == _groups("zy", "a", "b")
    _replace_contacts(target.ledger, {**later, "b": {"household_id": "h2", "email": "a@x.fi"}})
    assert _rebuild(target) == 2
    assert set(_unit_numbers(target.ledger).values()) == {old}


def test_former_unit_is_recorded(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, {"a": {}, "b": {}})
    _rebuild(target)
    former_number = _unit_numbers(target.ledger)["b"]
    _replace_contacts(target.ledger, {"a": {"household_id": "h"}, "b": {"household_id": "h"}})
    rebuild_units(target.ledger, target.warehouse, NOW + timedelta(days=1))
    with target.ledger.read() as connection:
        [former] = connection.execute(select(FORMER_HOLDOUT_UNIT)).all()
    assert (former.member_id, former.number, former.since, former.until) == (
        "b",
        former_number,
        NOW,
        NOW + timedelta(days=1),
    )


def test_former_unit_of_no_duration_is_not_recorded(target: ImportTarget) -> None:
    for shared in ({}, {"household_id": "h"}, {"household_id": "h", "email": "e@x.fi"}):
        _replace_contacts(target.ledger, {"a": {"email": "e@x.fi"}, "b": {"household_id": "h"}, "c": shared})
        _rebuild(target)
    with target.ledger.read() as connection:
        assert connection.execute(select(FORMER_HOLDOUT_UNIT)).all() == []
    assert len(_units(target.ledger)) == 1


def test_address_of_too_many_members_joins_nobody_and_keeps_households_whole(target: ImportTarget) -> None:
    desk = {f"m{number:02}": {"email": "desk@example.org"} for number in range(MAX_UNIT_SIZE)}
    couple = {"x": {"household_id": "h"}, "y": {"household_id": "h", "email": "desk@example.org"}}
    _replace_contacts(target.ledger, {**desk, **couple})
    _rebuild(target)
    assert _units(target.ledger) == {*(frozenset({member}) for member in desk), frozenset("xy")}


def test_address_of_the_maximum_number_of_members_joins_them(target: ImportTarget) -> None:
    _replace_contacts(
        target.ledger, {f"m{number:02}": {"email": "desk@example.org"} for number in range(MAX_UNIT_SIZE)}
    )
    _rebuild(target)
    assert len(_units(target.ledger)) == 1


def _chain(length: int) -> dict[str, SharedFields]:
    """Members in a row, each sharing a household or an address with the next."""
    return {
        f"m{number:04}": {"household_id": f"h{number // 2}", "email": f"{(number + 1) // 2}@x.fi"}
        for number in range(length)
    }


def test_unit_that_grows_too_large_is_dissolved_for_good(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, _chain(MAX_UNIT_SIZE))
    _rebuild(target)
    [first] = set(_unit_numbers(target.ledger).values())
    _replace_contacts(target.ledger, _chain(MAX_UNIT_SIZE + 1))
    _rebuild(target)
    numbers = _unit_numbers(target.ledger)
    assert len(set(numbers.values())) == MAX_UNIT_SIZE + 1
    assert numbers["m0000"] == first
    assert _rebuild(target) == 0


def test_long_chain_takes_few_rounds(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, _chain(3000))
    assert _rebuild(target) == 3000
    assert len(_units(target.ledger)) == 3000


def test_number_of_a_removed_member_is_not_reused(target: ImportTarget) -> None:
    _replace_contacts(target.ledger, {"a": {}, "z": {}})
    _rebuild(target)
    _replace_contacts(target.ledger, {"a": {}, "b": {}})
    _rebuild(target)
    assert len(set(_unit_numbers(target.ledger).values())) == 3


def test_member_import_rebuilds_units(target: ImportTarget) -> None:
    head = "member_id,register,household_id,email\n"
    target.import_content("members", f"{head}a,owners,h1,\nb,owners,h1,b@x.fi\nc,owners,,B@X.FI\n")
    assert _units(target.ledger) == _groups("abc")
    target.import_content("members", f"{head}d,owners,,b@x.fi\n")
    assert _units(target.ledger) == _groups("abcd")


CONTACTS: Final = st.dictionaries(
    st.sampled_from([f"m{number:02}" for number in range(12)]),
    st.fixed_dictionaries(
        {
            "household_id": st.none() | st.sampled_from(["h1", "h2", "h3"]),
            "email": st.none() | st.sampled_from(["a@x.fi", "A@x.fi", "b@x.fi", "c@x.fi"]),
        }
    ),
    min_size=1,
)


def _components(members: Mapping[str, SharedFields], former: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Oracle: join groups that overlap until none do."""
    groups = [set(group) for group in former] + [{member} for member in members]
    for key in (lambda fields: fields["household_id"], lambda fields: fields["email"] and fields["email"].lower()):
        values = {key(fields) for fields in members.values()} - {None}
        groups += [{member for member, fields in members.items() if key(fields) == value} for value in values]
    joined: list[set[str]] = []
    for group in groups:
        overlapping = [present for present in joined if present & group]
        joined = [present for present in joined if not present & group] + [group.union(*overlapping)]
    return {frozenset(group) for group in joined}


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(CONTACTS, min_size=1, max_size=3))
def test_law_units_are_the_components_of_all_fields_ever_shared(states: Sequence[Mapping[str, SharedFields]]) -> None:
    with TemporaryDirectory() as folder, closing(Ledger.from_path(Path(folder) / "ledger.sqlite")) as ledger:
        SQLModel.metadata.create_all(ledger.engine)
        warehouse = Warehouse(Path(folder) / "warehouse", CATALOGUE)
        members: dict[str, SharedFields] = {}
        expected: set[frozenset[str]] = set()
        for state in states:
            members |= state
            _replace_contacts(ledger, members)
            before = _unit_numbers(ledger)
            rebuild_units(ledger, warehouse, NOW)
            expected = _components(members, expected)
            assert _units(ledger) == expected
            after = _unit_numbers(ledger)
            assert all(after[member] <= number for member, number in before.items())
