"""Households of the data set: known demographics, and invented values where they are missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import duckdb

from campaigns.demo.data.seeded_random import happens, random_fraction, random_integer, weighted_pick

TODAY: Final = date(2018, 1, 1)

_BANDS: Final[Mapping[str, tuple[int, int]]] = {
    "19-24": (19, 24),
    "25-34": (25, 34),
    "35-44": (35, 44),
    "45-54": (45, 54),
    "55-64": (55, 64),
    "65+": (65, 88),
}
_AGE_WEIGHTS: Final = {"19-24": 7.0, "25-34": 17.0, "35-44": 18.0, "45-54": 19.0, "55-64": 18.0, "65+": 21.0}
_SIZE_WEIGHTS: Final = {1: 38.0, 2: 34.0, 3: 12.0, 4: 10.0, 5: 6.0}
_TWO_ADULTS: Final = 0.88
_YOUNGEST_PARENT: Final = 36  # youngest parent of an invented teenager of 15

_QUERY: Final = """
    select household_id, age, household_size, household_comp
    from (select distinct household_id from transactions) left join demographics using (household_id)
    order by household_id
"""


@dataclass(frozen=True, slots=True)
class Household:
    """Household. `second_birth_date` is None when it has a single card."""

    number: int
    size: int
    owner_birth_date: date
    second_birth_date: date | None

    @property
    def id(self) -> str:
        """Return the household's id in the import files."""
        return f"h{self.number:04d}"

    @property
    def owner_id(self) -> str:
        """Return the member id of the owner; each household has one."""
        return f"m{self.number:04d}-1"

    @property
    def second_id(self) -> str:
        """Return the member id of the second card holder."""
        return f"m{self.number:04d}-2"


def read_households(connection: duckdb.DuckDBPyConnection) -> tuple[Household, ...]:
    """Return every household of the data set, with plausible values where the demographics have none."""
    return tuple(_household(*row) for row in connection.execute(_QUERY).fetchall())


def _household(number: int, age: str | None, size: str | None, composition: str | None) -> Household:
    band = age or weighted_pick(_AGE_WEIGHTS, number, "age")
    people = _size(number, size, band)
    couple = composition.startswith("2") if composition else happens(_TWO_ADULTS, number, "couple")
    owner_age = random_integer(*_BANDS[band], number, "owner age")
    return Household(
        number=number,
        size=people,
        owner_birth_date=_born(owner_age, number, "owner"),
        second_birth_date=_second_born(number, owner_age, couple) if people > 1 else None,
    )


def _size(number: int, known: str | None, band: str) -> int:
    if known is None:
        drawn = weighted_pick(_SIZE_WEIGHTS, number, "size")
        return min(drawn, 2) if band == "65+" else drawn
    return random_integer(5, 6, number, "five or more") if known == "5+" else int(known)


def _second_born(number: int, owner_age: int, couple: bool) -> date | None:
    """Return the birth date of a partner of about the owner's age, or of a single parent's teenager."""
    if couple:
        age = max(19, owner_age + round(6 * (random_fraction(number, "partner") - random_fraction(number, "and"))))
        return _born(age, number, "partner")
    return _born(random_integer(15, 17, number, "teen age"), number, "teen") if owner_age >= _YOUNGEST_PARENT else None


def _born(age: int, *key: object) -> date:
    """Return a birth date of a person who is `age` on the first day of the demonstration."""
    first = date(TODAY.year - age - 1, 1, 2)
    last = date(TODAY.year - age, 1, 1)
    return date.fromordinal(random_integer(first.toordinal(), last.toordinal(), *key, "birthday"))
