"""How an e-mail address, a telephone number and a postal address are written in the ledger, and what is refused."""

import re
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
_JOINT: Final = re.compile(r"(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)")
_NOT_A_WORD: Final = re.compile(r"[^\w]+")
_FLAT: Final = frozenset({"as", "asunto", "bost", "bostad", "lgh"})


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

    `Katu 12 A as. 4`, `katu 12a 4` and `Katu 12 A 4` are one; flats stay apart.
    """
    if not street or not code:
        return None
    words = _NOT_A_WORD.sub(" ", _JOINT.sub(" ", street.casefold())).split()
    return f"{' '.join(word for word in words if word not in _FLAT)}|{code}"


def _too_short(number: phonenumbers.PhoneNumber, kind: int) -> bool:
    if number.country_code != _HOME_CODE or kind != PhoneNumberType.MOBILE:
        return False
    return len(phonenumbers.national_significant_number(number)) < _SHORTEST_MOBILE
