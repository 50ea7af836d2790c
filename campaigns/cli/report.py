"""Command `report`."""

from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import click_tables, coupon_tables, offer_tables, open_workspace, output
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from campaigns.results.reports.lift import ArmResults, Comparison
    from campaigns.results.reports.run_report import MeasuredEffect, RunReport
    from campaigns.results.reports.statistics import Proportion


def report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="CAMPAIGN|RUN", help="Campaign, for its last run; or name of a run.")],
    every: Annotated[bool, typer.Option("--all", help="One line for each run of the campaign.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the offers, by place, as CSV.")] = False,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Show what came of a campaign: deliveries, clicks, offers, coupons, opt-outs, and effect against the holdout."""
    from campaigns.results.reports.campaign_runs import find_run, summarise_runs
    from campaigns.results.reports.run_report import run_report as build_run_report

    phrases = Phrases(language)
    with open_workspace.open_engine(context) as engine:
        zone = engine.context.repository.settings.zone
        if every:
            campaign = find_run(engine, name).campaign
            click_tables.print_summaries(campaign, summarise_runs(engine, campaign), zone, phrases, json=json)
            return
        run_report = build_run_report(engine, name, language)
    if as_csv:
        offer_tables.print_offers_as_csv(run_report.offers)
    elif json:
        output.print_json(_as_json(run_report, zone, phrases))
    else:
        _show(run_report, zone, phrases)


def _show(run_report: "RunReport", zone: "tzinfo", phrases: Phrases) -> None:
    run, none = run_report.run, phrases.text("none")
    number = output.format_number(run_report.plan_counts.sent)
    output.print_line(
        phrases.text(
            "{run}: {state}, messages in the plan: {number}",
            run=run.run_id,
            state=phrases.code(run.state),
            number=number,
        )
    )
    codes = ("channel", "state", "reason")
    deliveries = [
        (channel, row["variant"] or "", state, reason, row["number"])
        for row in run_report.outcomes
        for channel, state, reason in [[phrases.code(str(row[name])) for name in codes]]
    ]
    head = phrases.texts("channel", "variant", "state", "reason", "deliveries")
    output.print_table(f"\n{phrases.text('Deliveries')}", head, deliveries, none=none)
    skips = [
        (phrases.code(str(reason)), number) for reason, number in output.sorted_counts(run_report.plan_counts.skips)
    ]
    output.print_table(f"\n{phrases.text('Skipped')}", phrases.texts("reason", "members"), skips, none=none)
    click_tables.print_clicks(run_report.clicks, phrases)
    until = "" if run_report.effect.until is None else _moment(run_report.effect.until, zone)
    offer_tables.print_offers(run_report.offers, until, phrases)
    coupon_tables.print_coupons(run_report.coupons, phrases)
    events = [
        (phrases.code(str(row["channel"])), phrases.code(str(row["event"])), row["deliveries"])
        for row in run_report.events
    ]
    head = phrases.texts("channel", "event", "deliveries")
    output.print_table(f"\n{phrases.text('Events since')}", head, events, none=none)
    opt_outs = [(phrases.code(channel), number) for channel, number in run_report.opt_outs.items()]
    output.print_table(f"\n{phrases.text('Opted out since')}", phrases.texts("channel", "members"), opt_outs, none=none)
    _show_effect(run_report.effect, zone, phrases)


def _show_effect(effect: "MeasuredEffect", zone: "tzinfo", phrases: Phrases) -> None:
    output.print_line(f"\n{phrases.text('Counted: {goal}', goal=effect.goal)}")
    if effect.since is not None and effect.until is not None:
        values = {"since": _moment(effect.since, zone), "until": _moment(effect.until, zone)}
        output.print_line(phrases.text("from {since} to {until}", **values))
    for comparison in effect.comparisons:
        _show_comparison(comparison, phrases)
    if effect.arms is not None:
        _show_arms(effect.arms, phrases)
    if effect.withheld is not None:
        output.print_line(_withheld_text(effect, zone, phrases))


def _withheld_text(effect: "MeasuredEffect", zone: "tzinfo", phrases: Phrases) -> str:
    until = "" if effect.until is None else _moment(effect.until, zone)
    return phrases.text(str(effect.withheld), until=until)


def _moment(moment: "datetime", zone: "tzinfo") -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _show_comparison(comparison: "Comparison", phrases: Phrases) -> None:
    rows = [
        (phrases.text("addressed"), *_cells(comparison.addressed, phrases)),
        (phrases.code(comparison.against), *_cells(comparison.held_out, phrases)),
    ]
    output.print_table("", phrases.texts("group", "units", "converted", "share"), rows)
    if (
        comparison.difference is None
        or comparison.low is None
        or comparison.high is None
        or comparison.detectable is None
    ):
        output.print_line(f"{phrases.text('too few to compare')}\n")
        return
    verdict = "statistically significant" if comparison.is_significant else "not statistically significant"
    values = {
        "difference": _points(comparison.difference, phrases),
        "low": _points(comparison.low, phrases),
        "high": _points(comparison.high, phrases),
        "verdict": phrases.text(verdict),
        "p": phrases.decimal(f"{comparison.p:.3f}"),
    }
    sentence = "difference {difference} points, with 95 % confidence {low} to {high}: {verdict} (p = {p})"
    output.print_line(phrases.text(sentence, **values))
    sentence = "groups of this size detect a difference of {points} points four times in five"
    output.print_line(f"{phrases.text(sentence, points=phrases.decimal(f'{comparison.detectable * 100:.2f}'))}\n")


def _show_arms(arms: "ArmResults", phrases: Phrases) -> None:
    rows = [(arm, *_cells(proportion, phrases)) for arm, proportion in arms.shares.items()]
    output.print_table(phrases.text("Arms"), phrases.texts("arm", "units", "converted", "share"), rows)
    if arms.winner:
        output.print_line(phrases.text("better than every other: {arm}", arm=arms.winner))
    else:
        output.print_line(phrases.text("no arm is better than every other"))


def _cells(share: "Proportion", phrases: Phrases) -> tuple[int, int, str]:
    return share.total, share.number, phrases.share(share.number, share.total, 2)


def _points(difference: float, phrases: Phrases) -> str:
    return phrases.decimal(f"{difference * 100:+.2f}")


def _as_json(run_report: "RunReport", zone: "tzinfo", phrases: Phrases) -> dict[str, object]:
    """Return the report for scripts; its keys are stable."""
    return {
        "run": run_report.run.run_id,
        "campaign": run_report.run.campaign,
        "state": run_report.run.state,
        "planned": run_report.plan_counts.sent,
        "deliveries": run_report.outcomes,
        "skips": run_report.plan_counts.skips,
        "events": run_report.events,
        "clicks": click_tables.clicks_as_json(run_report.clicks),
        "links": click_tables.links_as_json(run_report.clicks),
        "offers": offer_tables.offers_as_json(run_report.offers),
        "coupons": coupon_tables.coupons_as_json(run_report.coupons),
        "said_no_since": run_report.opt_outs,
        "effect": _effect_as_json(run_report.effect, zone, phrases),
    }


def _effect_as_json(effect: "MeasuredEffect", zone: "tzinfo", phrases: Phrases) -> dict[str, object]:
    moments = {
        name: None if moment is None else moment.astimezone(zone).isoformat()
        for name, moment in (("since", effect.since), ("until", effect.until))
    }
    comparisons = [
        {
            "against": comparison.against,
            "addressed": _share(comparison.addressed),
            "held_out": _share(comparison.held_out),
            "difference": comparison.difference,
            "low": comparison.low,
            "high": comparison.high,
            "p": comparison.p,
            "detectable": comparison.detectable,
        }
        for comparison in effect.comparisons
    ]
    arms = None
    if effect.arms is not None:
        shares = {arm: _share(share) for arm, share in effect.arms.shares.items()}
        arms = {"shares": shares, "winner": effect.arms.winner}
    withheld = None if effect.withheld is None else _withheld_text(effect, zone, phrases)
    return {"goal": effect.goal, **moments, "comparisons": comparisons, "arms": arms, "withheld": withheld}


def _share(share: "Proportion") -> dict[str, object]:
    return {"units": share.total, "did_it": share.number, "share": share.rate}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)
