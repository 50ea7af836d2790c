"""Phrases that a language needs to describe a rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from campaigns.core.model.enums import Channel, Language, Purpose, Register
from campaigns.core.model.localised_text import Localised

AffirmedAndDenied = tuple[str, str]
"""Phrase affirmed and denied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """Format of numbers and dates. `price` is a pattern with the amount and the currency's sign."""

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
class WindowPhrases:
    """Phrases of time windows: the last `n` days, or from one date to another."""

    today: str
    since_yesterday: str
    days: str
    between: str
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePhrases:
    """Phrases of one language. `{}` is replaced; `{when}` is the place of the adverbs, `{what}` of the object.

    `messages` are objects of `received`; `whose` begins a clause about goods.
    """

    number_format: NumberFormat
    window_phrases: WindowPhrases
    conjunction: str
    disjunction: str
    negation: str
    field: str
    register: AffirmedAndDenied
    registers: Mapping[Register, str]
    audience: AffirmedAndDenied
    sample: AffirmedAndDenied
    birthday: AffirmedAndDenied
    birthday_days: Callable[[int], str]
    bought: AffirmedAndDenied
    bought_anything: AffirmedAndDenied
    shopped: AffirmedAndDenied
    goods: str
    whose: str
    all_spend: str
    any_brand: str
    spend_on: str
    once: str
    times: str
    received: AffirmedAndDenied
    clicked: AffirmedAndDenied
    link: AffirmedAndDenied
    of_campaign: str
    channels: Mapping[Channel, str]
    messages: Mapping[Purpose | None, AffirmedAndDenied]


def as_noun(meaning: Localised, language: Language) -> str:
    """Return the meaning with a lower-case first letter, unless it begins with an abbreviation."""
    text = meaning.text(language)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
