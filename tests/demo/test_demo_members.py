"""Invented members: expected numbers, plausible values, unreachable addresses."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import duckdb
import phonenumbers
import pytest

from campaigns.demo.data import dataset
from campaigns.demo.data.households import TODAY
from campaigns.demo.data.purchases import bonus

Row = dict[str, str]


def test_each_register_has_its_expected_size(members: list[Row]) -> None:
    registers = Counter(member["register"] for member in members)
    assert registers["owners"] == 2_469
    assert registers["customers"] == 600
    assert 1_300 < registers["household"] < 1_800
    assert len({member["member_id"] for member in members}) == len(members)


def test_every_household_has_one_owner(members: list[Row]) -> None:
    owned = Counter(member["household_id"] for member in members if member["register"] == "owners")
    assert set(owned.values()) == {1}
    assert {member["household_id"] for member in members if member["register"] == "household"} <= set(owned)


def test_customers_have_contact_data_for_email_only(members: list[Row]) -> None:
    for member in members:
        if member["register"] == "customers":
            filled = {column for column, value in member.items() if value}
            assert filled - {"first_name"} == {"member_id", "register", "language", "email"}


def test_ages_and_household_sizes_match_the_demographics(members: list[Row]) -> None:
    owners = {int(member["household_id"][1:]): member for member in members if member["register"] == "owners"}
    with dataset.connect() as source:
        demographics = source.execute("select household_id, age, household_size from demographics").fetchall()
    assert len(demographics) == 801
    for household, band, size in demographics:
        owner = owners[household]
        if owner["birth_date"]:
            first, last = (65, 88) if band == "65+" else map(int, band.split("-"))
            assert first <= _age(owner) <= last
        if owner["household_size"]:
            assert min(int(owner["household_size"]), 5) == int(size.removesuffix("+"))


def test_second_persons_are_partners_or_teenagers(members: list[Row]) -> None:
    ages = Counter(_age(member) for member in members if member["register"] == "household" and member["birth_date"])
    assert min(ages) == 15
    assert ages[18] == 0
    assert 0.03 < sum(ages[age] for age in (15, 16, 17)) / ages.total() < 0.2


@pytest.mark.parametrize(
    ("language", "share"),
    [("fi", 0.90), ("sv", 0.06), ("en", 0.04)],
)
def test_languages_have_plausible_shares(members: list[Row], language: str, share: float) -> None:
    assert _share(members, lambda member: member["language"] == language) == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize(
    ("column", "missing"),
    [("email", 0.08), ("phone", 0.12), ("birth_date", 0.015), ("first_name", 0.005), ("street", 0.01)],
)
def test_some_values_are_missing(members: list[Row], column: str, missing: float) -> None:
    members_at_address = [member for member in members if member["register"] != "customers"]
    assert _share(members_at_address, lambda member: not member[column]) == pytest.approx(missing, rel=0.4)


def test_email_addresses_and_numbers_cannot_be_reached(members: list[Row]) -> None:
    domains = {member["email"].rpartition("@")[2] for member in members if member["email"]}
    assert domains == {"example.com", "example.org", "example.net"}
    numbers = [phonenumbers.parse(member["phone"], "FI") for member in members if member["phone"]]
    assert all(phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE for number in numbers)
    assert all(str(number.national_number).startswith("500000") for number in numbers)
    assert len({number.national_number for number in numbers}) == len(numbers)


def test_an_address_is_shared_within_a_household_only(members: list[Row]) -> None:
    holders: dict[str, list[Row]] = {}
    for member in members:
        if member["email"]:
            holders.setdefault(member["email"], []).append(member)
    shared = [members_at_address for members_at_address in holders.values() if len(members_at_address) > 1]
    assert shared
    assert all(len({person["household_id"] for person in members_at_address}) == 1 for members_at_address in shared)


def test_swedish_speakers_have_swedish_place_names(members: list[Row]) -> None:
    swedish_speakers = [member for member in members if member["language"] == "sv" and member["city"]]
    assert {"Helsingfors", "Vasa", "Mariehamn"} <= {member["city"] for member in swedish_speakers}
    assert not [member for member in swedish_speakers if member["city"] in {"Helsinki", "Vaasa", "Tampere"}]


def test_the_bonus_is_a_growing_share() -> None:
    bonuses = [(Decimal(total), bonus(Decimal(total))) for total in ("49.99", "50", "150", "350", "600", "900")]
    assert [share for _, share in bonuses] == [Decimal(b) for b in ("0.00", "0.50", "3.00", "10.50", "24.00", "45.00")]


def test_the_bonus_follows_december_and_is_for_owners_only(members: list[Row], data: duckdb.DuckDBPyConnection) -> None:
    spent = dict(
        data.execute(
            "select split_part(member_id, '-', 1), sum(amount) from purchases"
            " where purchased_at >= timestamp '2017-12-01' and purchased_at < timestamp '2018-01-01' group by 1"
        ).fetchall()
    )
    for member in members:
        if member["register"] == "owners":
            maximum = bonus(spent.get(member["member_id"].split("-")[0], Decimal(0)))
            assert Decimal(member["bonus_last_month"]) <= maximum
        else:
            assert member["bonus_last_month"] == ""
    assert sum(member["bonus_last_month"] not in {"", "0.00"} for member in members) > 1_000


def test_postal_codes_keep_their_zeros(members: list[Row]) -> None:
    codes = {member["postal_code"] for member in members if member["postal_code"]}
    assert all(len(code) == 5 and code.isdigit() for code in codes)
    assert "00530" in codes


def _age(member: Row) -> int:
    born = date.fromisoformat(member["birth_date"])
    return TODAY.year - born.year - ((TODAY.month, TODAY.day) < (born.month, born.day))


def _share(members: list[Row], condition: Callable[[Row], bool]) -> float:
    return sum(map(condition, members)) / len(members)
