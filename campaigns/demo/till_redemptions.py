"""Redemptions of the demonstration's coupons: a small file as tills would send it, made from what was delivered."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from audiences.imports.import_report import ImportReport
from campaigns.core.model.coupon import CouponKind
from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.core.private_files import make_private_folder, write_private
from campaigns.demo.data.seeded_random import happens
from campaigns.results.redemptions.coupon_export import CouponExport
from campaigns.results.redemptions.import_redemptions import import_redemptions
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import redemptions
from campaigns.store.runs.states import DeliveryState

_COLUMNS: Final = ("run", "offer_id", "member_id", "code", "redeemed_at", "amount")
_REDEEMED: Final = 0.25


def import_till_file(engine: Engine, run_id: str) -> ImportReport:
    """Import redemptions of every fourth coupon of a run, as its tills would send them.

    The file is written once: a repeated demonstration imports it again, which changes nothing.
    """
    file = engine.context.workspace.data / "demo" / f"redemptions-{run_id}.csv"
    if not file.exists():
        make_private_folder(file.parent)
        write_private(file, _csv(CouponExport.open(engine, run_id)).encode())
    return import_redemptions(engine, file)


def _csv(export: CouponExport) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_rows(export))
    return text.getvalue()


def _rows(export: CouponExport) -> Iterator[Mapping[str, str]]:
    context, run = export.engine.context, export.run
    places = ((run.number or 0, position) for position in range(1, PlanCounts.from_json(run.counts).sent + 1))
    with context.ledger.read() as connection:
        messages = redemptions.messages_at(connection, places)
    redeemed_at = context.clock.now().replace(microsecond=0).isoformat()
    for message in messages.values():
        if message.state != DeliveryState.ACCEPTED:
            continue
        for chosen in parse_chosen_offers(message.offers, export.coupons.offer_ids)[:1]:  # a text names no other
            offer = export.offers.get(chosen.offer_id)
            if offer is None or offer.coupon is None or not happens(_REDEEMED, "redeems", message.member_id, offer.id):
                continue
            is_code = offer.coupon.kind is CouponKind.CODE
            coupon = (
                {"code": export.coupons.code(offer, message.position).text}
                if is_code
                else {"member_id": message.member_id}
            )
            yield {
                "run": run.run_id,
                "offer_id": offer.id,
                "redeemed_at": redeemed_at,
                "amount": str(offer.price),
                **coupon,
            }
