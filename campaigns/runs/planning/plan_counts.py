"""Counts of a plan: matched always equals sends plus skips."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from sqlalchemy import TableClause, func, select

from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import SkipReason
from campaigns.runs.planning.query_session import QuerySession
from campaigns.store.runs.decisions import SEND


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """Numbers of members.

    `sends` are by channel, `skips` by reason; `variants` and `arms` count the sends, `shares` those of a variant by
    channel. `unknown` members matched neither the audience nor its opposite; `not_processed` were not evaluated at all.
    `without_offers` counts by variant the sends whose template shows offers and has none to show. `offer_sends` counts
    the sends with each of `offer_ids`, by its number in it, and `offer_handicaps` are those of `offers.exposure`.
    `offer_facts` say how popular its goods are (see `offers.ranking.offer_facts`); none where purchases ranked nothing.
    `coupon_keys` are the numbers of the keys that make the codes of the run's coupons, by pool.
    """

    population: int
    matched: int
    unknown: int
    not_processed: int
    sends: Mapping[Channel, int]
    variants: Mapping[str, int]
    shares: Mapping[str, Mapping[Channel, int]]
    arms: Mapping[str, int]
    skips: Mapping[SkipReason, int]
    without_offers: Mapping[str, int] = field(default_factory=dict)
    offer_ids: Sequence[str] = ()
    offer_sends: Sequence[int] = ()
    offer_handicaps: Sequence[float] = ()
    offer_facts: Sequence[Sequence[float]] = ()
    coupon_keys: Mapping[str, int] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """Number of members who get a message."""
        return sum(self.sends.values())

    @property
    def skipped(self) -> int:
        """Number of matched members who get none."""
        return sum(self.skips.values())

    @property
    def sends_by_offer(self) -> Sequence[tuple[str, int]]:
        """Offers with the number of sends that show each, the most shown first."""
        return sorted(zip(self.offer_ids, self.offer_sends, strict=True), key=lambda each: (-each[1], each[0]))

    @property
    def handicaps_by_offer(self) -> Mapping[str, float]:
        """Handicaps of the offers, by id."""
        return dict(zip(self.offer_ids, self.offer_handicaps, strict=True))

    @property
    def facts_by_offer(self) -> Mapping[str, Sequence[float]]:
        """Facts of the offers' goods, by id."""
        return dict(zip(self.offer_ids, self.offer_facts, strict=True)) if self.offer_facts else {}

    @property
    def offer_places(self) -> int:
        """Number of places that offers take in all messages."""
        return sum(self.offer_sends)

    def as_json(self) -> dict[str, Any]:
        """Return the counts as the ledger stores them and `--json` prints them."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the counts from the ledger's JSON, with channels and reasons as enums again."""
        values = {name: stored[name] for name in cls.__dataclass_fields__ if name in stored}
        return cls(
            **values
            | {
                "sends": _by_channel(stored["sends"]),
                "shares": {variant: _by_channel(share) for variant, share in stored["shares"].items()},
                "skips": {SkipReason(reason): number for reason, number in stored["skips"].items()},
            }
        )


def _by_channel(stored: Mapping[str, int]) -> dict[Channel, int]:
    return {Channel(channel): number for channel, number in stored.items()}


OfferCounts = tuple[Sequence[str], Sequence[int], Sequence[float], Sequence[Sequence[float]]]
"""Ids of the offers of a plan, the number of sends with each, their handicaps, and the facts of their goods."""


def count_decisions(
    session: QuerySession,
    decided: TableClause,
    *,
    population: int,
    unknown: int,
    not_processed: int,
    with_offers: Mapping[str, Collection[Channel]],
    offers: OfferCounts,
) -> PlanCounts:
    """Count a plan; `with_offers` are variants that ask for offers, with the channels that show them."""
    grouped = (decided.c.kind, decided.c.reason, decided.c.channel, decided.c.variant, decided.c.arm)
    without_any = func.count().filter(decided.c.offers.is_(None))
    rows = session.fetch_rows(select(*grouped, without_any, func.count()).group_by(*grouped).order_by(*grouped))
    sends: dict[Channel, int] = {}
    shares: dict[str, dict[Channel, int]] = {}
    arms: dict[str, int] = {}
    skips: dict[SkipReason, int] = {}
    lacking: dict[str, int] = {}
    for kind, reason, channel, variant, arm, without_offers, number in rows:
        if kind != SEND:
            skips[SkipReason(reason)] = skips.get(SkipReason(reason), 0) + number
            continue
        send_channel = Channel(channel)
        sends[send_channel] = sends.get(send_channel, 0) + number
        by_channel = shares.setdefault(variant, {})
        by_channel[send_channel] = by_channel.get(send_channel, 0) + number
        if arm is not None:
            arms[arm] = arms.get(arm, 0) + number
        if without_offers and send_channel in with_offers.get(variant, ()):
            lacking[variant] = lacking.get(variant, 0) + without_offers
    matched = sum(row[-1] for row in rows)
    variants = {variant: sum(by_channel.values()) for variant, by_channel in shares.items()}
    return PlanCounts(
        population, matched, unknown, not_processed, sends, variants, shares, arms, skips, lacking, *offers
    )
