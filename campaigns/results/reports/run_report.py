"""Report of a run: planned sends, deliveries, provider events, opt-outs and measured effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Language
from campaigns.core.model.localised_text import Localised
from campaigns.results.reports import run_counts
from campaigns.results.reports.campaign_runs import find_run
from campaigns.results.reports.clicks import ClickReport, click_report
from campaigns.results.reports.conversions import HOLDOUTS, ConversionCounts, count_conversions, goal_of
from campaigns.results.reports.lift import ADDRESSED, ArmResults, Comparison, compare_with_holdout, winning_arm
from campaigns.results.reports.offer_results import OfferResults, offer_results
from campaigns.results.reports.redeemed_coupons import RedeemedCoupons, redeemed_coupons
from campaigns.results.reports.run_counts import CountRow
from campaigns.results.reports.statistics import Proportion
from campaigns.rules.describe import describe
from campaigns.rules.traverse import referenced_audiences
from campaigns.runs.engine import Engine
from campaigns.runs.planning.plan_counts import PlanCounts
from campaigns.store.runs.run_tables import Run
from campaigns.workspace.context import Context

AudienceTitles = Mapping[str, str | Localised]

_EMPTY: Final = Proportion(0, 0)


class WithheldReason(StrEnum):
    """Reason why a report has no effect; `{until}` is the end of the window."""

    NOBODY_HELD_OUT = "nobody was held out: without a holdout the effect cannot be measured"
    NOTHING_SENT = "nothing was sent"
    TOO_EARLY = "too early: it is measured once, after {until}"
    FORGOTTEN = "the held-out members are no longer known: skips are kept for 90 days"


@dataclass(frozen=True, slots=True)
class MeasuredEffect:
    """Measured effect: goal, window and comparisons; `withheld` says why there is no result."""

    goal: str
    since: datetime | None
    until: datetime | None
    comparisons: Sequence[Comparison]
    arms: ArmResults | None
    withheld: WithheldReason | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """Report of one run.

    `events` holds provider events with their deliveries, `clicks` people and links of its e-mails, `coupons` its
    offers with coupons, `offers` what came of all its offers, and `opt_outs` the later opt-outs by channel.
    """

    run: Run
    plan_counts: PlanCounts
    outcomes: Sequence[CountRow]
    events: Sequence[CountRow]
    clicks: ClickReport
    coupons: Sequence[RedeemedCoupons]
    offers: OfferResults | None
    opt_outs: Mapping[str, int]
    effect: MeasuredEffect


def run_report(engine: Engine, name: str, language: Language) -> RunReport:
    """Return the report of a run, or of a campaign's last one; raise UserError when there is none of that name."""
    run = find_run(engine, name)
    definition = engine.run_definitions.files(run).definition
    campaign, offers = engine.context.repository.planned_campaign(definition, run.campaign)
    number, window = run.number or 0, engine.context.repository.settings.effect.window
    plan_counts = PlanCounts.from_json(run.counts)
    with engine.context.ledger.read() as connection:
        outcomes, events = run_counts.delivery_counts(connection, number), run_counts.event_counts(connection, number)
        clicks = click_report(connection, number, offers)
        coupons = redeemed_coupons(connection, number, plan_counts, offers)
        since = run_counts.first_claim(connection, number)
        opt_outs = {} if since is None else run_counts.opt_out_counts(connection, run, since, since + window)
    return RunReport(
        run,
        plan_counts,
        outcomes,
        events,
        clicks,
        coupons,
        offer_results(engine, run, campaign, offers, None if since is None else (since, since + window)),
        opt_outs,
        _effect(engine, run, campaign, plan_counts, since, language),
    )


def _effect(
    engine: Engine, run: Run, campaign: Campaign, plan_counts: PlanCounts, since: datetime | None, language: Language
) -> MeasuredEffect:
    settings = engine.context.repository.settings
    until = None if since is None else since + settings.effect.window
    goal = goal_of(campaign, settings.effect.window)
    audiences, titles = _audiences(engine.context, run, goal)
    goal_text = describe(goal, language, engine.context.repository.catalogue, titles, settings.currency)
    withheld = _withheld_reason(engine.context, plan_counts, since, until, campaign)
    if withheld is not None or until is None:
        return MeasuredEffect(goal_text, since, until, (), None, withheld)
    conversions = count_conversions(engine, run, campaign, audiences, until, goal)
    arms = (
        ArmResults(conversions.arms, winning_arm(conversions.arms, settings.effect.minimum))
        if conversions.arms
        else None
    )
    return MeasuredEffect(
        goal_text,
        since,
        until,
        _comparisons(conversions, plan_counts, settings.effect.minimum),
        arms,
        _missing_holdouts(conversions, plan_counts),
    )


def _comparisons(conversions: ConversionCounts, plan_counts: PlanCounts, minimum: int) -> tuple[Comparison, ...]:
    addressed = conversions.groups.get(ADDRESSED, _EMPTY)
    return tuple(
        compare_with_holdout(reason, addressed, conversions.groups[reason], minimum)
        for reason in HOLDOUTS
        if plan_counts.skips.get(reason) and reason in conversions.groups
    )


def _withheld_reason(
    context: Context, plan_counts: PlanCounts, since: datetime | None, until: datetime | None, campaign: Campaign
) -> WithheldReason | None:
    """Return why there is no result yet, or never will be."""
    if campaign.experiment is None and not any(plan_counts.skips.get(reason) for reason in HOLDOUTS):
        return WithheldReason.NOBODY_HELD_OUT
    if since is None or until is None:
        return WithheldReason.NOTHING_SENT
    return WithheldReason.TOO_EARLY if context.clock.now() < until else None


def _missing_holdouts(conversions: ConversionCounts, plan_counts: PlanCounts) -> WithheldReason | None:
    missing = [reason for reason in HOLDOUTS if plan_counts.skips.get(reason) and reason not in conversions.groups]
    return WithheldReason.FORGOTTEN if missing else None


def _audiences(context: Context, run: Run, goal: Condition) -> tuple[Mapping[str, Condition], AudienceTitles]:
    """Return the audiences that the goal may name, and their titles; read the campaign's file only if it names one."""
    if not referenced_audiences(goal, {}):
        return {}, {}
    draft, _ = context.repository.campaign_definition(run.file)
    return {name: each.match for name, each in draft.audiences.items()}, draft.titles
