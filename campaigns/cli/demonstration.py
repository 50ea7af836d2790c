"""The command `demo`: everything once, on real purchases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import opened, show

if TYPE_CHECKING:
    from campaigns.demo.tour import Stop


def demo(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A workspace, or a new folder; without, the current one.")
    ] = None,
) -> None:
    """Import real purchases and invented people, plan three campaigns, and deliver them into ./outbox."""
    from campaigns.demo import tour
    from campaigns.engine import Engine

    engine = Engine(tour.workspace_at(directory or Path(context.obj)), opened.account())
    show.line(
        "The purchases are real (Complete Journey, 2017); the people, their addresses and choices are invented.\n"
    )
    imported = [(name, report.read, report.stored) for name, report in tour.bring_in(engine, show.doing)]
    show.table("Imported", ("file", "rows", "new or changed"), imported)
    show.problems(tour.check(engine))
    show.line(f"\n{len(engine.workspace.campaign_files())} campaigns are in order\n")
    stops = []
    for campaign in tour.CAMPAIGNS:
        with show.progress(campaign) as told:
            stops.append(tour.visit(engine, campaign, told))
    for stop in stops:
        _show(stop)
    show.line("Open:")
    for title, path in tour.worth_opening(engine, stops):
        show.line(f"  {path}\n      {title}")
    engine.close()


def _show(stop: "Stop") -> None:
    tally = stop.tally
    before = ", sent by an earlier demonstration and not again" if stop.sent_before else ""
    show.line(f"{stop.run_id}{before}")
    matched, sent, skipped = (show.number(count) for count in (tally.matched, tally.sent, tally.skipped))
    show.line(f"  matched {matched}: {sent} to be sent, {skipped} skipped")
    sends = [(name, channel, number) for name, by in tally.shares.items() for channel, number in by.items()]
    show.table("", ("variant", "channel", "sends"), sends)
    show.table("", ("skipped because of", "members"), show.by_reason(tally.skips))
    delivered = [(channel, state, reason, number) for channel, state, reason, number in stop.outcomes.rows]
    show.table("", ("channel", "state", "reason", "deliveries"), delivered)
    show.line("")


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(demo)
