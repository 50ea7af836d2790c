"""Plan: one decision for every matched member, made in sets and frozen before anything is sent."""

from dataclasses import dataclass
from datetime import datetime
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
from campaigns.offers.ranking.score_offers import create_empty_scores, score_offers
from campaigns.rules.data_usage import data_usage
from campaigns.runs.planning import channel_choice, frequency_caps
from campaigns.runs.planning.decide import decide
from campaigns.runs.planning.match import match_members
from campaigns.runs.planning.plan_counts import PlanCounts, count_decisions
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.runs.planning.query_session import QuerySession
from campaigns.store.runs.decisions import SEND
from campaigns.store.runs.states import DeliveryState

_PAST_MESSAGES_TABLE = table("past_messages", *map(column, ("member_id", "purpose", "sent_at")))
_COMMON = ("member_id", "channel", "variant", "arm", "used_basket")
_MESSAGE = ("member_id", "campaign", "purpose", "channel")
_SENT_TABLE = table("sent", *map(column, (*_MESSAGE, "sent_at")))
_POPULATION = table("population", column("member_id"), column("no_purchase_detail"))


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """Ledger as the plan sees it: contact, choices, messages and clicks of members (see `contact_history`)."""

    people: pa.Table
    sent_messages: pa.Table
    clicks: pa.Table


@dataclass(frozen=True, slots=True)
class Plan:
    """Decisions beside the warehouse: `decisions` has one row per matched member, `offers` the offers of sends."""

    plan_input: PlanInput
    session: QuerySession
    decisions: TableClause
    offers: TableClause
    home_stores: TableClause | None
    counts: PlanCounts

    def ordered_decisions(self) -> Select[Any]:
        """Select the decisions in claim order, skips after the sends."""
        names = ("position", "member_id", "kind", "reason", "variant", "channel", "arm", "used_basket", "unit")
        return select(*(self.decisions.c[name] for name in names)).order_by(self.decisions.c.position)

    def decision_rows(self, run_number: int) -> Select[Any]:
        """Select the decisions of a run as the ledger stores them, by member."""
        decisions = self.decisions.c
        columns = [decisions[name] for name in (*_COMMON, "kind", "reason", "unit")]
        position = case((decisions.kind == SEND, decisions.position)).label("position")
        return select(literal(run_number).label("run_number"), position, *columns).order_by(decisions.member_id)

    def delivery_rows(self, run_number: int) -> Select[Any]:
        """Select the deliveries of a run as the ledger stores them before any is claimed, in claim order."""
        decisions = self.decisions.c
        pending = literal(DeliveryState.PENDING.value).label("state")
        columns = [decisions[name] for name in ("position", *_COMMON)]
        statement = select(literal(run_number).label("run_number"), *columns, pending)
        return statement.where(decisions.kind == SEND).order_by(decisions.position)

    def field_rows(self) -> Select[Any]:
        """Select the template fields of every send in claim order: of profile and home store, and the ids of offers."""
        names, stores = self.plan_input.profile_fields, self.home_stores
        home_store = () if stores is None else ("home_store",)
        profile = table("population", *map(column, {"member_id": 1, **dict.fromkeys((*names, *home_store))}))
        rows = self.decisions.join(profile, profile.c.member_id == self.decisions.c.member_id).outerjoin(
            self.offers, self.offers.c.position == self.decisions.c.position
        )
        if stores is not None:
            rows = rows.outerjoin(stores, stores.c.store_store_id == profile.c.home_store)
        return (
            select(
                self.decisions.c.position,
                *(profile.c[name].label(f"member_{name}") for name in names),
                *(() if stores is None else stores.c),
                self.offers.c.offers,
            )
            .select_from(rows)
            .where(self.decisions.c.kind == SEND)
            .order_by(self.decisions.c.position)
        )


def make_plan(session: QuerySession, plan_input: PlanInput, snapshot: LedgerSnapshot) -> Plan:
    """Make a plan: decide for every matched member, in the order of the design's section 3."""
    people = register_snapshot(session, snapshot, plan_input.as_of)
    match_result = match_members(session, plan_input, people)
    reached = session.create_table("reached", channel_choice.choose_channels(plan_input, match_result.table, people))
    zone = plan_input.campaign.schedule.zone
    capped_members = session.create_table(
        "capped",
        frequency_caps.capped_members(
            frequency_caps.applicable_caps(plan_input.campaign, plan_input.settings),
            _PAST_MESSAGES_TABLE,
            plan_input.as_of,
            zone,
        ),
    )
    decided_rows = session.create_table("settled", decide(plan_input, reached, capped_members))
    decisions = session.create_table("decided", _with_evidence(plan_input, decided_rows))
    return Plan(
        plan_input,
        session,
        decisions,
        _offers(session, plan_input, decisions),
        None if plan_input.home_stores is None else session.register("home_stores", plan_input.home_stores),
        count_decisions(
            session,
            decisions,
            population=match_result.population,
            unknown=match_result.unknown,
            not_processed=match_result.not_processed,
            without_offers=plan_input.variants_without_offers,
        ),
    )


def register_snapshot(session: QuerySession, snapshot: LedgerSnapshot, as_of: datetime | None = None) -> TableClause:
    """Register the ledger's snapshot beside the warehouse; return the table `people`.

    The table `past_messages` has the messages of the ledger, and an earlier system's from the warehouse's `sent`.
    `history`, which `received` reads, has those that arrived; with `as_of`, those of its minute are before it, as for
    caps: two campaigns of one minute know of each other.
    """
    own = session.register("ours", snapshot.sent_messages)
    accepted = literal(DeliveryState.ACCEPTED.value).label("state")
    everything = union_all(
        select(*(own.c[name] for name in (*_MESSAGE, "state", "sent_at"))),
        select(*(_SENT_TABLE.c[name] for name in _MESSAGE), accepted, _SENT_TABLE.c.sent_at),
    ).subquery("everything")
    past_messages = session.create_table("past_messages", select(*everything.c))
    session.register("clicks", snapshot.clicks)
    columns = [each for each in past_messages.c if each.name != "sent_at"]
    sent_at = past_messages.c.sent_at if as_of is None else frequency_caps.before(past_messages.c.sent_at, as_of)
    session.create_table(
        "history",
        select(*columns, sent_at.label("sent_at")).where(past_messages.c.state == DeliveryState.ACCEPTED.value),
    )
    return session.register("people", snapshot.people)


def _offers(session: QuerySession, plan_input: PlanInput, decisions: TableClause) -> TableClause:
    on_sale = session.register("offers", selection.offers_table(plan_input.variant_offers))
    scored = _scores(session, plan_input, decisions)
    return session.create_table("ranked", selection.rank_offers(decisions, on_sale, scored))


def _scores(session: QuerySession, plan_input: PlanInput, decisions: TableClause) -> TableClause:
    """Create the scores of offers; none for a partner's message, which uses no purchases, or without offers to send.

    The lines of members who forbid the use of detailed purchase data (C7) take no part in anything.
    """
    offers = selection.ranked_offers(plan_input.variant_offers)
    if plan_input.campaign.from_partner or not offers:
        return create_empty_scores(session)
    recipients = session.create_table(
        "recipients_of_offers",
        select(decisions.c.member_id).where(
            decisions.c.kind == SEND,
            decisions.c.variant.in_(sorted(plan_input.variant_offers)),
            ~decisions.c.no_purchase_detail,
        ),
    )
    buyers = session.create_table("buyers", select(_POPULATION.c.member_id).where(~_POPULATION.c.no_purchase_detail))
    return score_offers(session, recipients, buyers, offers, plan_input.ranking_model, plan_input.as_of)


def _with_evidence(plan_input: PlanInput, settled: TableClause) -> Select[Any]:
    """Add the arm of the experiment, and whether purchase lines took part in the decision."""
    experiment = plan_input.campaign.experiment
    salt = f"experiment:{plan_input.campaign.name}"
    arm: ColumnElement[Any] = null() if experiment is None else bucketing.arm_sql(settled.c.unit, salt, experiment.arms)
    used_basket = and_(~settled.c.no_purchase_detail, _depends_on_purchase_lines(plan_input, settled))
    return select(*settled.c, arm.label("arm"), used_basket.label("used_basket"))


def _depends_on_purchase_lines(plan_input: PlanInput, settled: TableClause) -> ColumnElement[bool]:
    """Return the condition that audience, variant or offers of a member who allows it depend on purchase lines.

    A variant depends on its own `when` and on all before it; the lack of a variant depends on all of them.
    """
    campaign = plan_input.campaign
    if campaign.audience is not None and _reads_purchase_lines(plan_input, campaign.audience):
        return literal(value=True)
    dependent_variants = set() if campaign.from_partner else set(plan_input.variant_offers)
    depends = False
    for variant in campaign.variants:
        depends = depends or (variant.when is not None and _reads_purchase_lines(plan_input, variant.when))
        if depends:
            dependent_variants.add(variant.name)
    condition = or_(literal(value=False), *(settled.c.variant == name for name in sorted(dependent_variants)))
    return func.coalesce(condition, literal(value=depends))


def _reads_purchase_lines(plan_input: PlanInput, condition: Any) -> bool:
    return DataClass.BASKET in data_usage(condition, plan_input.scope).data_classes
