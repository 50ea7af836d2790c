"""Command `demo`: the whole product once, on real purchases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output

if TYPE_CHECKING:
    from campaigns.demo.run_demo import Stop


def demo(
    context: typer.Context,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A workspace or a new folder; default: the current folder.")
    ] = None,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="In a new folder, send to local providers that misbehave, and check the accounts."
        ),
    ] = False,
) -> None:
    """Import real purchases of invented people, plan three campaigns and deliver them into ./outbox."""
    if rehearse:
        _rehearse(directory or Path(context.obj) / "rehearsal")
        return
    from campaigns.demo import run_demo
    from campaigns.runs.engine import Engine

    engine = Engine(run_demo.workspace_at(directory or Path(context.obj)), open_workspace.account())
    output.line(
        "The purchases are real (Complete Journey, 2017); the people, their addresses and choices are invented.\n"
    )
    imported = [(name, report.read, report.stored) for name, report in run_demo.bring_in(engine, output.doing)]
    output.table("Imported", ("file", "rows", "new or changed"), imported)
    output.problems(run_demo.check(engine))
    output.line(f"\n{len(engine.workspace.campaign_files())} campaigns are in order\n")
    stops = []
    for campaign in run_demo.CAMPAIGNS:
        with output.progress(campaign) as on_progress:
            stops.append(run_demo.visit(engine, campaign, on_progress))
    for stop in stops:
        _print_stop(stop)
    output.line("Open:")
    for title, path in run_demo.worth_opening(engine, stops):
        output.line(f"  {path}\n      {title}")
    engine.close()


def _rehearse(directory: Path) -> None:
    from campaigns.demo.rehearsal.rehearse import rehearse

    rehearsal = rehearse(directory, open_workspace.account(), output.doing)
    for balance in rehearsal.balances:
        sent, settled = balance.sent.by_state, balance.settled.by_state
        rows = [(state, sent[state], settled[state]) for state in sent if sent[state] or settled[state]]
        output.table(
            balance.run_id, ("deliveries", "as sent", "as settled"), [*rows, ("planned", *[balance.planned] * 2)]
        )
        output.line(
            f"  {output.number(balance.arrived)} arrived at the providers, at most {balance.most} for one person; "
            f"{sent['uncertain']} were uncertain, {settled['uncertain']} are; "
            f"the accounts {'agree' if balance.holds else 'DO NOT AGREE'}\n"
        )
    if not rehearsal.succeeded:
        raise ArithmeticError(f"the accounts do not agree; {rehearsal.events_refused} events were refused")


def _print_stop(stop: "Stop") -> None:
    tally = stop.tally
    before = ", sent by an earlier demonstration and not again" if stop.sent_before else ""
    output.line(f"{stop.run_id}{before}")
    matched, sent, skipped = (output.number(count) for count in (tally.matched, tally.sent, tally.skipped))
    output.line(f"  matched {matched}: {sent} to be sent, {skipped} skipped")
    sends = [(name, channel, number) for name, by in tally.shares.items() for channel, number in by.items()]
    output.table("", ("variant", "channel", "sends"), sends)
    output.table("", ("skipped because of", "members"), output.by_reason(tally.skips))
    delivered = [(channel, state, reason, number) for channel, state, reason, number in stop.outcomes.rows]
    output.table("", ("channel", "state", "reason", "deliveries"), delivered)
    output.line("")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(demo)
