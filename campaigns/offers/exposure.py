"""Exposure of offers over a run: no offer takes far more places than its even share, and none is left out.

Each offer has a handicap on the scale of the scores (log odds). It is found in rounds on a sample of the recipients, as
a price is found in a market: raised while an offer has too many places, lowered while it has too few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Final

from campaigns.offers.selection import VariantOffers, distinct_offers

LARGEST_SHARE: Final = 4.0
"""Cap: an offer takes at most so many times its even share of the places."""
SMALLEST_SHARE: Final = 0.1
"""Floor: an offer takes at least this part of its even share, from the recipients whom it fits best."""
ROUNDS: Final = 14
_STEP: Final = 0.6
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

    def next_handicaps(self, handicaps: Sequence[float], places: Sequence[int]) -> list[float]:
        """Return the handicaps for the next round, from those of a round and the places it gave."""
        return [_next(*values) for values in zip(handicaps, places, self.floors, self.caps, strict=True)]


def _next(handicap: float, places: int, floor: float, cap: float) -> float:
    """Move a handicap towards the limits; back towards none while its offer is between them."""
    count = max(places, _LEAST_COUNT)
    if cap and places > cap:
        return handicap + _STEP * log(count / cap)
    if places < floor:
        return handicap - _STEP * log(floor / count)
    if handicap > 0 and cap:
        return max(0.0, handicap + _STEP * log(count / cap))
    if handicap < 0:
        return min(0.0, handicap + _STEP * log(count / floor))
    return handicap
