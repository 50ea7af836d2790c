"""Exposure of offers over a run: no offer takes far more places than its even share, and none is left out.

Each offer has a handicap on the scale of the scores (log odds). It is found in rounds on a sample of the recipients, as
a price is found in a market: raised while an offer has too many places, lowered while it has too few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from campaigns.offers.selection import VariantOffers, distinct_offers

LARGEST_SHARE: Final = 2.5
"""Cap: an offer takes at most so many times its even share of the places."""
SMALLEST_SHARE: Final = 0.2
"""Floor: an offer takes at least this part of its even share, from the recipients whom it fits best."""
STEPS: Final = tuple(0.8 * 0.9**number for number in range(30))
"""Largest change of a handicap in each round."""
_LEAST_COUNT: Final = 0.5


@dataclass(frozen=True, slots=True)
class ExposureLimits:
    """Numbers of places in the sample, by the number of an offer: at least `floors`, at most `caps`."""

    floors: Sequence[float]
    caps: Sequence[float]

    @classmethod
    def of_sample(cls, variant_offers: Mapping[str, VariantOffers], recipients: Mapping[str, int]) -> "ExposureLimits":
        """Return the limits for `recipients`, the sampled number of each variant."""
        numbers = {offer.id: number for number, offer in enumerate(distinct_offers(variant_offers))}
        even, most = [0.0] * len(numbers), [0.0] * len(numbers)
        for name, selected in variant_offers.items():
            count, offers = recipients.get(name, 0), selected.offers
            for offer in offers:
                even[numbers[offer.id]] += count * min(1.0, selected.choice.at_most / len(offers))
                most[numbers[offer.id]] += count
        caps = [min(LARGEST_SHARE * share, limit) for share, limit in zip(even, most, strict=True)]
        return cls([SMALLEST_SHARE * share for share in even], caps)

    def next_handicaps(self, handicaps: Sequence[float], places: Sequence[int], step: float) -> list[float]:
        """Return the handicaps for the next round, from those of a round and the places it gave."""
        rows = zip(handicaps, places, self.floors, self.caps, strict=True)
        return [
            handicap + step * max(-1.0, min(1.0, _excess(handicap, count, floor, cap)))
            for handicap, count, floor, cap in rows
        ]


def _excess(handicap: float, places: int, floor: float, cap: float) -> float:
    """Return the logarithm by which the places of an offer are over its cap, or (below zero) under its floor.

    An offer between its limits has none; its handicap goes back towards zero as far as the limits let it.
    """
    count = max(places, _LEAST_COUNT)
    over, under = log(count / cap) if cap else 0.0, log(count / floor) if floor else 0.0
    if over > 0 or handicap > 0:
        return over
    return min(under, 0.0) if handicap >= 0 else under
