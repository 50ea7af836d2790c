"""The invented members: owners of the real households, their second persons, and customers known by e-mail only."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from campaigns.demo.data.seeded_random import draw, happens, pick, weighted
from campaigns.demo.data.households import Household
from campaigns.demo.data.names import Name, is_woman, name
from campaigns.demo.data.places import Address, address

CUSTOMERS: Final = 600

_LANGUAGES: Final = {"fi": 90.0, "sv": 6.0, "en": 4.0}
_DOMAINS: Final = ("example.com", "example.org", "example.net")  # reserved: no mail can ever arrive (RFC 2606)

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
class Member:
    """One row of the members' import file; the fields are its columns, in order."""

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


def invent_members(households: Iterable[Household], bonuses: Mapping[str, Decimal]) -> list[Member]:
    """Everybody: owners and second persons in the order of households, then customers."""
    members: list[Member] = []
    for household in households:
        owner, surname = _owner(household, bonuses.get(household.owner_id, Decimal("0.00")))
        members.append(owner)
        if household.second_born is not None:
            members.append(_second(household, household.second_born, owner, surname))
    return [*members, *(_customer(number) for number in range(1, CUSTOMERS + 1))]


def _owner(household: Household, bonus: Decimal) -> tuple[Member, str]:
    """The owner, and the surname of the house, which the register may lack."""
    about = household.owner_id
    language = weighted(_LANGUAGES, household.id, "language")
    called = name(language, is_woman(about), about)
    member = Member(
        member_id=about,
        register="owners",
        household_id=household.id,
        language=language,
        birth_date=_birth_date(household.owner_born, about),
        email=_email(called, about),
        phone=_phone(household.number, about),
        household_size=None if happens(_WITHOUT_SIZE, about, "size") else household.size,
        bonus_last_month=bonus,
    )
    lives = None if happens(_WITHOUT_ADDRESS, household.id, "address") else address(language, household.id)
    return _named(_living(member, lives), called), called.last


def _second(household: Household, born: date, owner: Member, surname: str) -> Member:
    about = household.second_id
    called = name(owner.language, is_woman(about), about)
    if happens(_SAME_SURNAME, about, "surname"):
        called = replace(called, last=surname)
    shared = owner.email is not None and happens(_SHARED_EMAIL, about, "shares an address")
    member = replace(
        owner,
        member_id=about,
        register="household",
        birth_date=_birth_date(born, about),
        email=owner.email if shared else _email(called, about),
        phone=_phone(household.number + 5000, about),
        bonus_last_month=None,  # the bonus is paid to the owner
    )
    return _named(member, called)


def _customer(number: int) -> Member:
    """Someone who once gave an address for newsletters, and about half of them a first name."""
    about = f"c{number:04d}"
    language = weighted(_LANGUAGES, about, "language")
    called = name(language, is_woman(about), about)
    return Member(
        member_id=about,
        register="customers",
        first_name=called.first if happens(0.5, about, "tells a name") else None,
        language=language,
        email=_address(called, about),
    )


def _named(member: Member, called: Name) -> Member:
    if happens(_WITHOUT_NAME, member.member_id, "nameless"):
        return member
    return replace(member, first_name=called.first, last_name=called.last)


def _living(member: Member, lives: Address | None) -> Member:
    if lives is None:
        return member
    return replace(member, street=lives.street, postal_code=lives.postal_code, city=lives.city, region=lives.region)


def _birth_date(born: date, about: str) -> date | None:
    return None if happens(_WITHOUT_BIRTH_DATE, about, "birth date") else born


def _email(called: Name, about: str) -> str | None:
    return None if happens(_WITHOUT_EMAIL, about, "e-mail") else _address(called, about)


def _address(called: Name, about: str) -> str:
    """An address that no one else has: the household's number keeps namesakes apart."""
    tag = about.removeprefix("m").replace("-1", "").replace("-2", "b")
    return f"{_plain(called.first)}.{_plain(called.last)}.{tag}@{pick(_DOMAINS, about, 'domain')}"


def _plain(text: str) -> str:
    """The letters a to z of a name, as people write them in addresses."""
    letters = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in letters if "a" <= letter <= "z")


def _phone(serial: int, about: str) -> str | None:
    """A number in a mobile prefix, but one digit longer than any that rings; some without the country."""
    if draw(about, "phone") < _WITHOUT_PHONE:
        return None
    national = happens(_PHONE_WITHOUT_COUNTRY, about, "national")
    return f"050 0000 {serial:04d}" if national else f"+358500000{serial:04d}"
