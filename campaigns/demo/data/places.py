"""Where people live: real regions, towns and postal codes; the streets and numbers on them are made up."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from campaigns.demo.data.seeded_random import between, happens, pick, weighted

_STREETS: Final = (
    ("Ahjokuja", "Ässjegränd"),
    ("Asemakatu", "Stationsgatan"),
    ("Harjutie", "Åsvägen"),
    ("Hiihtäjäntie", "Skidåkarvägen"),
    ("Kallionkatu", "Berggatan"),
    ("Kanervatie", "Ljungvägen"),
    ("Kauppakatu", "Handelsgatan"),
    ("Kirkkokatu", "Kyrkogatan"),
    ("Koivutie", "Björkvägen"),
    ("Koulukatu", "Skolgatan"),
    ("Kuusitie", "Granvägen"),
    ("Lehmuspolku", "Lindstigen"),
    ("Linnankatu", "Slottsgatan"),
    ("Mansikkatie", "Smultronvägen"),
    ("Myllytie", "Kvarnvägen"),
    ("Mäntytie", "Tallvägen"),
    ("Niittypolku", "Ängsstigen"),
    ("Pajukuja", "Videgränd"),
    ("Peltotie", "Åkervägen"),
    ("Pihlajatie", "Rönnvägen"),
    ("Puistokatu", "Parkgatan"),
    ("Rantatie", "Strandvägen"),
    ("Satamakatu", "Hamngatan"),
    ("Tammitie", "Ekvägen"),
    ("Torikatu", "Torggatan"),
    ("Tähtitie", "Stjärnvägen"),
    ("Vanamokuja", "Linneagränd"),
    ("Venekatu", "Båtgatan"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A postal code, with its town in both national languages and how many of their speakers live there."""

    region: str
    city_fi: str
    city_sv: str
    postal_code: str
    fi: float
    sv: float


@dataclass(frozen=True, slots=True)
class Address:
    """A home, written as its people write it."""

    region: str
    street: str
    postal_code: str
    city: str


def address(language: str, *about: object) -> Address:
    """An invented home in a real town; Swedish speakers live where Swedish is spoken and write it so."""
    swedish = language == "sv"
    place = weighted({place: place.sv if swedish else place.fi for place in _places()}, *about, "place")
    street = pick(_STREETS, *about, "street")[swedish]
    return Address(
        region=place.region,
        street=f"{street} {_number(*about)}",
        postal_code=place.postal_code,
        city=place.city_sv if swedish else place.city_fi,
    )


def _number(*about: object) -> str:
    house = between(1, 89, *about, "house")
    if happens(0.4, *about, "own house"):
        return str(house)
    return f"{house} {pick('ABCDE', *about, 'stair')} {between(1, 74, *about, 'flat')}"


@cache
def _places() -> tuple[Place, ...]:
    text = (files(__package__) / "places.csv").read_text("utf-8")
    rows = csv.reader(text.splitlines()[1:])
    return tuple(Place(region, fi, sv, code, float(n), float(m)) for region, fi, sv, code, n, m in rows)
