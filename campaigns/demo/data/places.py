"""Addresses of invented people: real regions, towns and postal codes; invented streets and house numbers."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from campaigns.demo.data.seeded_random import happens, pick, random_integer, weighted_pick

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
class PostalArea:
    """Postal code, with its town in both national languages and the number of their speakers."""

    region: str
    city_fi: str
    city_sv: str
    postal_code: str
    fi: float
    sv: float


@dataclass(frozen=True, slots=True)
class HomeAddress:
    """Postal address in the language of its residents."""

    region: str
    street: str
    postal_code: str
    city: str


def invent_address(language: str, *key: object) -> HomeAddress:
    """Return an invented address in a real town; Swedish speakers get Swedish-speaking towns and street names."""
    swedish = language == "sv"
    place = weighted_pick({place: place.sv if swedish else place.fi for place in _places()}, *key, "place")
    street = pick(_STREETS, *key, "street")[swedish]
    return HomeAddress(
        region=place.region,
        street=f"{street} {_house_number(*key)}",
        postal_code=place.postal_code,
        city=place.city_sv if swedish else place.city_fi,
    )


def invent_store_address(*key: object) -> HomeAddress:
    """Return an invented address of a store in a real town, in Finnish."""
    place = weighted_pick({place: place.fi for place in _places()}, *key, "place")
    street = f"{pick(_STREETS, *key, 'street')[0]} {random_integer(1, 60, *key, 'house')}"
    return HomeAddress(place.region, street, place.postal_code, place.city_fi)


def _house_number(*key: object) -> str:
    house = random_integer(1, 89, *key, "house")
    if happens(0.4, *key, "own house"):
        return str(house)
    return f"{house} {pick('ABCDE', *key, 'stair')} {random_integer(1, 74, *key, 'flat')}"


@cache
def _places() -> tuple[PostalArea, ...]:
    text = (files(__package__) / "places.csv").read_text("utf-8")
    rows = csv.reader(text.splitlines()[1:])
    return tuple(PostalArea(region, fi, sv, code, float(n), float(m)) for region, fi, sv, code, n, m in rows)
