"""Tables of redeemed coupons, by offer and by arm."""

from collections import Counter
from typing import TYPE_CHECKING

from campaigns.cli import output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from campaigns.cli.output_phrases import Phrases
    from campaigns.results.reports.redeemed_coupons import RedeemedCoupons


def print_coupons(coupons: "Sequence[RedeemedCoupons]", phrases: "Phrases") -> None:
    """Print how many coupons of each offer were redeemed; nothing for a run without coupons."""
    if not coupons:
        return
    rows = [(each.offer_id, *_counts(each.redeemed, each.planned, phrases)) for each in coupons]
    if len(coupons) > 1:
        redeemed, planned = sum(each.redeemed for each in coupons), sum(each.planned for each in coupons)
        rows.append((phrases.text("all"), *_counts(redeemed, planned, phrases)))
    head = phrases.texts("offer", "coupons", "redeemed", "share")
    output.print_table(f"\n{phrases.text('Redeemed coupons')}", head, rows)
    arms: Counter[str] = Counter()
    for each in coupons:
        arms.update(each.arms)
    if arms:
        output.print_table("", phrases.texts("arm", "redeemed"), sorted(arms.items()))


def coupons_as_json(coupons: "Sequence[RedeemedCoupons]") -> dict[str, object]:
    """Return redeemed coupons for scripts: in all, and by offer."""
    by_offer = [
        {
            "offer": each.offer_id,
            "planned": each.planned,
            "redeemed": each.redeemed,
            "rate": each.redeemed / each.planned if each.planned else None,
            "arms": each.arms or None,
        }
        for each in coupons
    ]
    return {"redeemed": sum(each.redeemed for each in coupons), "by_offer": by_offer}


def _counts(redeemed: int, planned: int, phrases: "Phrases") -> tuple[int, int, str]:
    return planned, redeemed, phrases.share(redeemed, planned)
