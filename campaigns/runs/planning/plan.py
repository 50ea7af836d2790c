"""A plan: one set-based decision for every matched member, frozen before anything is sent."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Select,
    TableClause,
    and_,
    case,
    column,
    func,
    literal,
    null,
    or_,
    select,
    table,
    union_all,
)

from audiences.people import bucketing
from campaigns.core.model.enums import DataClass
from campaigns.offers import selection
from campaigns.rules.data_usage import uses
from campaigns.runs.planning import channel_choice, frequency_caps
from campaigns.runs.planning.decide import decided
from campaigns.runs.planning.match import match
from campaigns.runs.planning.plan_counts import Tally, tally
from campaigns.runs.planning.plan_input import Brief
from campaigns.runs.planning.query_session import Bench
from campaigns.store.runs.decisions import SEND
from campaigns.store.runs.states import DeliveryState

_HEARD = table("heard", *map(column, ("member_id", "purpose", "sent_at")))
_OF_BOTH = ("member_id", "channel", "variant", "arm", "used_basket")
_MESSAGE = ("member_id", "campaign", "purpose", "channel")
_SENT = table("sent", *map(column, (*_MESSAGE, "sent_at")))
_LINES = table("purchase_lines", *map(column, ("member_id", "product_category", "brand", "amount", "purchased_at")))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ledger as the plan sees it: contact and choices, and what members have heard (see `history`)."""

    people: pa.Table
    heard: pa.Table
    clicks: pa.Table


@dataclass(frozen=True, slots=True)
class Plan:
    """The decided members beside the warehouse: `decisions` one row a matched member, `offers` the offers of sends."""

    brief: Brief
    bench: Bench
    decisions: TableClause
    offers: TableClause
    tally: Tally

    def rows(self) -> Select[Any]:
        """The decisions in claim order, skips after the sends."""
        names = ("position", "member_id", "kind", "reason", "variant", "channel", "arm", "used_basket", "unit")
        return select(*(self.decisions.c[name] for name in names)).order_by(self.decisions.c.position)

    def decided(self, run_number: int) -> Select[Any]:
        """The decisions of a run as the ledger stores them, by member."""
        made = self.decisions.c
        shown = [made[name] for name in (*_OF_BOTH, "kind", "reason", "unit")]
        position = case((made.kind == SEND, made.position)).label("position")
        return select(literal(run_number).label("run_number"), position, *shown).order_by(made.member_id)

    def deliveries(self, run_number: int) -> Select[Any]:
        """The deliveries of a run as the ledger stores them before any is claimed, in claim order."""
        made = self.decisions.c
        pending = literal(DeliveryState.PENDING.value).label("state")
        shown = [made[name] for name in ("position", *_OF_BOTH)]
        every = select(literal(run_number).label("run_number"), *shown, pending)
        return every.where(made.kind == SEND).order_by(made.position)

    def fields(self) -> Select[Any]:
        """What the templates name, for every send in claim order: profile fields and the ids of its offers."""
        profile = table("population", column("member_id"), *map(column, self.brief.fields))
        return (
            select(
                self.decisions.c.position,
                *(profile.c[name].label(f"member_{name}") for name in self.brief.fields),
                self.offers.c.offers,
            )
            .select_from(
                self.decisions.join(profile, profile.c.member_id == self.decisions.c.member_id).outerjoin(
                    self.offers, self.offers.c.position == self.decisions.c.position
                )
            )
            .where(self.decisions.c.kind == SEND)
            .order_by(self.decisions.c.position)
        )


def plan(bench: Bench, brief: Brief, snapshot: Snapshot) -> Plan:
    """Decide for every matched member, in the order of the design's section 3."""
    people = lay_out(bench, snapshot)
    matched = match(bench, brief, people)
    reached = bench.make("reached", channel_choice.reached(brief, matched.table, people))
    zone = brief.campaign.schedule.zone
    capped = bench.make(
        "capped",
        frequency_caps.capped(frequency_caps.caps_of(brief.campaign, brief.settings), _HEARD, brief.as_of, zone),
    )
    settled = bench.make("settled", decided(brief, reached, capped))
    decisions = bench.make("decided", _with_evidence(brief, settled))
    return Plan(
        brief,
        bench,
        decisions,
        _offers(bench, brief, decisions),
        tally(
            bench,
            decisions,
            population=matched.population,
            unknown=matched.unknown,
            not_processed=matched.not_processed,
        ),
    )


def lay_out(bench: Bench, snapshot: Snapshot) -> TableClause:
    """Put the ledger's snapshot beside the warehouse; returns `people`.

    `heard` is what went through here and, from the warehouse's `sent`, what an earlier system had sent.
    """
    ours = bench.lay("ours", snapshot.heard)
    accepted = literal(DeliveryState.ACCEPTED.value).label("state")
    everything = union_all(
        select(ours.c.member_id, ours.c.campaign, ours.c.purpose, ours.c.channel, ours.c.state, ours.c.sent_at),
        select(*(_SENT.c[name] for name in _MESSAGE), accepted, _SENT.c.sent_at),
    ).subquery("everything")
    heard = bench.make("heard", select(*everything.c))
    bench.lay("clicks", snapshot.clicks)
    bench.make("history", select(*heard.c).where(heard.c.state == DeliveryState.ACCEPTED.value))
    return bench.lay("people", snapshot.people)


def _offers(bench: Bench, brief: Brief, decisions: TableClause) -> TableClause:
    on_sale = bench.lay("offers", selection.as_columns(brief.shelves))
    bought = bench.make(
        "affinity", selection.affinity(decisions, _LINES, brief.shelves, brief.as_of, brief.campaign.schedule.zone)
    )
    return bench.make("ranked", selection.ranked(decisions, on_sale, bought))


def _with_evidence(brief: Brief, settled: TableClause) -> Select[Any]:
    """Adds the arm of the experiment and whether purchase lines took part in the decision."""
    experiment = brief.campaign.experiment
    salt = f"experiment:{brief.campaign.name}"
    arm: ColumnElement[Any] = null() if experiment is None else bucketing.arm(settled.c.unit, salt, experiment.arms)
    used = and_(~settled.c.no_purchase_detail, _basket(brief, settled))
    return select(*settled.c, arm.label("arm"), used.label("used_basket"))


def _basket(brief: Brief, settled: TableClause) -> ColumnElement[bool]:
    """Whether audience, variant or offers of a member who allows it were chosen by purchase lines.

    A variant was chosen by every `when` that was asked before it, too; that there is none, by all of them.
    """
    campaign = brief.campaign
    if campaign.audience is not None and _reads_basket(brief, campaign.audience):
        return literal(value=True)
    by_basket = set(brief.shelves)
    asked = False
    for variant in campaign.variants:
        asked = asked or (variant.when is not None and _reads_basket(brief, variant.when))
        if asked:
            by_basket.add(variant.name)
    chosen = or_(literal(value=False), *(settled.c.variant == name for name in sorted(by_basket)))
    return func.coalesce(chosen, literal(value=asked))


def _reads_basket(brief: Brief, condition: Any) -> bool:
    return DataClass.BASKET in uses(condition, brief.scope).classes
