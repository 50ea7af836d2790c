"""Description of `redeemed`."""

from campaigns.core.model.condition import RedemptionCondition
from campaigns.rules.describing.adverbs import fill_pattern, window_phrase
from campaigns.rules.describing.describer import Describer


def describe_redemptions(redemptions: RedemptionCondition, describer: Describer, *, denied: bool) -> str:
    """Return the clause that describes the condition."""
    phrases = describer.phrases
    coupon = phrases.coupon[denied]
    if redemptions.offer is not None:
        coupon = phrases.of_offer.format(coupon=coupon, offer=redemptions.offer)
    return fill_pattern(phrases.redeemed[denied], coupon, window_phrase(redemptions.window, describer))
