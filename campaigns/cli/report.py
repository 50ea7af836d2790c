"""Command `report`."""

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.planning import RunArgument

if TYPE_CHECKING:
    from datetime import tzinfo

    from campaigns.results.reports.lift import ArmResults, Comparison
    from campaigns.results.reports.run_report import MeasuredEffect, RunReport
    from campaigns.results.reports.statistics import Proportion


def report(context: typer.Context, run: RunArgument, json: open_workspace.JsonOption = False) -> None:
    """Show the deliveries and events of a run, and its effect compared with the holdout."""
    from campaigns.results.reports.run_report import run_report as build_run_report

    with open_workspace.open_engine(context) as engine:
        settings = engine.context.repository.settings
        run_report = build_run_report(engine, run, settings.default_language)
        if json:
            output.print_json(_as_json(run_report, settings.zone))
        else:
            _show(run_report, settings.zone)


def _show(run_report: "RunReport", zone: "tzinfo") -> None:
    output.print_line(f"{run_report.run.run_id}: {run_report.run.state}, {run_report.plan_counts.sent} planned\n")
    names = ("channel", "variant", "state", "reason", "number")
    output.print_table(
        "Deliveries", (*names[:-1], "deliveries"), [[row[name] for name in names] for row in run_report.outcomes]
    )
    output.print_table("\nSkipped", ("reason", "members"), output.sorted_counts(run_report.plan_counts.skips))
    events = [(row["channel"], row["event"], row["deliveries"]) for row in run_report.events]
    output.print_table("\nEvents since", ("channel", "event", "deliveries"), events)
    _show_links(run_report)
    output.print_table("\nOpted out since", ("channel", "members"), list(run_report.opt_outs.items()))
    effect = run_report.effect
    output.print_line(f"\nCounted: {effect.goal}")
    if effect.since is not None and effect.until is not None:
        output.print_line(
            f"from {effect.since.astimezone(zone):%Y-%m-%d %H:%M} to {effect.until.astimezone(zone):%Y-%m-%d %H:%M}"
        )
    for comparison in effect.comparisons:
        _show_comparison(comparison)
    if effect.arms is not None:
        _show_arms(effect.arms)
    if effect.withheld is not None:
        output.print_line(effect.withheld)


def _show_links(run_report: "RunReport") -> None:
    output.print_table("\nLink clicks", ("link", "people", "machines"), [astuple(link) for link in run_report.links])
    machines = sum(link.machines for link in run_report.links)
    if machines:
        whole = machines + sum(link.people for link in run_report.links)
        output.print_line(f"{machines / whole:.0%} of it by machines: message filters and link previews")


def _show_comparison(comparison: "Comparison") -> None:
    rows = [("addressed", *_cells(comparison.addressed)), (comparison.against, *_cells(comparison.held_out))]
    output.print_table("", ("group", "units", "converted", "share"), rows)
    if (
        comparison.difference is None
        or comparison.low is None
        or comparison.high is None
        or comparison.detectable is None
    ):
        output.print_line("too few to compare\n")
        return
    verdict = "statistically significant" if comparison.is_significant else "not statistically significant"
    output.print_line(
        f"difference {_points(comparison.difference)} points, with 95 % confidence {_points(comparison.low)} to "
        f"{_points(comparison.high)}: {verdict} (p = {comparison.p:.3f})\n"
        f"groups of this size detect a difference of {comparison.detectable * 100:.2f} points four times in five\n"
    )


def _show_arms(arms: "ArmResults") -> None:
    output.print_table(
        "Arms",
        ("arm", "units", "converted", "share"),
        [(arm, *_cells(proportion)) for arm, proportion in arms.shares.items()],
    )
    output.print_line(f"better than every other: {arms.winner}" if arms.winner else "no arm is better than every other")


def _cells(share: "Proportion") -> tuple[int, int, str]:
    return share.total, share.number, f"{share.rate:.2%}"


def _points(difference: float) -> str:
    return f"{difference * 100:+.2f}"


def _as_json(run_report: "RunReport", zone: "tzinfo") -> dict[str, object]:
    """Return the report for scripts; its keys are stable."""
    return {
        "run": run_report.run.run_id,
        "campaign": run_report.run.campaign,
        "state": run_report.run.state,
        "planned": run_report.plan_counts.sent,
        "deliveries": run_report.outcomes,
        "skips": run_report.plan_counts.skips,
        "events": run_report.events,
        "links": [asdict(link) for link in run_report.links],
        "said_no_since": run_report.opt_outs,
        "effect": _effect_as_json(run_report.effect, zone),
    }


def _effect_as_json(effect: "MeasuredEffect", zone: "tzinfo") -> dict[str, object]:
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
    return {"goal": effect.goal, **moments, "comparisons": comparisons, "arms": arms, "withheld": effect.withheld}


def _share(share: "Proportion") -> dict[str, object]:
    return {"units": share.total, "did_it": share.number, "share": share.rate}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)
