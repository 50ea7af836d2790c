"""A Finnish postal address as a value, as Posti wants it written (PR-01, PR-02)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from campaigns.core.model.enums import Language
from campaigns.rendering.letters.fonts import can_draw, visible

ROWS: Final = 6
ROW_WIDTH: Final = 22.0  # in ems: what 11 pt leaves room for in the window of the print profile

_WIDE: Final = frozenset("MWmw@%&ÆæŒœ…—")
_WIDEST, _CAPITAL, _SMALL = 0.95, 0.69, 0.56

_POSTCODE: Final = re.compile(r"[0-9]{5}")
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
    """Why no letter can be sent to a contact."""

    NO_NAME = "no_name"
    NO_STREET = "no_street"
    NO_CITY = "no_city"
    BAD_POSTCODE = "bad_postcode"
    TOO_LONG = "too_long"
    UNPRINTABLE = "unprintable"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A domestic address whose `rows` may stand in the window: the addressee, the delivery address, the locality."""

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
        """The address of a contact's columns, or what is wrong with them."""
        name = _spaced(f"{first_name or ''} {last_name or ''}")
        where, town = _spaced(street), _locality(_spaced(city), language)
        if not name or not where or not town:
            return _missing(name, where)
        if postal_code is None or not _POSTCODE.fullmatch(postal_code):
            return AddressProblem.BAD_POSTCODE
        rows = (*_folded(name), *_folded(where), f"{postal_code} {town}")
        if len(rows) > ROWS or any(_width(row) > ROW_WIDTH for row in rows):
            return AddressProblem.TOO_LONG
        if not all(can_draw(row) for row in rows):
            return AddressProblem.UNPRINTABLE
        return cls(rows, postal_code)


def _missing(name: str, street: str) -> AddressProblem:
    if not name:
        return AddressProblem.NO_NAME
    return AddressProblem.NO_CITY if street else AddressProblem.NO_STREET


def _spaced(text: str | None) -> str:
    """The text on one line with single spaces, without what cannot be seen."""
    return " ".join(visible(" ".join((text or "").split())).split())


def _locality(city: str, language: Language) -> str:
    """The post town in capitals, in the reader's language where it has two names."""
    town = city.upper()
    return _BILINGUAL.get(town, town) if language is Language.SV else _FINNISH.get(town, town)


def _folded(row: str) -> list[str]:
    """The row on as many rows as it needs; a word that is too long by itself stays whole, and is a problem."""
    rows: list[str] = []
    for word in row.split():
        joined = f"{rows[-1]} {word}" if rows else word
        if rows and _width(joined) <= ROW_WIDTH:
            rows[-1] = joined
        else:
            rows.append(word)
    return rows


def _width(row: str) -> float:
    """How wide a row can at most be in a sans of Calibri's widths, in ems."""
    return sum(_WIDEST if letter in _WIDE else _CAPITAL if letter.isupper() else _SMALL for letter in row)
