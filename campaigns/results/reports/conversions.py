"""Conversions of a run by group and arm, counted by unit: members who were drawn together count once.

Every assigned member counts, whether or not a message reached them: intention to treat. Members skipped by a frequency
cap stay with the addressed, because the cap's effect on held-out members is unknown.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
from sqlalchemy import Select, TableClause, case, func, literal, or_, select

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.condition import Condition, PurchaseCondition, TimeWindow
from campaigns.core.model.enums import DataClass, Purpose
from campaigns.core.model.reasons import SkipReason
from campaigns.results.reports.lift import ADDRESSED
from campaigns.results.reports.statistics import Proportion
from campaigns.rules.data_usage import data_usage
from campaigns.rules.operators.measures import SHOPPED
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from campaigns.runs.engine import Engine
from campaigns.runs.planning.match import create_population
from campaigns.runs.planning.plan import register_snapshot
from campaigns.runs.planning.query_session import QuerySession
from campaigns.store.ledger.connection import to_timestamps
from campaigns.store.runs.decisions import SEND
from campaigns.store.runs.run_tables import Run

HOLDOUTS: Final = (SkipReason.HOLDOUT_CAMPAIGN, SkipReason.HOLDOUT_GLOBAL)
_GOAL: Final = "goal"
ASSIGNED: Final = f"""
    SELECT member_id, unit, kind, reason, arm FROM decision
    WHERE run_number = {{number}}
    AND (kind = '{SEND}' OR reason IN ('{SkipReason.FREQUENCY_CAP}', '{HOLDOUTS[0]}', '{HOLDOUTS[1]}'))
"""
_REDEEMED: Final = "SELECT member_id, offer_id, redeemed_at FROM redemption WHERE run_number = {number}"
_REDEEMED_SCHEMA: Final = pa.schema(
    [("member_id", pa.string()), ("offer_id", pa.string()), ("redeemed_at", pa.timestamp("us"))]
)


@dataclass(frozen=True, slots=True)
class ConversionCounts:
    """Proportions of converted units: by group (`addressed`, or the reason of a holdout), and by arm."""

    groups: Mapping[str, Proportion] = field(default_factory=dict)
    arms: Mapping[str, Proportion] = field(default_factory=dict)


def goal_of(campaign: Campaign, window: timedelta) -> Condition:
    """Return the campaign's goal; default: a purchase within the window."""
    if campaign.experiment is not None and campaign.experiment.goal is not None:
        return campaign.experiment.goal
    return PurchaseCondition(
        source=SHOPPED, where=(), window=TimeWindow(within=timedelta(days=window.days)), measures=()
    )


def count_conversions(
    engine: Engine, run: Run, campaign: Campaign, audiences: Mapping[str, Condition], until: datetime, goal: Condition
) -> ConversionCounts:
    """Evaluate the goal at the moment `until` for all assigned members; data that C7 forbids stays unknown.

    Restricted and erased members are not evaluated; they count as not converted, in every group alike. Raise UserError
    when the goal reads purchase lines and special goods are not protected.
    """
    repository = engine.context.repository
    scope = RuleScope(
        as_of=until,
        zone=campaign.schedule.zone,
        catalogue=repository.catalogue,
        audiences=audiences,
        salt=campaign.name,
    )
    if DataClass.BASKET in data_usage(goal, scope).data_classes:
        repository.goods_protection.require_special()
    with closing(repository.warehouse.connect(engine.context.clock.now())) as connection:
        session = QuerySession(connection, engine.queries.rule_engine(until))
        create_population(session, Purpose.SERVICE, register_snapshot(session, engine.queries.snapshot()))
        session.register("redemptions", _redemptions(engine, run.number or 0))
        rule_results = session.evaluate_rules("rule_results", select_conditions({_GOAL: goal}, scope))
        assigned = session.register(
            "assigned", engine.context.ledger.fetch_arrow(ASSIGNED.format(number=run.number or 0))
        )
        rows = session.fetch_rows(_by_group(session.create_table("units", _units(assigned, rule_results))))
    return _shares(rows)


def _redemptions(engine: Engine, run_number: int) -> pa.Table:
    """Return the redeemed coupons of the run, with times in UTC: a goal asks for these alone."""
    rows = engine.context.ledger.fetch_arrow(_REDEEMED.format(number=run_number))
    if rows.num_rows == 0:
        return _REDEEMED_SCHEMA.empty_table()
    redeemed_at = to_timestamps(rows.column("redeemed_at"))
    return rows.set_column(2, "redeemed_at", redeemed_at).cast(_REDEEMED_SCHEMA)


def _units(assigned: TableClause, rule_results: TableClause) -> Select[tuple[object, ...]]:
    """Return one row for each unit, with its group, its arm and whether one of its members converted."""
    held_out = or_(*(assigned.c.reason == reason.value for reason in HOLDOUTS))
    group = case((held_out, assigned.c.reason), else_=literal(ADDRESSED)).label("cohort")
    done = func.max(case((rule_results.c.goal.is_(True), 1), else_=0)).label("done")
    arm = func.coalesce(assigned.c.arm, literal("")).label("arm")
    joined = assigned.outerjoin(rule_results, rule_results.c.member_id == assigned.c.member_id)
    return select(group, arm, assigned.c.unit, done).select_from(joined).group_by(group, arm, assigned.c.unit)


def _by_group(units: TableClause) -> Select[tuple[object, ...]]:
    return select(units.c.cohort, units.c.arm, func.sum(units.c.done), func.count()).group_by(
        units.c.cohort, units.c.arm
    )


def _shares(rows: list[tuple[str, str, int, int]]) -> ConversionCounts:
    groups: dict[str, Proportion] = {}
    arms: dict[str, Proportion] = {}
    for group, arm, done, units in rows:
        previous = groups.get(group, Proportion(0, 0))
        groups[group] = Proportion(previous.number + int(done), previous.total + units)
        if group == ADDRESSED and arm:
            arms[arm] = Proportion(int(done), units)
    return ConversionCounts(groups, dict(sorted(arms.items())))
