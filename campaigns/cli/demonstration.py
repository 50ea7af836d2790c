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
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="In a new folder, send them to providers that misbehave; do the sums.")
    ] = False,
) -> None:
    """Import real purchases and invented people, plan three campaigns, and deliver them into ./outbox."""
    if rehearse:
        _rehearse(directory or Path(context.obj) / "rehearsal")
        return
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


def _rehearse(directory: Path) -> None:
    from campaigns.rehearsal.rehearse import rehearse

    rehearsal = rehearse(directory, opened.account(), show.doing)
    for balance in rehearsal.balances:
        sent, settled = balance.sent.by_state, balance.settled.by_state
        rows = [(state, sent[state], settled[state]) for state in sent if sent[state] or settled[state]]
        show.table(
            balance.run_id, ("deliveries", "as sent", "as settled"), [*rows, ("planned", *[balance.planned] * 2)]
        )
        show.line(
            f"  {show.number(balance.arrived)} arrived at the far ends, at most {balance.most} for one person; "
            f"{sent['uncertain']} were uncertain, {settled['uncertain']} are; "
            f"the balance {'holds' if balance.holds else 'DOES NOT HOLD'}\n"
        )
    if not rehearsal.succeeded:
        raise ArithmeticError(f"the accounts do not agree; {rehearsal.events_refused} events were refused")


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
