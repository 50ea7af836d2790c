"""Codes of the coupons of one run: the offers of its plan with the keys that the plan chose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from campaigns.core.coupon_keys import CouponKeys
from campaigns.core.model.coupon import CodeFormat, CouponKind
from campaigns.core.model.offer import Offer
from campaigns.offers.coupons.coupon_codes import CodeMaker, CouponCode, coupon_code


@dataclass(frozen=True, slots=True)
class RunCoupons:
    """Coupons of a run: `offer_ids` and `key_numbers` (by pool) are those of its plan's counts."""

    run_id: str
    offer_ids: Sequence[str]
    key_numbers: Mapping[str, int]
    keys: CouponKeys
    prefix: int
    _makers: dict[str, CodeMaker] = field(default_factory=dict, init=False, repr=False, compare=False)

    def code(self, offer: Offer, position: int) -> CouponCode:
        """Return the code of an offer in the message at this position: the same one whenever it is composed.

        Raise UserError when the pool's key is missing, so that no message goes out without its code.
        """
        pool, code_format = code_parts(offer)
        return coupon_code(self.maker(pool), code_format, position, self.offer_ids.index(offer.id))

    def maker(self, pool: str) -> CodeMaker:
        """Return the maker of a pool's codes."""
        if pool not in self._makers:
            key = self.keys.numbered(pool, self.key_numbers.get(pool, 0))
            self._makers[pool] = CodeMaker(key, self.run_id, len(self.offer_ids), self.prefix)
        return self._makers[pool]


def code_parts(offer: Offer) -> tuple[str, CodeFormat]:
    """Return pool and format of an offer whose coupon has a code; raise ValueError for another offer."""
    coupon = offer.coupon
    if coupon is None or coupon.pool is None or coupon.format is None:
        raise ValueError(f"offer {offer.id} has no coupon with a code")
    return coupon.pool, coupon.format


def newest_key_numbers(offers: Iterable[Offer], keys: CouponKeys) -> Mapping[str, int]:
    """Return the numbers of the keys that make the codes of a plan, by pool; raise UserError when one has none."""
    coupons = [offer.coupon for offer in offers if offer.coupon is not None]
    pools = {coupon.pool for coupon in coupons if coupon.kind is CouponKind.CODE and coupon.pool is not None}
    return {pool: keys.newest(pool).number for pool in sorted(pools)}
