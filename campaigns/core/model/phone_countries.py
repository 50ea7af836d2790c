"""Countries of telephone numbers, and which of them text messages and calls may reach."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType
from pydantic import AfterValidator

from campaigns.core.model.localised_text import FormatError

_FINNISH: Final = "+358"
_FINNISH_MOBILES: Final = ("+3584", "+35850")
_TERRITORIES: Final = {"AX": "FI", "SJ": "NO"}  # numbered and priced as the country that they belong to
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_FIXED: Final = PhoneNumberType.FIXED_LINE


def _check_country(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise FormatError("a country is two capital letters of ISO 3166", "`FI`")
    return _TERRITORIES.get(code, code)


CountryCode = Annotated[str, AfterValidator(_check_country)]
"""Country in ISO 3166; Åland belongs to Finland, and Svalbard to Norway."""


def phone_class(number: str | None) -> str | None:
    """Return country and kind of an E.164 number: `FI mobile`, `SE fixed`; `FI other` for premium rate and the like.

    None without a number, and for numbers of no country, such as satellites (+881, +882).
    """
    if not number:
        return None
    if number.startswith(_FINNISH):  # nearly all of them: as fast as can be
        return "FI mobile" if number.startswith(_FINNISH_MOBILES) else _parsed_class(number)
    return _parsed_class(number)


def takes_text_messages(number: str, countries: Iterable[str]) -> bool:
    """Return whether a number is a mobile one of a country in `countries`."""
    return phone_class(number) in mobile_classes(countries)


def mobile_classes(countries: Iterable[str]) -> list[str]:
    """Return the classes of numbers that text messages may go to."""
    return [f"{country} mobile" for country in countries]


def callable_classes(countries: Iterable[str]) -> list[str]:
    """Return the classes of numbers that may be called."""
    return [f"{country} {kind}" for country in countries for kind in ("mobile", "fixed")]


@lru_cache(maxsize=4096)
def _parsed_class(number: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number)
    except NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    if region not in phonenumbers.SUPPORTED_REGIONS:
        return None
    number_type = phonenumbers.number_type(parsed)
    kind = "mobile" if number_type in _MOBILE else "fixed" if number_type == _FIXED else "other"
    return f"{_TERRITORIES.get(region, region)} {kind}"
