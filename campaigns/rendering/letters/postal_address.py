"""Postal addresses in the form that Posti requires (PR-01, PR-02): domestic ones, whatever the country."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from campaigns.core.model.enums import Language
from campaigns.core.model.postal_code_forms import PRINTED_FORM
from campaigns.rendering.letters.fonts import can_draw, visible_text

MAX_ROWS: Final = 6
MAX_ROW_WIDTH: Final = 22.0  # in ems: the width of the print profile's window at 11 pt

_WIDE: Final = frozenset("MWmw@%&ÆæŒœ…—")
_WIDEST, _CAPITAL, _SMALL = 0.95, 0.69, 0.56

_POSTCODE: Final = re.compile(PRINTED_FORM)
_BILINGUAL: Final = {
    "ESPOO": "ESBO",
    "HAMINA": "FREDRIKSHAMN",
    "HANKO": "HANGÖ",
    "HELSINKI": "HELSINGFORS",
    "HÄMEENLINNA": "TAVASTEHUS",
    "INKOO": "INGÅ",
    "KARJAA": "KARIS",
    "KASKINEN": "KASKÖ",
    "KAUNIAINEN": "GRANKULLA",
    "KEMIÖ": "KIMITO",
    "KERAVA": "KERVO",
    "KIRKKONUMMI": "KYRKSLÄTT",
    "KOKKOLA": "KARLEBY",
    "KRISTIINANKAUPUNKI": "KRISTINESTAD",
    "LAPPEENRANTA": "VILLMANSTRAND",
    "LOHJA": "LOJO",
    "LOVIISA": "LOVISA",
    "MAARIANHAMINA": "MARIEHAMN",
    "MUSTASAARI": "KORSHOLM",
    "NAANTALI": "NÅDENDAL",
    "OULU": "ULEÅBORG",
    "PARAINEN": "PARGAS",
    "PIETARSAARI": "JAKOBSTAD",
    "PORI": "BJÖRNEBORG",
    "PORVOO": "BORGÅ",
    "RAASEPORI": "RASEBORG",
    "RAISIO": "RESO",
    "RAUMA": "RAUMO",
    "SAVONLINNA": "NYSLOTT",
    "SIPOO": "SIBBO",
    "SIUNTIO": "SJUNDEÅ",
    "TAMMISAARI": "EKENÄS",
    "TAMPERE": "TAMMERFORS",
    "TURKU": "ÅBO",
    "UUSIKAARLEPYY": "NYKARLEBY",
    "UUSIKAUPUNKI": "NYSTAD",
    "VAASA": "VASA",
    "VANTAA": "VANDA",
}
_FINNISH: Final = {swedish: finnish for finnish, swedish in _BILINGUAL.items()}


class AddressProblem(StrEnum):
    """Reason why no letter can be sent to a contact."""

    NO_NAME = "no_name"
    NO_STREET = "no_street"
    NO_CITY = "no_city"
    BAD_POSTCODE = "bad_postcode"
    TOO_LONG = "too_long"
    UNPRINTABLE = "unprintable"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Domestic address; `rows` are for the window: addressee, delivery address, locality."""

    rows: tuple[str, ...]
    postal_code: str

    @classmethod
    def from_contact(
        cls,
        *,
        first_name: str | None,
        last_name: str | None,
        street: str | None,
        postal_code: str | None,
        city: str | None,
        language: Language,
    ) -> "PostalAddress | AddressProblem":
        """Return the address of a contact's columns, or the problem with them."""
        name = _one_line(f"{first_name or ''} {last_name or ''}")
        street_row, town = _one_line(street), _locality(_one_line(city), language)
        if not name or not street_row or not town:
            return _missing(name, street_row)
        if postal_code is None or not _POSTCODE.fullmatch(postal_code):
            return AddressProblem.BAD_POSTCODE
        rows = (*_folded(name), *_folded(street_row), f"{postal_code} {town}")
        if len(rows) > MAX_ROWS or any(_width(row) > MAX_ROW_WIDTH for row in rows):
            return AddressProblem.TOO_LONG
        if not all(can_draw(row) for row in rows):
            return AddressProblem.UNPRINTABLE
        return cls(rows, postal_code)


def _missing(name: str, street: str) -> AddressProblem:
    if not name:
        return AddressProblem.NO_NAME
    return AddressProblem.NO_CITY if street else AddressProblem.NO_STREET


def _one_line(text: str | None) -> str:
    """Return the text on one line with single spaces, without invisible characters."""
    return " ".join(visible_text(" ".join((text or "").split())).split())


def _locality(city: str, language: Language) -> str:
    """Return the post town in capitals, in the addressee's language where it has two names."""
    town = city.upper()
    return _BILINGUAL.get(town, town) if language is Language.SV else _FINNISH.get(town, town)


def _folded(row: str) -> list[str]:
    """Return the row folded at its spaces; a single word that is too long stays whole, and is a problem."""
    rows: list[str] = []
    for word in row.split():
        joined = f"{rows[-1]} {word}" if rows else word
        if rows and _width(joined) <= MAX_ROW_WIDTH:
            rows[-1] = joined
        else:
            rows.append(word)
    return rows


def _width(row: str) -> float:
    """Return the greatest possible width of a row in ems, in a sans font with the widths of Calibri."""
    return sum(map(_letter_width, row))


@lru_cache(maxsize=1024)
def _letter_width(letter: str) -> float:
    return _WIDEST if letter in _WIDE else _CAPITAL if letter.isupper() else _SMALL
