"""File for the tills: the coupons of a run's messages that were sent, one a row."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Self

from sqlalchemy import Select, and_, exists, or_

from audiences.tables import CHOICES, CONTACT
from campaigns.core.csv_cells import inert_cell
from campaigns.core.errors import UserError
from campaigns.core.model.coupon import CouponKind
from campaigns.core.model.offer import Offer
from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.offers.coupons.run_coupons import RunCoupons
from campaigns.results.reports.campaign_runs import find_run
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.people import audit
from campaigns.store.runs import delivery_events, redemptions
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.redemptions import CouponMessage
from campaigns.store.runs.run_tables import DECISION, DELIVERY, Run
from campaigns.store.runs.states import DeliveryState

COLUMNS: Final = ("run", "offer_id", "member_id", "code_sha256", "valid_from", "valid_to")
OFFER_COLUMNS: Final = (
    *("run", "offer_id", "offer_number", "offers", "messages"),
    *("kind", "format", "pool", "key", "valid_from", "valid_to"),
)
_PAGE: Final = 5000


@dataclass
class CouponExport:
    """Export of one run's coupons; `rows` counts the rows that were written so far."""

    engine: Engine
    run: Run
    offers: Mapping[str, Offer]
    coupons: RunCoupons
    rows: int = 0

    @classmethod
    def open(cls, engine: Engine, name: str) -> Self:
        """Return the export of a run, or of a campaign's last one.

        Raise UserError when there is none of that name, or when its offers have no coupons.
        """
        run = find_run(engine, name)
        counts = PlanCounts.from_json(run.counts)
        planned = engine.run_definitions.definition(run)[1] if counts.offer_ids else {}
        offers = {offer_id: offer for offer_id, offer in planned.items() if offer.coupon is not None}
        if not offers:
            message, hint = "the offers of this run have no coupons", "`coupon: {kind: card}` in config/offers.yaml"
            raise UserError.about(run.run_id, message, "no_coupons", hint)
        context = engine.context
        prefix = context.settings.coupons.prefix
        coupons = RunCoupons(run.run_id, counts.offer_ids, counts.coupon_keys, context.coupon_keys, prefix)
        return cls(engine, run, offers, coupons)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the CSV file, some thousand messages at a time.

        A coupon is there when its message was accepted, or may have been, and did not come back; a member who stopped
        messages since then keeps it. Restricted, dead and erased members are left out (GD-12, GD-13). Raise UserError
        when the key of a code is missing.
        """
        yield _line(COLUMNS)
        after = 0
        while True:
            with self.engine.context.ledger.read() as connection:
                messages = [CouponMessage(*row) for row in connection.execute(_for_tills(self.run.number or 0, after))]
            if not messages:
                return
            after = messages[-1].position
            yield "".join(_line(row) for message in messages for row in self._rows(message))

    def offer_lines(self) -> Iterator[str]:
        """Yield the lines of a CSV file with one row an offer: what a till needs beside the key to read a code."""
        counts = PlanCounts.from_json(self.run.counts)
        yield _line(OFFER_COLUMNS)
        for number, offer_id in enumerate(counts.offer_ids):
            offer = self.offers.get(offer_id)
            if offer is None or offer.coupon is None:
                continue
            self.rows += 1
            coupon = offer.coupon
            key_number = counts.coupon_keys.get(coupon.pool or "")
            yield _line(
                (
                    self.run.run_id,
                    offer_id,
                    str(number),
                    str(len(counts.offer_ids)),
                    str(counts.sent),
                    coupon.kind.value,
                    coupon.format.value if coupon.format else "",
                    coupon.pool or "",
                    "" if key_number is None else str(key_number),
                    offer.valid_from.isoformat(),
                    offer.valid_to.isoformat(),
                )
            )

    def note(self) -> None:
        """Note the export in the audit log."""
        context = self.engine.context
        with context.ledger.write() as connection:
            detail = {"rows": self.rows}
            audit.record(connection, context.clock.now(), context.actor, "coupons export", self.run.run_id, detail)

    def _rows(self, message: CouponMessage) -> Iterator[Sequence[str]]:
        for chosen in parse_chosen_offers(message.offers, self.coupons.offer_ids):
            offer = self.offers.get(chosen.offer_id)
            if offer is None or offer.coupon is None:
                continue
            self.rows += 1
            on_card = offer.coupon.kind is CouponKind.CARD
            yield (
                self.run.run_id,
                offer.id,
                message.member_id if on_card else "",
                "" if on_card else _hash(self.coupons.code(offer, message.position).text),
                offer.valid_from.isoformat(),
                offer.valid_to.isoformat(),
            )


def _for_tills(run_number: int, after: int) -> Select[Any]:
    """Select some thousand messages behind a position that members have or may have, of those who may be processed."""
    of_message = and_(EVENT.c.run_number == DELIVERY.c.run_number, EVENT.c.position == DELIVERY.c.position)
    came_back = exists().where(of_message, EVENT.c.word.in_(delivery_events.FAILED)).correlate(DELIVERY)
    is_member = exists().where(CONTACT.c.member_id == DELIVERY.c.member_id).correlate(DELIVERY)
    stopped = or_(CHOICES.c.restricted, CHOICES.c.deceased)
    is_stopped = exists().where(CHOICES.c.member_id == DELIVERY.c.member_id, stopped).correlate(DELIVERY)
    query = redemptions.coupon_messages().where(
        DELIVERY.c.run_number == run_number,
        DELIVERY.c.position > after,
        DELIVERY.c.state.in_((DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN)),
        DECISION.c.offers.is_not(None),
        is_member,
        ~is_stopped,
        ~came_back,
    )
    return query.order_by(DELIVERY.c.position).limit(_PAGE)


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([inert_cell(cell) for cell in cells])
    return text.getvalue()
