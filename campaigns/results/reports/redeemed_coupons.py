"""Redeemed coupons of a run, by offer and by arm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from campaigns.core.model.offer import Offer
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import redemptions


@dataclass(frozen=True, slots=True)
class RedeemedCoupons:
    """Coupons of one offer: the messages of the plan that hold one, those redeemed, and these by arm."""

    offer_id: str
    planned: int
    redeemed: int
    arms: Mapping[str, int] = field(default_factory=dict)


def redeemed_coupons(
    connection: Connection, run_number: int, counts: PlanCounts, offers: Mapping[str, Offer]
) -> Sequence[RedeemedCoupons]:
    """Return the offers of a run that have coupons, the most redeemed first.

    Every redemption counts, also of members who forbid the use of their purchases: a coupon tells nothing else.
    """
    planned = dict(zip(counts.offer_ids, counts.offer_sends, strict=True))
    by_arm = redemptions.redeemed_by_arm(connection, run_number)
    rows = []
    for offer_id, sends in planned.items():
        offer, arms = offers.get(offer_id), by_arm.get(offer_id, {})
        if arms or (sends and offer is not None and offer.coupon is not None):
            named = {arm: number for arm, number in arms.items() if arm}
            rows.append(RedeemedCoupons(offer_id, sends, sum(arms.values()), named))
    return sorted(rows, key=lambda row: (-row.redeemed, row.offer_id))
