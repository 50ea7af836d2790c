"""Order of the offers of one message: the best first, and no picture beside itself where another order can help it."""

from collections import Counter
from collections.abc import Sequence

from campaigns.core.model.offer import Offer

_BESIDE = 1
_BESIDE_OR_BELOW = 2  # offers stand in pairs: the neighbours of one are the next and the one after it


def order_by_picture(offers: Sequence[Offer]) -> Sequence[Offer]:
    """Return the offers so that no two in a row have one picture, if any order does that; else as they are.

    Each place takes the first offer that leaves such an order for the rest, and rather one whose picture is not among
    the two before it: in pairs, the second of them stands above.
    """
    if len({offer.image for offer in offers}) == len(offers):  # as in most messages
        return offers
    pictures = Counter(offer.image for offer in offers)
    if max(pictures.values()) > (len(offers) + 1) // 2:
        return offers
    rest, ordered = list(offers), list[Offer]()
    while rest:
        candidates = [offer for offer in rest if _leaves_an_order(offer.image, pictures, len(rest) - 1, ordered)]
        above = {offer.image for offer in ordered[-_BESIDE_OR_BELOW:]}
        chosen = next((offer for offer in candidates if offer.image not in above), candidates[0])
        rest.remove(chosen)
        pictures[chosen.image] -= 1
        ordered.append(chosen)
    return ordered


def _leaves_an_order(image: str, pictures: Counter[str], places: int, ordered: Sequence[Offer]) -> bool:
    """Return whether a picture differs from the one before it and the rest can still stand apart in `places`."""
    if any(offer.image == image for offer in ordered[-_BESIDE:]):
        return False
    others_fit = all(count <= (places + 1) // 2 for name, count in pictures.items() if name != image)
    return others_fit and pictures[image] - 1 <= places // 2
