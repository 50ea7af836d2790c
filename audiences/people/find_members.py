"""Member search at the desk or on the telephone, from one box: a number, a phone, an e-mail address, or a whole name.

Whole values only: a part of a name finds no member, and nothing in the text is a pattern.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, false, or_, select

from audiences import addresses
from audiences.tables import CONTACT

MAX_RESULTS: Final = 20
MAX_TERM: Final = 254

_POSTAL_CODE: Final = re.compile(r"(?:FI-?)?([0-9]{4,5}|L[VT]-[0-9]{4,5})", re.IGNORECASE)
_PHONE_CHARACTERS: Final = re.compile(r"[+()0-9 ./-]+")


class SearchField(StrEnum):
    """Field to search by."""

    NUMBER = "number"
    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """Text of the search box, and the fields it may be a value of, the likeliest first; without any it finds nobody.

    `postal_code` tells namesakes apart; `phone` is the text as a number in normal form.
    """

    fields: tuple[SearchField, ...]
    text: str
    postal_code: str = ""
    phone: str = ""


def recognise(text: str, country: str = addresses.FINLAND) -> SearchTerm:
    """Return the fields that a typed text may be a value of, by its form.

    `@` makes an e-mail address; several words are a name, with a postal code before or after it; a single word is a
    member number; digits with the punctuation of telephone numbers are looked up as both.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if not plain or len(plain) > MAX_TERM or not plain.isprintable():
        return SearchTerm((), plain)
    if "@" in plain:
        return SearchTerm((SearchField.EMAIL,), plain)
    phone = addresses.normalise_phone(plain, country) if _PHONE_CHARACTERS.fullmatch(plain) else None
    if phone is not None:
        return SearchTerm((SearchField.PHONE, SearchField.NUMBER), plain, phone=phone)
    words = plain.replace(",", " ").split()
    codes = [match[1] for word in (words[0], words[-1]) if (match := _POSTAL_CODE.fullmatch(word))] if words else []
    names = [word for word in words if not _POSTAL_CODE.fullmatch(word)]
    if len(names) > 1 and len(words) - len(names) <= 1 and any(map(str.isalpha, "".join(names))):
        return SearchTerm((SearchField.NAME,), " ".join(names), codes[0] if codes else "")
    return SearchTerm((SearchField.NUMBER,), plain)


def name_key(first: str | None, last: str | None) -> str | None:
    """Return a name in search form: lower case, last name first; None where one of them is missing."""
    return f"{_normalise(last)} {_normalise(first)}" if first and last else None


def find_members(connection: Connection, term: SearchTerm) -> Sequence[RowMapping]:
    """Return the matching contacts, at most `MAX_RESULTS` + 1; with a postal code only members who live there."""
    if not term.fields:
        return []
    matches = or_(*(_matches(field, term) for field in term.fields))
    query = select(CONTACT).where(matches).order_by(CONTACT.c.member_id).limit(MAX_RESULTS + 1)
    if term.postal_code:
        query = query.where(CONTACT.c.postal_code == term.postal_code)
    return connection.execute(query).mappings().all()


def _matches(by: SearchField, term: SearchTerm) -> ColumnElement[Any]:
    match by:
        case SearchField.NUMBER:
            return CONTACT.c.member_id.in_({term.text, term.text.replace(" ", "")})
        case SearchField.NAME:
            return or_(*(CONTACT.c.name_key == key for key in _possible_name_keys(term.text)), false())
        case SearchField.PHONE:
            return CONTACT.c.phone == term.phone
        case SearchField.EMAIL:
            return CONTACT.c.mailbox == (addresses.normalise_email(term.text) or "").lower()


def _possible_name_keys(term: str) -> Sequence[str]:
    """Return the search keys of a typed name.

    Each word in turn is taken as the start of the last name: `Anna Maria von Wright`.
    """
    words = _normalise(term).split()
    return [" ".join(words[place:] + words[:place]) for place in range(len(words))]


def _normalise(name: str | None) -> str:
    return " ".join((name or "").casefold().split())
