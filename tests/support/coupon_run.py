"""Sent run whose offers have coupons of every kind, and the files that tills send back about it."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from audiences.imports.import_report import ImportReport
from campaigns.core.coupon_keys import add_key
from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.offers.coupons.run_coupons import RunCoupons
from campaigns.results.redemptions.import_redemptions import import_redemptions
from campaigns.store.runs.run_tables import Run
from tests.support.sample_workspace import SampleWorkspace
from tests.support.sent_run import send_run

CARD: Final = "coffee-c"
"""Offer with a coupon on the card."""

TEXT: Final = "cheese-b"
"""Offer with a code of letters and digits."""

DIGITS: Final = "soap-a"
"""Offer with a code of thirteen digits."""

_COUPONS: Final = {
    CARD: "{kind: card}",
    TEXT: "{kind: code, format: text, pool: cheese}",
    DIGITS: "{kind: code, format: ean13, pool: soap}",
}
CAMPAIGN: Final = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: offers}
offers: {at_most: 6}
experiment: {arms: {short: 50, long: 50}, goal: {redeemed: any}}
"""
AFTER: Final = datetime(2018, 1, 8, 10, 0, tzinfo=UTC)
"""When the tills send their files: a week after the run."""

Row = Mapping[str, str]


def add_coupons(workspace: SampleWorkspace) -> None:
    """Give three offers coupons, and their pools a key."""
    path = workspace.root / "config" / "offers.yaml"
    text = path.read_text("utf-8")
    for offer_id, coupon in _COUPONS.items():
        text = text.replace(f"{{id: {offer_id}, ", f"{{id: {offer_id}, coupon: {coupon}, ")
    path.write_text(text, "utf-8")
    for pool in ("cheese", "soap"):
        add_key(workspace.engine.context.workspace.coupon_keys, pool)
    workspace.reload()


@dataclass
class CouponRun:
    """Sent run with coupons, seen a week later."""

    workspace: SampleWorkspace
    run: Run

    @classmethod
    def send(cls, workspace: SampleWorkspace, name: str = "coupons", text: str = CAMPAIGN) -> "CouponRun":
        """Send the campaign to all members; half of the messages get no answer."""
        run = send_run(workspace, text, name).run
        return cls(workspace, run)

    @property
    def coupons(self) -> RunCoupons:
        context = self.workspace.engine.context
        counts = self.run.counts
        return RunCoupons(
            self.run.run_id,
            counts["offer_ids"],
            counts["coupon_keys"],
            context.coupon_keys,
            context.settings.coupons.prefix,
        )

    def code(self, member: str, offer_id: str = TEXT) -> str:
        """Return the code of a member's coupon, as machines read it."""
        delivery = self.workspace.deliveries(self.run)[member]
        offers = {offer.id: offer for offer in self.workspace.engine.context.repository.offers}
        return self.coupons.code(offers[offer_id], delivery["position"]).text

    def recipients(self, offer_id: str) -> list[str]:
        """Return the members whose message has an offer."""
        ids = self.run.counts["offer_ids"]
        return [
            member
            for member, decision in sorted(self.workspace.decisions(self.run).items())
            if any(chosen.offer_id == offer_id for chosen in parse_chosen_offers(decision["offers"], ids))
        ]

    def import_rows(self, rows: Sequence[Row], name: str = "tills") -> ImportReport:
        """Import a till's file of these rows."""
        return import_redemptions(self.workspace.engine, self.write_rows(rows, name))

    def write_rows(self, rows: Sequence[Row], name: str = "tills") -> Path:
        path = self.workspace.root / f"{name}.csv"
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return path
