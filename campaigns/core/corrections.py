"""Corrections of values as people write them: decimal commas, Finnish dates and units, names with spaces.

A correction is a hint for the author. Nothing is read in its place.
"""

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

_DATE: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_TIME: Final = re.compile(r"(?:klo|kl\.?|at|T)?\s*(\d{1,2})(?:[.:](\d{2}))?\s*$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d{1,3}(?:[ \u00a0]\d{3})+|\d{1,12}(?:[.,]\d{1,6})?")
_MULTIPLE: Final = re.compile(r"(?<=\d)\s*(k|tkr|tuhatta|tusen|thousand|M|milj|miljoonaa|mn|million|miljoner)\b\.?")
_MILLIONS: Final = frozenset({"M", "milj", "miljoonaa", "mn", "million", "miljoner"})
_UNITS: Final = {
    "minute": ("min", "minuuttia", "minuutti", "minuter", "minut", "minutes", "m"),
    "hour": ("h", "t", "tuntia", "tunti", "timmar", "timme", "tim", "hrs", "hours"),
    "day": ("d", "pv", "päivää", "päivä", "vrk", "dagar", "dag", "dygn", "days"),
    "week": ("w", "vk", "viikkoa", "viikko", "veckor", "vecka", "v", "weeks"),
}
_DAYS: Final = {
    **dict.fromkeys(("kk", "kuukausi", "kuukautta", "mån", "månad", "månader", "month", "months"), 30),
    **dict.fromkeys(("vuosi", "vuotta", "år", "y", "year", "years"), 365),
}
_UNIT_BY_WORD: Final = {word: unit for unit, words in _UNITS.items() for word in (unit, *words)}
_DURATION: Final = re.compile(r"(\d{1,5})\s*(\w*)\.?")


def correct_number(text: object) -> str:
    """Return the number that a text holds, with a decimal point; empty when it holds none, or several."""
    numbers = _NUMBER.findall(text) if isinstance(text, str) else []
    if len(numbers) != 1 or re.search(r"\d[.,]\d*[.,]|-|>|<", str(text)):
        return ""
    number = re.sub(r"[ \u00a0]", "", numbers[0]).replace(",", ".")
    multiple = _MULTIPLE.search(str(text))
    factor = 1 if multiple is None else 1_000_000 if multiple[1] in _MILLIONS else 1000
    with suppress(InvalidOperation):
        return f"{Decimal(number) * factor:f}" if factor == 1 else f"{(Decimal(number) * factor).to_integral_value():f}"
    return ""


def correct_date(text: object) -> str:
    """Return a day written like `24.12.2026` as `2026-12-24`; empty for any other text."""
    match = _DATE.search(text) if isinstance(text, str) else None
    if match is None:
        return ""
    with suppress(ValueError):
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
    return ""


def correct_moment(text: object) -> str:
    """Return a moment written like `24.12.2026 klo 10` as `2026-12-24 10:00`; empty for any other text."""
    day = correct_date(text)
    time = _TIME.search(_DATE.sub("", str(text))) if day else None
    if time is None or int(time[1]) > 23 or int(time[2] or 0) > 59:
        return ""
    return f"{day} {int(time[1]):02}:{time[2] or '00'}"


def correct_duration(text: object) -> str:
    """Return a span like `14 päivää`, `7d`, `90` or `1 kk` in days or a known unit; empty when its unit is unknown."""
    match = _DURATION.fullmatch(str(text).strip().casefold())
    if match is not None and match[2] in _DAYS:
        return f"{int(match[1]) * _DAYS[match[2]]} days"
    unit = None if match is None else _UNIT_BY_WORD.get(match[2], "day" if not match[2] else None)
    if match is None or unit is None:
        return ""
    return f"{int(match[1])} {unit}{'' if int(match[1]) == 1 else 's'}"


def correct_percentage(value: object) -> str:
    """Return a share like `5`, `2,5 %` or `0,05` as `5 percent`; empty above 100."""
    number = correct_number(str(value))
    if not number or Decimal(number) > 100:
        return ""
    is_fraction = Decimal(number) < 1 and not re.search("%|[a-z]", str(value).casefold())
    return f"{(Decimal(number) * 100).normalize():f} percent" if is_fraction else f"{number} percent"


def correct_name(text: object) -> str:
    """Return a text as a name of small letters, digits and `_`; empty when nothing is left of it."""
    stem = re.sub(r"\.(?:mjml|txt|typ|yaml|yml|html|md|j2)$", "", str(text).casefold())
    plain = stem.translate(str.maketrans("åäö", "aao"))
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return name if re.fullmatch(r"[a-z][a-z0-9_]*", name) else ""
