"""Offers that cannot stand as they are: their address is not ours, or their goods have two prices on one day."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Final
from urllib.parse import urlsplit

from campaigns.core.errors import Problem, closest_match
from campaigns.core.model.localised_text import Localised
from campaigns.core.model.offer import Offer
from campaigns.core.yaml.located import Located

_MAX_LISTED: Final = 3
_LocatedOffer = tuple[Offer, Located]


def is_of_site(address: str, sites: Collection[str]) -> bool:
    """Return whether an address with `https` is on one of the sites, or on a subdomain of one."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme == "https" and any(host == site or host.endswith(f".{site}") for site in sites)


def foreign_addresses(offers: Iterable[_LocatedOffer], sites: Collection[str]) -> Iterator[Problem]:
    """Yield the addresses of offers that lead to a site which the settings do not name."""
    for offer, at in offers:
        if offer.url is None or is_of_site(offer.url, sites):
            continue
        host = urlsplit(offer.url).hostname or ""
        place = at.part("url").place
        if not sites:
            message = f"the settings name no site that offers lead to, and this one leads to `{host}`"
            yield Problem(place, message, "foreign_address", f"`offer_sites: [{host}]` in config/settings.yaml")
        else:
            listed = ", ".join(f"`{site}`" for site in list(sites)[:_MAX_LISTED])
            message = f"`{host}` is none of the sites that offers lead to: {listed}"
            hint = closest_match(host, sites) or "another address, or name the site in `offer_sites` of the settings"
            yield Problem(place, message, "foreign_address", hint)


def overlapping_offers(offers: Iterable[_LocatedOffer]) -> Iterator[Problem]:
    """Yield the offers whose goods have another price on the same day in an offer before, each once.

    Goods are the same by a product that both offers name, or by the whole title. A price in another unit, such as one
    for two, is another price, and so is one with a coupon.
    """
    same: dict[Hashable, list[_LocatedOffer]] = {}
    for offer, at in offers:
        for key in _keys(offer):
            same.setdefault(key, []).append((offer, at))
    reported: set[str] = set()
    for listed in same.values():
        for (offer, at), (other, other_at) in _conflicts(listed):
            if offer.id in reported:
                continue
            reported.add(offer.id)
            message = (
                f"`{offer.id}` costs {offer.price}, and `{other.id}` offers the same goods "
                f"on the same days for {other.price}"
            )
            hint = f"one price, or other days; `{other.id}` stands on line {other_at.part('id').place.line}"
            yield Problem(at.part("price").place, message, "overlapping_offers", hint)


def _keys(offer: Offer) -> Iterator[Hashable]:
    terms = (_texts(offer.unit), offer.coupon is not None)
    kind = (offer.department, offer.product_category, offer.product_type, offer.brand)
    yield (_texts(offer.title), kind, terms)
    yield from ((product, terms) for product in offer.products)


def _texts(text: Localised | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(part.casefold() for part in text.model_dump().values())


def _conflicts(listed: Sequence[_LocatedOffer]) -> Iterator[tuple[_LocatedOffer, _LocatedOffer]]:
    """Yield pairs of overlapping offers of one kind of goods with different prices, the later in the file first."""
    numbered = sorted(enumerate(listed), key=lambda each: each[1][0].valid_from)
    latest = numbered[0]
    for each in numbered[1:]:
        (offer, _), (running, _) = each[1], latest[1]
        if offer.valid_from <= running.valid_to and offer.price != running.price:
            first, second = sorted((each, latest), key=itemgetter(0))
            yield second[1], first[1]
        if offer.valid_to > running.valid_to:
            latest = each
