"""Invented members: owners of the real households, their second card holders, and customers known by e-mail only."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from campaigns.demo.data.households import Household
from campaigns.demo.data.names import PersonName, invent_name, is_woman
from campaigns.demo.data.places import HomeAddress, invent_address
from campaigns.demo.data.seeded_random import happens, pick, random_fraction, weighted_pick

CUSTOMERS: Final = 600

_LANGUAGES: Final = {"fi": 90.0, "sv": 6.0, "en": 4.0}
_DOMAINS: Final = ("example.com", "example.org", "example.net")  # reserved: mail never arrives (RFC 2606)

_WITHOUT_EMAIL: Final = 0.08
_WITHOUT_PHONE: Final = 0.12
_WITHOUT_BIRTH_DATE: Final = 0.015
_WITHOUT_NAME: Final = 0.005
_WITHOUT_ADDRESS: Final = 0.01
_WITHOUT_SIZE: Final = 0.04
_SHARED_EMAIL: Final = 0.06
_SAME_SURNAME: Final = 0.75
_PHONE_WITHOUT_COUNTRY: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """Row of the import file of members; the fields are its columns, in order."""

    member_id: str
    register: str
    household_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    language: str
    birth_date: date | None = None
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    household_size: int | None = None
    bonus_last_month: Decimal | None = None
    home_store: str | None = None


def invent_members(
    households: Iterable[Household], bonuses: Mapping[str, Decimal], home_stores: Mapping[str, str]
) -> list[MemberRow]:
    """Return all members: owners and second card holders in the order of households, then customers."""
    members: list[MemberRow] = []
    for household in households:
        owner, surname = _owner(household, bonuses.get(household.owner_id, Decimal("0.00")))
        members.append(owner)
        if household.second_birth_date is not None:
            members.append(_second_member(household, household.second_birth_date, owner, surname))
    members = [replace(member, home_store=home_stores.get(member.member_id)) for member in members]
    return [*members, *(_customer(number) for number in range(1, CUSTOMERS + 1))]


def _owner(household: Household, bonus: Decimal) -> tuple[MemberRow, str]:
    """Return the owner, and the household's surname, which the register may lack."""
    member_id = household.owner_id
    language = weighted_pick(_LANGUAGES, household.id, "language")
    full_name = invent_name(language, is_woman(member_id), member_id)
    member = MemberRow(
        member_id=member_id,
        register="owners",
        household_id=household.id,
        language=language,
        birth_date=_birth_date(household.owner_birth_date, member_id),
        email=_email(full_name, member_id),
        phone=_phone(household.number, member_id),
        household_size=None if happens(_WITHOUT_SIZE, member_id, "size") else household.size,
        bonus_last_month=bonus,
    )
    home = None if happens(_WITHOUT_ADDRESS, household.id, "address") else invent_address(language, household.id)
    return _with_name(_with_address(member, home), full_name), full_name.last


def _second_member(household: Household, born: date, owner: MemberRow, surname: str) -> MemberRow:
    member_id = household.second_id
    full_name = invent_name(owner.language, is_woman(member_id), member_id)
    if happens(_SAME_SURNAME, member_id, "surname"):
        full_name = replace(full_name, last=surname)
    shared = owner.email is not None and happens(_SHARED_EMAIL, member_id, "shares an address")
    member = replace(
        owner,
        member_id=member_id,
        register="household",
        birth_date=_birth_date(born, member_id),
        email=owner.email if shared else _email(full_name, member_id),
        phone=_phone(household.number + 5000, member_id),
        bonus_last_month=None,  # the bonus is paid to the owner
    )
    return _with_name(member, full_name)


def _customer(number: int) -> MemberRow:
    """Return a newsletter customer; about half have a first name."""
    member_id = f"c{number:04d}"
    language = weighted_pick(_LANGUAGES, member_id, "language")
    full_name = invent_name(language, is_woman(member_id), member_id)
    return MemberRow(
        member_id=member_id,
        register="customers",
        first_name=full_name.first if happens(0.5, member_id, "tells a name") else None,
        language=language,
        email=_address(full_name, member_id),
    )


def _with_name(member: MemberRow, full_name: PersonName) -> MemberRow:
    if happens(_WITHOUT_NAME, member.member_id, "nameless"):
        return member
    return replace(member, first_name=full_name.first, last_name=full_name.last)


def _with_address(member: MemberRow, home: HomeAddress | None) -> MemberRow:
    if home is None:
        return member
    return replace(member, street=home.street, postal_code=home.postal_code, city=home.city, region=home.region)


def _birth_date(born: date, member_id: str) -> date | None:
    return None if happens(_WITHOUT_BIRTH_DATE, member_id, "birth date") else born


def _email(full_name: PersonName, member_id: str) -> str | None:
    return None if happens(_WITHOUT_EMAIL, member_id, "e-mail") else _address(full_name, member_id)


def _address(full_name: PersonName, member_id: str) -> str:
    """Return a unique e-mail address: the household's number distinguishes namesakes."""
    tag = member_id.removeprefix("m").replace("-1", "").replace("-2", "b")
    return f"{_plain(full_name.first)}.{_plain(full_name.last)}.{tag}@{pick(_DOMAINS, member_id, 'domain')}"


def _plain(text: str) -> str:
    """Return a name reduced to the letters a to z."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if "a" <= letter <= "z")


def _phone(serial: int, member_id: str) -> str | None:
    """Return a phone number with a mobile prefix, one digit too long to ring; some lack the country code."""
    if random_fraction(member_id, "phone") < _WITHOUT_PHONE:
        return None
    national = happens(_PHONE_WITHOUT_COUNTRY, member_id, "national")
    return f"050 0000 {serial:04d}" if national else f"+358500000{serial:04d}"
