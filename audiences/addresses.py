"""How an e-mail address, a telephone number and a postal address are written in the ledger, and what is refused."""

import re
import unicodedata
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_HOME: Final = "FI"
_HOME_CODE: Final = 358
_SHORTEST_MOBILE: Final = 8  # significant digits: the library takes `+358401234` for a valid mobile (TW-04)
_PERSONAL: Final = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.VOIP,
    }
)
_POSTAL_CODE: Final = re.compile(r"\d{5}")
_SHORT: Final = re.compile(r"^(\D*[^\W\d])([ktgv])\.(?= ?\d)")  # before the number: not `bost. 4`
_WHOLE: Final = {"k": "katu", "t": "tie", "g": "gatan", "v": "vägen"}
_FROM_TO: Final = re.compile(r"\s*[-–/]\s*(?=\d)")
_HYPHEN: Final = re.compile("[-/]")
_NOT_A_WORD: Final = re.compile(r"[^\w/-]+")
_HOME_PARTS: Final = re.compile(
    r"(?P<street>(?:\d+ )?\D*[^\W\d]) ?(?P<number>\d+(?:[-/]\d+)?) ?(?P<stair>[a-zåäö](?![^\W\d]))? ?"
    r"(?:(?:asunto|as|huoneisto|lägenhet|lgh|bostad|bost|bst|apt|flat) ?)?(?P<flat>\d+ ?[a-zåäö]?)?"
)


def email(text: str) -> str | None:
    """The address with its domain in lower case ASCII (E-03, E-05), or None when it is none. Asks no DNS."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return found.ascii_email


def phone(text: str) -> str | None:
    """A person's number, mobile or fixed, as E.164, or None; without a country code it is a Finnish one."""
    try:
        number = phonenumbers.parse(text, _HOME)
    except NumberParseException:
        return None
    kind = phonenumbers.number_type(number)  # unknown for what is not a valid number
    if kind not in _PERSONAL or number.extension or _too_short(number, kind):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def postal_code(text: str) -> str | None:
    """A Finnish postal code, five digits (PR-01), or None."""
    return text if _POSTAL_CODE.fullmatch(text) and text.isascii() else None


def address_key(street: str | None, code: str | None) -> str | None:
    """The same text for all who share a letter box, however they write it (PR-07); None without street and code.

    `Hämeenk. 12 A as. 4`, `hämeenkatu 12a 4` and `Hämeenkatu 12 A 004` are one; flats stay apart. What has another form
    than street, number, stair and flat is its own key, in lower case without punctuation.
    """
    if not street or not code:
        return None
    written = _plain(street)
    found = _HOME_PARTS.fullmatch(written)
    if found is not None:
        flat = (found["flat"] or "").replace(" ", "").lstrip("0")
        written = " ".join(filter(None, (found["street"], found["number"], found["stair"], flat)))
    return f"{' '.join(_HYPHEN.sub(' ', written).split())}|{code}"


def _plain(street: str) -> str:
    """Lower case, abbreviations written out, punctuation gone, single spaces."""
    text = " ".join(unicodedata.normalize("NFKC", street).casefold().split())
    text = _SHORT.sub(lambda found: found[1] + _WHOLE[found[2]], text)
    return " ".join(_NOT_A_WORD.sub(" ", _FROM_TO.sub("-", text)).split())


def _too_short(number: phonenumbers.PhoneNumber, kind: int) -> bool:
    if number.country_code != _HOME_CODE or kind != PhoneNumberType.MOBILE:
        return False
    return len(phonenumbers.national_significant_number(number)) < _SHORTEST_MOBILE
