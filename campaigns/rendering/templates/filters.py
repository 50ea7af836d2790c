"""Template filters that format money, numbers and dates in each language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from campaigns.core.model.enums import Language

LOCALES: Final = {Language.FI: "fi_FI", Language.SV: "sv_FI", Language.EN: "en_GB"}

_DAYS: Final[Mapping[str, Mapping[Language, str]]] = {
    "short": {Language.FI: "d.M.y", Language.SV: "d.M.y", Language.EN: "d MMM y"},
    "long": {Language.FI: "d. MMMM y", Language.SV: "d MMMM y", Language.EN: "d MMMM y"},
    "day": {Language.FI: "d.M.", Language.SV: "d.M", Language.EN: "d MMM"},
    "weekday": {Language.FI: "EEE d.M.", Language.SV: "EEE d.M", Language.EN: "EEE d MMM"},
    "of_month": {Language.FI: "d.", Language.SV: "d", Language.EN: "d"},
    "month": {Language.FI: "LLLL", Language.SV: "LLLL", Language.EN: "LLLL"},
}

_CLOCKS: Final = {Language.FI: "%H.%M", Language.SV: "%H.%M", Language.EN: "%H:%M"}
_MAX_PLACES: Final = 9

Filter = Callable[..., str]


@lru_cache(maxsize=16)
def template_filters(language: Language, currency: str) -> Mapping[str, Filter]:
    """Return the filters by their name in templates: `money`, `number`, `percent`, `date`, `period`, `sentence`.

    Numbers are Decimal or int, days are dates; TypeError for anything else. `number` takes an optional number of
    decimals; `date` takes a style: short, long, day, weekday, of_month or month; `period` takes the last day;
    `sentence` gives a clause a capital letter. Results
    hold no-break spaces where the language requires them. Results are cached: a campaign formats the same few prices
    and days millions of times.
    """
    formatter = _Formatter(language, currency)
    by_name: Mapping[str, Filter] = {
        "money": formatter.money,
        "number": formatter.number,
        "percent": formatter.percent,
        "date": formatter.day,
        "period": formatter.period,
        "sentence": _sentence,
    }
    return {name: lru_cache(maxsize=4096, typed=True)(function) for name, function in by_name.items()}


def clock_time(at: datetime, language: Language) -> str:
    """Return hours and minutes as the language writes them: 11.20, or 11:20 in English."""
    return f"{at:{_CLOCKS[language]}}"


def _sentence(clause: Any) -> Any:
    if clause is None:
        return None  # stops the message with the words for every empty value
    if not isinstance(clause, str):
        raise TypeError(f"a text was wanted, not {type(clause).__name__}")
    return clause[:1].upper() + clause[1:]


@dataclass(frozen=True, slots=True)
class _Formatter:
    """Formatter of values in one language."""

    language: Language
    currency: str

    @property
    def locale(self) -> str:
        return LOCALES[self.language]

    def money(self, amount: Decimal | int) -> str:
        return format_currency(_number(amount), self.currency, locale=self.locale)

    def number(self, value: Decimal | int, places: int = 0) -> str:
        if not 0 <= places <= _MAX_PLACES:
            raise TypeError(f"`number` has at most {_MAX_PLACES} decimals")
        pattern = f"#,##0.{'0' * places}" if places else None
        return format_decimal(_number(value), pattern, locale=self.locale)

    def percent(self, share: Decimal | int) -> str:
        return format_percent(_number(share), locale=self.locale)

    def day(self, value: date, style: str = "short") -> str:
        if style not in _DAYS:
            raise TypeError(f"`date` has no style `{style}`: it is one of {', '.join(_DAYS)}")
        return format_date(_day(value), _DAYS[style][self.language], locale=self.locale)

    def period(self, first: date, last: date) -> str:
        end = self.day(last)
        if _day(first) == last:
            return end
        style = "short" if first.year != last.year else "day" if first.month != last.month else "of_month"
        beginning = self.day(first, style)
        return f"{beginning} – {end}" if " " in beginning else f"{beginning}–{end}"


def _number(value: object) -> Decimal | int:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"a number was wanted, not {type(value).__name__}")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date):
        raise TypeError(f"a date was wanted, not {type(value).__name__}")
    return value
