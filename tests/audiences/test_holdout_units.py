"""Who is bound to whom, and for how long: numbers stay, units only unite, and no reception desk holds out a town."""

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
from tests.support.import_target import CATALOGUE, NOW, ImportTarget

Bonds = Mapping[str, str | None]
NOTHING: Final[Bonds] = {"household_id": None, "email": None, "phone": None, "address_key": None}


def _settle(ledger: Ledger, members: Mapping[str, Bonds]) -> None:
    """Make these the contacts of all members."""
    rows = [
        {"member_id": member, "register": "owners", "language": "fi", **NOTHING, **bonds}
        for member, bonds in members.items()
    ]
    with ledger.write() as connection:
        connection.execute(delete(CONTACT))
        connection.execute(insert(CONTACT), rows)


def _numbers(ledger: Ledger) -> dict[str, int]:
    with ledger.read() as connection:
        return {row.member_id: row.number for row in connection.execute(select(HOLDOUT_UNIT))}


def _together(ledger: Ledger) -> set[frozenset[str]]:
    numbers = _numbers(ledger)
    return {frozenset(member for member in numbers if numbers[member] == number) for number in numbers.values()}


def _groups(*groups: str) -> set[frozenset[str]]:
    return {frozenset(group) for group in groups}


def _unite(place: ImportTarget) -> int:
    return rebuild_units(place.ledger, place.warehouse, NOW)


def test_a11_a_unit_is_whatever_one_message_reaches_and_all_that_it_connects(place: ImportTarget) -> None:
    _settle(
        place.ledger,
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
    assert _unite(place) == 8
    assert _together(place.ledger) == _groups("abcde", "f", "g", "h")


def test_the_same_text_in_two_fields_binds_nobody(place: ImportTarget) -> None:
    _settle(place.ledger, {"a": {"household_id": "x"}, "b": {"email": "x"}})
    _unite(place)
    assert _together(place.ledger) == _groups("a", "b")


def test_to_unite_again_changes_nothing(place: ImportTarget) -> None:
    _settle(place.ledger, {"a": {"household_id": "h"}, "b": {"household_id": "h"}, "c": {}})
    _unite(place)
    before = _numbers(place.ledger)
    assert _unite(place) == 0
    assert _numbers(place.ledger) == before


def test_who_once_was_in_a_unit_stays_and_the_oldest_number_wins(place: ImportTarget) -> None:
    _settle(place.ledger, {"z": {"household_id": "h1"}, "y": {"household_id": "h1"}})
    _unite(place)
    old = _numbers(place.ledger)["z"]
    later = {"z": {"household_id": "h2"}, "y": {"household_id": "h1"}, "a": {"email": "a@x.fi"}, "b": {}}
    _settle(place.ledger, later)
    _unite(place)
    assert _together(place.ledger) == _groups("zy", "a", "b")
    _settle(place.ledger, {**later, "b": {"household_id": "h2", "email": "a@x.fi"}})
    assert _unite(place) == 2
    assert set(_numbers(place.ledger).values()) == {old}


def test_what_a_member_belonged_to_is_kept(place: ImportTarget) -> None:
    _settle(place.ledger, {"a": {}, "b": {}})
    _unite(place)
    alone = _numbers(place.ledger)["b"]
    _settle(place.ledger, {"a": {"household_id": "h"}, "b": {"household_id": "h"}})
    rebuild_units(place.ledger, place.warehouse, NOW + timedelta(days=1))
    with place.ledger.read() as connection:
        [kept] = connection.execute(select(FORMER_HOLDOUT_UNIT)).all()
    assert (kept.member_id, kept.number, kept.since, kept.until) == ("b", alone, NOW, NOW + timedelta(days=1))


def test_a_unit_of_no_duration_is_not_kept(place: ImportTarget) -> None:
    for shared in ({}, {"household_id": "h"}, {"household_id": "h", "email": "e@x.fi"}):
        _settle(place.ledger, {"a": {"email": "e@x.fi"}, "b": {"household_id": "h"}, "c": shared})
        _unite(place)
    with place.ledger.read() as connection:
        assert connection.execute(select(FORMER_HOLDOUT_UNIT)).all() == []
    assert len(_together(place.ledger)) == 1


def test_an_address_of_too_many_binds_nobody_and_leaves_their_households_whole(place: ImportTarget) -> None:
    desk = {f"m{number:02}": {"email": "desk@example.org"} for number in range(MAX_UNIT_SIZE)}
    couple = {"x": {"household_id": "h"}, "y": {"household_id": "h", "email": "desk@example.org"}}
    _settle(place.ledger, {**desk, **couple})
    _unite(place)
    assert _together(place.ledger) == {*(frozenset({member}) for member in desk), frozenset("xy")}


def test_an_address_of_as_many_as_a_unit_may_have_binds_them(place: ImportTarget) -> None:
    _settle(place.ledger, {f"m{number:02}": {"email": "desk@example.org"} for number in range(MAX_UNIT_SIZE)})
    _unite(place)
    assert len(_together(place.ledger)) == 1


def _chain(length: int) -> dict[str, Bonds]:
    """Each shares a household with the one before and an address with the one after."""
    return {
        f"m{number:04}": {"household_id": f"h{number // 2}", "email": f"{(number + 1) // 2}@x.fi"}
        for number in range(length)
    }


def test_a_unit_that_grows_too_large_is_dissolved_and_stays_so(place: ImportTarget) -> None:
    _settle(place.ledger, _chain(MAX_UNIT_SIZE))
    _unite(place)
    [first] = set(_numbers(place.ledger).values())
    _settle(place.ledger, _chain(MAX_UNIT_SIZE + 1))
    _unite(place)
    numbers = _numbers(place.ledger)
    assert len(set(numbers.values())) == MAX_UNIT_SIZE + 1
    assert numbers["m0000"] == first
    assert _unite(place) == 0


def test_a_long_chain_takes_few_rounds(place: ImportTarget) -> None:
    _settle(place.ledger, _chain(3000))
    assert _unite(place) == 3000
    assert len(_together(place.ledger)) == 3000


def test_the_number_of_one_who_is_gone_is_not_given_again(place: ImportTarget) -> None:
    _settle(place.ledger, {"a": {}, "z": {}})
    _unite(place)
    _settle(place.ledger, {"a": {}, "b": {}})
    _unite(place)
    assert len(set(_numbers(place.ledger).values())) == 3


def test_an_import_of_members_unites_them(place: ImportTarget) -> None:
    head = "member_id,register,household_id,email\n"
    place.bring("members", f"{head}a,owners,h1,\nb,owners,h1,b@x.fi\nc,owners,,B@X.FI\n")
    assert _together(place.ledger) == _groups("abc")
    place.bring("members", f"{head}d,owners,,b@x.fi\n")
    assert _together(place.ledger) == _groups("abcd")


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


def _components(members: Mapping[str, Bonds], former: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """The oracle: groups that touch are joined until none do."""
    groups = [set(group) for group in former] + [{member} for member in members]
    for read in (lambda bonds: bonds["household_id"], lambda bonds: bonds["email"] and bonds["email"].lower()):
        values = {read(bonds) for bonds in members.values()} - {None}
        groups += [{member for member, bonds in members.items() if read(bonds) == value} for value in values]
    joined: list[set[str]] = []
    for group in groups:
        touched = [other for other in joined if other & group]
        joined = [other for other in joined if not other & group] + [group.union(*touched)]
    return {frozenset(group) for group in joined}


@settings(max_examples=25, deadline=None)
@given(st.lists(CONTACTS, min_size=1, max_size=3))
def test_law_units_are_the_components_of_all_that_was_ever_shared(states: Sequence[Mapping[str, Bonds]]) -> None:
    with TemporaryDirectory() as folder, closing(Ledger.from_path(Path(folder) / "ledger.sqlite")) as ledger:
        SQLModel.metadata.create_all(ledger.engine)
        warehouse = Warehouse(Path(folder) / "warehouse", CATALOGUE)
        members: dict[str, Bonds] = {}
        expected: set[frozenset[str]] = set()
        for state in states:
            members |= state
            _settle(ledger, members)
            before = _numbers(ledger)
            rebuild_units(ledger, warehouse, NOW)
            expected = _components(members, expected)
            assert _together(ledger) == expected
            after = _numbers(ledger)
            assert all(after[member] <= number for member, number in before.items())
