"""The command `report`."""

from dataclasses import asdict, astuple
from typing import TYPE_CHECKING

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.planning import RunName

if TYPE_CHECKING:
    from datetime import tzinfo

    from campaigns.results.reports.lift import Arms, Comparison
    from campaigns.results.reports.run_report import Effect, Report
    from campaigns.results.reports.statistics import Share


def report(context: typer.Context, run: RunName, json: open_workspace.AsJson = False) -> None:
    """Show what became of a run, and what it was worth beside those who were held out."""
    from campaigns.results.reports.run_report import report as report_of

    with open_workspace.engine(context) as engine:
        settings = engine.library.settings
        made = report_of(engine, run, settings.default_language)
        if json:
            output.as_json(_as_json(made, settings.zone))
        else:
            _show(made, settings.zone)


def _show(made: "Report", zone: "tzinfo") -> None:
    output.line(f"{made.run.run_id}: {made.run.state}, {made.tally.sent} planned\n")
    names = ("channel", "variant", "state", "reason", "number")
    output.table("Deliveries", (*names[:-1], "deliveries"), [[row[name] for name in names] for row in made.outcomes])
    output.table("\nSkipped", ("reason", "members"), output.by_reason(made.tally.skips))
    told = [(row["channel"], row["event"], row["deliveries"]) for row in made.told]
    output.table("\nTold afterwards", ("channel", "event", "deliveries"), told)
    _show_links(made)
    output.table("\nSaid no to its kind since", ("channel", "members"), list(made.ended.items()))
    effect = made.effect
    output.line(f"\nCounted: {effect.goal}")
    if effect.since is not None and effect.until is not None:
        output.line(
            f"from {effect.since.astimezone(zone):%Y-%m-%d %H:%M} to {effect.until.astimezone(zone):%Y-%m-%d %H:%M}"
        )
    for comparison in effect.comparisons:
        _show_comparison(comparison)
    if effect.arms is not None:
        _show_arms(effect.arms)
    if effect.withheld is not None:
        output.line(effect.withheld)


def _show_links(made: "Report") -> None:
    output.table("\nLinks followed", ("link", "people", "machines"), [astuple(each) for each in made.links])
    machines = sum(each.machines for each in made.links)
    if machines:
        whole = machines + sum(each.people for each in made.links)
        output.line(f"{machines / whole:.0%} of it by machines: filters that look at messages, and previews")


def _show_comparison(found: "Comparison") -> None:
    rows = [("addressed", *_cells(found.addressed)), (found.against, *_cells(found.held_out))]
    output.table("", ("units", "of", "did it", "share"), rows)
    if found.difference is None or found.low is None or found.high is None or found.detectable is None:
        output.line("too few to be compared\n")
        return
    verdict = "more than chance" if found.is_more_than_chance else "no more than chance explains"
    output.line(
        f"difference {_points(found.difference)} points, with 95 % confidence {_points(found.low)} to "
        f"{_points(found.high)}: {verdict} (p = {found.p:.3f})\n"
        f"groups of this size show a difference of {found.detectable * 100:.2f} points four times in five\n"
    )


def _show_arms(arms: "Arms") -> None:
    output.table("Arms", ("arm", "of", "did it", "share"), [(arm, *_cells(each)) for arm, each in arms.shares.items()])
    output.line(f"better than every other: {arms.winner}" if arms.winner else "no arm is better than every other")


def _cells(share: "Share") -> tuple[int, int, str]:
    return share.of, share.number, f"{share.rate:.2%}"


def _points(difference: float) -> str:
    return f"{difference * 100:+.2f}"


def _as_json(made: "Report", zone: "tzinfo") -> dict[str, object]:
    """The report for scripts; its keys are a promise."""
    return {
        "run": made.run.run_id,
        "campaign": made.run.campaign,
        "state": made.run.state,
        "planned": made.tally.sent,
        "deliveries": made.outcomes,
        "skips": made.tally.skips,
        "events": made.told,
        "links": [asdict(each) for each in made.links],
        "said_no_since": made.ended,
        "effect": _effect_as_json(made.effect, zone),
    }


def _effect_as_json(effect: "Effect", zone: "tzinfo") -> dict[str, object]:
    moments = {
        name: None if moment is None else moment.astimezone(zone).isoformat()
        for name, moment in (("since", effect.since), ("until", effect.until))
    }
    comparisons = [
        {
            "against": each.against,
            "addressed": _share(each.addressed),
            "held_out": _share(each.held_out),
            "difference": each.difference,
            "low": each.low,
            "high": each.high,
            "p": each.p,
            "detectable": each.detectable,
        }
        for each in effect.comparisons
    ]
    arms = None
    if effect.arms is not None:
        shares = {arm: _share(share) for arm, share in effect.arms.shares.items()}
        arms = {"shares": shares, "winner": effect.arms.winner}
    return {"goal": effect.goal, **moments, "comparisons": comparisons, "arms": arms, "withheld": effect.withheld}


def _share(share: "Share") -> dict[str, object]:
    return {"units": share.of, "did_it": share.number, "share": share.rate}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(report)
