"""Normal form of e-mail addresses, telephone numbers and postal addresses in the ledger, and their validation."""

import re
import unicodedata
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

FINLAND: Final = "FI"
_COUNTRY_CODE: Final = 358
_MIN_MOBILE_DIGITS: Final = 8  # significant digits; the library accepts `+358401234` as a mobile (TW-04)
_PERSONAL: Final = frozenset(
    {
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.VOIP,
    }
)
_ABBREVIATION: Final = re.compile(r"^(\D*[^\W\d])([ktgv])\.(?= ?\d)")  # before the number: not `bost. 4`
_LONG_FORMS: Final = {"k": "katu", "t": "tie", "g": "gatan", "v": "vägen"}
_NUMBER_RANGE: Final = re.compile(r"\s*[-–/]\s*(?=\d)")
_HYPHEN: Final = re.compile("[-/]")
_PUNCTUATION: Final = re.compile(r"[^\w/-]+")
_STREET_PARTS: Final = re.compile(
    r"(?P<street>(?:\d+ )?\D*[^\W\d]) ?(?P<number>\d+(?:[-/]\d+)?) ?(?P<stair>[a-zåäö](?![^\W\d]))? ?"
    r"(?:(?:asunto|as|huoneisto|lägenhet|lgh|bostad|bost|bst|apt|flat) ?)?(?P<flat>\d+ ?[a-zåäö]?)?"
)


def normalise_email(text: str) -> str | None:
    """Return the address with its domain in lower-case ASCII (E-03, E-05), or None when invalid. Asks no DNS."""
    try:
        validated = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return validated.ascii_email


def normalise_phone(text: str, country: str = FINLAND) -> str | None:
    """Return a person's number, mobile or fixed, as E.164, or None. Without a country code it is one of `country`."""
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        return None
    kind = phonenumbers.number_type(number)  # unknown for an invalid number
    if kind not in _PERSONAL or number.extension or _is_too_short(number, kind):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def address_key(street: str | None, code: str | None) -> str | None:
    """Return one key for all spellings of a letter box (PR-07); None without street and code.

    `Hämeenk. 12 A as. 4`, `hämeenkatu 12a 4` and `Hämeenkatu 12 A 004` have one key; flats differ. Any other form than
    street, number, stair and flat is its own key, in lower case without punctuation.
    """
    if not street or not code:
        return None
    normalised = _normalise_street(street)
    parts = _STREET_PARTS.fullmatch(normalised)
    if parts is not None:
        flat = (parts["flat"] or "").replace(" ", "").lstrip("0")
        normalised = " ".join(filter(None, (parts["street"], parts["number"], parts["stair"], flat)))
    return f"{' '.join(_HYPHEN.sub(' ', normalised).split())}|{code}"


def _normalise_street(street: str) -> str:
    """Return the street in lower case, abbreviations written out, without punctuation, with single spaces."""
    text = " ".join(unicodedata.normalize("NFKC", street).casefold().split())
    text = _ABBREVIATION.sub(lambda part: part[1] + _LONG_FORMS[part[2]], text)
    return " ".join(_PUNCTUATION.sub(" ", _NUMBER_RANGE.sub("-", text)).split())


def _is_too_short(number: phonenumbers.PhoneNumber, kind: int) -> bool:
    if number.country_code != _COUNTRY_CODE or kind != PhoneNumberType.MOBILE:
        return False
    return len(phonenumbers.national_significant_number(number)) < _MIN_MOBILE_DIGITS
