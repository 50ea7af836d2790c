"""What a language has to have words for, to say a rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from campaigns.core.model.enums import Channel, Language, Purpose, Register
from campaigns.core.model.localised_text import Localised

Pair = tuple[str, str]
"""Affirmed and denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """How numbers and dates are written. A price is a pattern with the amount and the currency's sign."""

    decimal_sign: str
    thousands: str
    price: str
    sign_first: bool
    percent: str
    to: str
    day: Callable[[date], str]
    yes: str
    no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How windows are said: by `n` days, and from one date to another."""

    today: str
    since_yesterday: str
    days: str
    between: str
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The words of one language. `{}` is replaced; `{when}` stands where the adverbs do, `{what}` for the object.

    `messages` are objects of `received`, `whose` begins a clause about goods.
    """

    numbers: Numbers
    spans: Spans
    conjunction: str
    disjunction: str
    untrue: str
    field: str
    register: Pair
    registers: Mapping[Register, str]
    audience: Pair
    sample: Pair
    birthday: Pair
    birthday_days: Callable[[int], str]
    bought: Pair
    bought_anything: Pair
    shopped: Pair
    goods: str
    whose: str
    all_spend: str
    any_brand: str
    spend_on: str
    once: str
    times: str
    received: Pair
    clicked: Pair
    link: Pair
    of_campaign: str
    channels: Mapping[Channel, str]
    messages: Mapping[Purpose | None, Pair]


def noun(meaning: Localised, language: Language) -> str:
    """The meaning with a small first letter, unless it begins with an abbreviation."""
    text = meaning.text(language)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
