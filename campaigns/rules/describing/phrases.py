"""Phrases that a language needs to describe a rule."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Self

from campaigns.core.model.enums import Channel, Language, Purpose, Register
from campaigns.core.model.localised_text import Localised

AffirmedAndDenied = tuple[str, str]
"""Phrase affirmed and denied."""


_SPOKEN: Final = (
    *("negation", "field", "register", "audience", "sample", "birthday"),
    *("bought", "bought_anything", "shopped", "received", "clicked", "redeemed"),
)
"""Phrases that name the member."""


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

    `messages` are objects of `received`; `whose` begins a clause about goods. `named_goods` are goods by the names of
    their groups, `unnamed_goods`, `unnamed_spend` and `unnamed_value` stand where nothing has a name for members;
    `receiver` are the words for a receiver in place of those for a member.
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
    redeemed: AffirmedAndDenied
    coupon: AffirmedAndDenied
    of_offer: str
    channels: Mapping[Channel, str]
    messages: Mapping[Purpose | None, AffirmedAndDenied]
    named_goods: str
    unnamed_goods: str
    unnamed_spend: str
    quoted: str
    unnamed_value: str
    receiver: Mapping[str, str]

    def for_receivers(self) -> Self:
        """Return the phrases as the receiver of a message reads them: of a receiver, not of a member."""
        words = {re.compile(rf"\b{word}\b"): other for word, other in self.receiver.items()}
        texts = {name: value for name in _SPOKEN for value in [getattr(self, name)]}
        return replace(self, **{name: _replaced(value, words) for name, value in texts.items()})


def as_noun(meaning: Localised, language: Language) -> str:
    """Return the meaning with a lower-case first letter, unless it begins with an abbreviation."""
    text = meaning.text(language)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _replaced(value: Any, words: Mapping[re.Pattern[str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_replaced(text, words) for text in value)
    for word, other in words.items():
        value = word.sub(other, value)
    return value
