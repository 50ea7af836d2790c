"""Reason for an offer: the purchases that weighed most in its place, in a short form that the ledger keeps."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

_FORM: Final = re.compile(r"([a-z])(?:(\d+),(\d+))?")
_PLACE: Final = re.compile(r"(\d+)([a-z](?:\d+,\d+)?)?")


class OfferReasonKind(StrEnum):
    """Kind of a reason, by the letter that is kept; the words for members are texts of their own."""

    REGULAR = "r"
    """The member buys these goods at regular intervals: with days between purchases, and days since the last."""
    OFTEN = "o"
    """The goods stand in many of the member's baskets."""
    RECENT = "l"
    """The member bought these goods lately."""
    BRAND = "b"
    """The member buys other goods of this brand."""
    SIMILAR = "s"
    """The member buys goods like these: of the same type or category."""
    POPULAR = "p"
    """Many members buy these goods now."""
    NEW = "n"
    """The offer explores: the member has not bought such goods."""


@dataclass(frozen=True, slots=True)
class OfferReason:
    """Reason for an offer; `every_days` and `days_ago` belong to regular purchases only, both whole and rounded."""

    kind: OfferReasonKind
    every_days: int | None = None
    days_ago: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the reason of its short form, such as `r12,21` or `o`; raise ValueError for other text."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"no reason of an offer: {text!r}")
        numbers = (None, None) if match[2] is None else (int(match[2]), int(match[3]))
        return cls(OfferReasonKind(match[1]), *numbers)

    def __str__(self) -> str:
        numbers = "" if self.every_days is None else f"{self.every_days},{self.days_ago}"
        return f"{self.kind.value}{numbers}"


@dataclass(frozen=True, slots=True)
class ChosenOffer:
    """Offer of one message; `reason` is None for a member about whom no purchases may be used."""

    offer_id: str
    reason: OfferReason | None


def parse_chosen_offers(text: str | None, offer_ids: Sequence[str]) -> tuple[ChosenOffer, ...]:
    """Return the offers that a decision keeps, the best first.

    `text` has the number of each offer in the run's `offer_ids`, counted from 0, and its reason: `4r12,21 17p 0`.
    Raise ValueError for other text.
    """
    chosen = []
    for part in (text or "").split():
        match = _PLACE.fullmatch(part)
        if match is None:
            raise ValueError(f"no chosen offer: {part!r}")
        reason = None if match[2] is None else OfferReason.parse(match[2])
        chosen.append(ChosenOffer(offer_ids[int(match[1])], reason))
    return tuple(chosen)
