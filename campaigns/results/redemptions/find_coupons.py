"""Search for the coupon that a till redeemed: by its code, or by member and offer where it is bound to the card."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from campaigns.core.clock import local_day
from campaigns.core.coupon_keys import CouponKeys
from campaigns.core.errors import UserError
from campaigns.core.model.coupon import CodeFormat, CouponKind
from campaigns.core.model.offer import Offer
from campaigns.core.model.offer_reason import parse_chosen_offers
from campaigns.offers.coupons import code_alphabet, ean13
from campaigns.offers.coupons.coupon_codes import CouponSerial, is_sample, normalise_code
from campaigns.offers.coupons.run_coupons import RunCoupons
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs import redemptions
from campaigns.store.runs.redemptions import SENT_STATES, CouponMessage
from campaigns.store.runs.run_tables import Run

LONGEST_VALIDITY: Final = timedelta(days=400)
"""Time after a run's due time in which its coupons are looked for."""

_TEXT_LENGTH: Final = 16
_EAN_LENGTH: Final = 13


@dataclass(frozen=True, slots=True)
class TillRow:
    """Row of a till's file: a code, or member and offer; the run and the offer narrow a code where they are there."""

    line: int
    redeemed_at: datetime
    code: str | None = None
    member_id: str | None = None
    offer_id: str | None = None
    run_id: str | None = None
    store_id: str | None = None
    cents: int | None = None


@dataclass(frozen=True, slots=True)
class CouponUse:
    """Coupon that a row of a till's file names."""

    row: TillRow
    run_number: int
    position: int
    offer_id: str
    member_id: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """Reason why a row names no coupon that could be redeemed then."""

    row: TillRow
    column: str
    reason: str


@dataclass(frozen=True)
class _CouponRun:
    """Run that shows offers, with the makers of its codes and, once it is needed, its definition."""

    engine: Engine
    run: Run
    keys: CouponKeys

    @cached_property
    def counts(self) -> PlanCounts:
        return PlanCounts.from_json(self.run.counts)

    @cached_property
    def coupons(self) -> RunCoupons:
        prefix = self.engine.context.settings.coupons.prefix
        return RunCoupons(self.run.run_id, self.counts.offer_ids, self.counts.coupon_keys, self.keys, prefix)

    @cached_property
    def offers(self) -> Mapping[str, Offer]:
        return self.engine.run_definitions.definition(self.run)[1]

    def read(self, code: str) -> Iterator[tuple[CouponSerial, Offer]]:
        """Yield the coupon whose code this may be; thirteen digits are one of any pool with such digits."""
        for pool in self.counts.coupon_keys:
            serial = self.coupons.maker(pool).read(code)
            if serial is None or not 0 < serial.position <= self.counts.sent:
                continue
            offer = self.offers.get(self.counts.offer_ids[serial.offer_number])
            coupon = None if offer is None else offer.coupon
            if offer is None or coupon is None or coupon.pool != pool:
                continue
            if (coupon.format is CodeFormat.EAN13) == (len(code) == _EAN_LENGTH):
                yield serial, offer

    def holds(self, message: CouponMessage, offer_id: str) -> bool:
        """Return whether a message has an offer; unknown offers of a merged member count as had."""
        if message.offers is None:
            return True
        return any(chosen.offer_id == offer_id for chosen in parse_chosen_offers(message.offers, self.counts.offer_ids))


@dataclass(frozen=True)
class CouponSearch:
    """Search among the runs whose coupons may have been redeemed since `first`, the earliest redemption of a file."""

    engine: Engine
    first: datetime
    _runs: dict[int, _CouponRun] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        context = self.engine.context
        keys = context.coupon_keys
        with context.ledger.read() as connection:
            rows = redemptions.runs_with_offers(connection, self.first - LONGEST_VALIDITY)
        for run in rows:
            coupon_run = _CouponRun(self.engine, run, keys)
            if self._is_live(coupon_run):
                self._runs[run.number or 0] = coupon_run

    def find(self, rows: Sequence[TillRow]) -> Iterator[CouponUse | RowFault]:
        """Yield the coupon of each row, or what is wrong with it, in their order."""
        places = {row.line: list(self._places(row)) for row in rows if row.code is not None}
        cards = [row for row in rows if row.code is None]
        with self.engine.context.ledger.read() as connection:
            wanted = [place for found_places in places.values() for place in found_places]
            messages = redemptions.messages_at(connection, ((number, serial.position) for number, serial, _ in wanted))
            members = [row.member_id for row in cards if row.member_id is not None]
            of_members = redemptions.messages_to(connection, members, self._runs)
        for row in rows:
            if row.code is None:
                yield self._by_card(row, of_members.get(row.member_id or "", ()))
            else:
                known = (
                    (messages[number, serial.position], offer)
                    for number, serial, offer in places[row.line]
                    if (number, serial.position) in messages
                )
                yield self._by_code(row, list(known))

    def _is_live(self, coupon_run: _CouponRun) -> bool:
        """Return whether a run's codes can be read; raise UserError when a key is missing before its offers ended."""
        try:
            for pool in coupon_run.counts.coupon_keys:
                coupon_run.coupons.maker(pool)
        except UserError:
            last = max((offer.valid_to for offer in coupon_run.offers.values() if offer.coupon), default=None)
            if last is None or last < local_day(self.first, self.engine.context.settings.zone):
                return False
            raise
        return True

    def _places(self, row: TillRow) -> Iterator[tuple[int, CouponSerial, Offer]]:
        code = normalise_code(row.code or "")
        for number, coupon_run in self._runs.items():
            for serial, offer in coupon_run.read(code):
                yield number, serial, offer

    def _by_code(self, row: TillRow, places: Sequence[tuple[CouponMessage, Offer]]) -> CouponUse | RowFault:
        held = [
            (message, offer) for message, offer in places if self._runs[message.run_number].holds(message, offer.id)
        ]
        if not held:
            return RowFault(row, "code", self._unknown_code(row.code or ""))
        named = [(message, offer) for message, offer in held if self._misnamed(row, message, offer) is None]
        if not named:
            return self._misnamed(row, *held[0]) or RowFault(row, "code", "")
        faults = [self._fault(row, message, offer) for message, offer in named]
        fitting = [place for place, fault in zip(named, faults, strict=True) if fault is None]
        if len(fitting) > 1:
            reason = "is a code of several runs with thirteen digits; the columns `run` and `offer_id` tell them apart"
            return RowFault(row, "code", reason)
        return self._use(row, *fitting[0]) if fitting else next(fault for fault in faults if fault is not None)

    def _by_card(self, row: TillRow, messages: Iterable[CouponMessage]) -> CouponUse | RowFault:
        fault: RowFault | None = None
        for message in messages:
            offer = self._card_offer(row, message)
            if offer is None or (row.run_id is not None and self._runs[message.run_number].run.run_id != row.run_id):
                continue
            found_fault = self._fault(row, message, offer)
            if found_fault is None:
                return self._use(row, message, offer)
            fault = fault or found_fault
        return fault or RowFault(row, "offer_id", "was sent to this member with no coupon that is bound to the card")

    def _card_offer(self, row: TillRow, message: CouponMessage) -> Offer | None:
        coupon_run, offer_id = self._runs[message.run_number], row.offer_id or ""
        if offer_id not in coupon_run.counts.offer_ids or not coupon_run.holds(message, offer_id):
            return None
        offer = coupon_run.offers.get(offer_id)
        is_on_card = offer is not None and offer.coupon is not None and offer.coupon.kind is CouponKind.CARD
        return offer if is_on_card else None

    def _misnamed(self, row: TillRow, message: CouponMessage, offer: Offer) -> RowFault | None:
        run_id = self._runs[message.run_number].run.run_id
        if row.run_id is not None and row.run_id != run_id:
            return RowFault(row, "run", f"the code is of another run: {run_id}")
        if row.offer_id is not None and row.offer_id != offer.id:
            return RowFault(row, "offer_id", f"the code is of another offer: {offer.id}")
        return None

    def _fault(self, row: TillRow, message: CouponMessage, offer: Offer) -> RowFault | None:
        """Return why a coupon that was in a message could not be redeemed then."""
        column = "offer_id" if row.code is None else "code"
        if message.state not in SENT_STATES or message.claimed_at is None:
            return RowFault(row, column, f"its message was never sent: it is {message.state}")
        if row.redeemed_at < message.claimed_at:
            return RowFault(row, "redeemed_at", "is before the message with the coupon was sent")
        zone = self._runs[message.run_number].engine.context.settings.zone
        day = local_day(row.redeemed_at, zone)
        if day < offer.valid_from:
            return RowFault(row, "redeemed_at", f"is before the offer began, on {offer.valid_from}")
        if day > offer.valid_to:
            return RowFault(row, "redeemed_at", f"is after the offer had ended, on {offer.valid_to}")
        return None

    def _use(self, row: TillRow, message: CouponMessage, offer: Offer) -> CouponUse:
        return CouponUse(row, message.run_number, message.position, offer.id, message.member_id)

    def _unknown_code(self, text: str) -> str:
        code = normalise_code(text)
        if is_sample(code):
            return "is the code of samples and proofs, which no coupon has"
        if len(code) == _EAN_LENGTH and code.isdecimal():
            prefix = self.engine.context.settings.coupons.prefix
            if not code.startswith(str(prefix)):
                return f"does not begin with {prefix}, as our codes of thirteen digits do"
            if ean13.read_ean13(code, prefix) is None:
                return "is mistyped: its last digit does not match the others"
        elif len(code) != _TEXT_LENGTH:
            return "is no code of ours: they have 16 letters and digits, or 13 digits"
        elif not code_alphabet.is_checked(code):
            return "is mistyped: its last character does not match the others"
        return f"no run of the {LONGEST_VALIDITY.days} days before has this code"
