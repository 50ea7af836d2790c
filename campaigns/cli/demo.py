"""Command `demo`: the whole product once, on real purchases."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output

if TYPE_CHECKING:
    from campaigns.demo.run_demo import CampaignResult
    from campaigns.runs.engine import Engine


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

    engine = Engine.open(run_demo.workspace_at(directory or Path(context.obj)), open_workspace.account())
    output.print_line(
        "The purchases are real (Complete Journey, 2017); the people, their addresses and choices are invented.\n"
    )
    imported = [
        (name, report.read, report.stored)
        for name, report in run_demo.import_demo_files(engine.context, output.print_step)
    ]
    output.print_table("Imported", ("file", "rows", "new or changed"), imported)
    output.print_problems(run_demo.check_campaigns(engine.context))
    output.print_line(f"\n{len(engine.context.workspace.campaign_files())} campaigns are in order\n")
    results = []
    for campaign in run_demo.CAMPAIGNS:
        with output.show_progress(campaign) as on_progress:
            results.append(run_demo.run_campaign(engine, campaign, on_progress))
    for result in results:
        _print_result(result)
    _import_redemptions(engine, results[run_demo.CAMPAIGNS.index(run_demo.COUPON_CAMPAIGN)].run_id)
    output.print_line("Open:")
    for title, path in run_demo.files_to_open(engine.context, results):
        output.print_line(f"  {path}\n      {title}")
    engine.close()


def _import_redemptions(engine: "Engine", run_id: str) -> None:
    from campaigns.demo.till_redemptions import import_till_file

    report = import_till_file(engine, run_id)
    number = output.format_number(report.read)
    output.print_line(f"Tills redeemed {number} coupons of {run_id}; see: viesti report {run_id}\n")


def _rehearse(directory: Path) -> None:
    from campaigns.demo.rehearsal.rehearse import rehearse

    rehearsal = rehearse(directory, open_workspace.account(), output.print_step)
    for balance in rehearsal.accounts:
        sent, settled = balance.sent.by_state, balance.settled.by_state
        rows = [(state, sent[state], settled[state]) for state in sent if sent[state] or settled[state]]
        output.print_table(
            balance.run_id, ("deliveries", "as sent", "as settled"), [*rows, ("planned", *[balance.planned] * 2)]
        )
        arrived = output.format_number(balance.arrived)
        output.print_line(
            f"  {arrived} arrived at the providers, at most {balance.most_per_mailbox} for one person; "
            f"{sent['uncertain']} were uncertain, {settled['uncertain']} are; "
            f"the accounts {'agree' if balance.agree else 'DO NOT AGREE'}\n"
        )
    if not rehearsal.succeeded:
        raise ArithmeticError(f"the accounts do not agree; {rehearsal.events_refused} events were refused")


def _print_result(result: "CampaignResult") -> None:
    plan_counts = result.plan_counts
    before = ", sent by an earlier demonstration and not again" if result.sent_before else ""
    output.print_line(f"{result.run_id}{before}")
    matched, sent, skipped = (
        output.format_number(count) for count in (plan_counts.matched, plan_counts.sent, plan_counts.skipped)
    )
    output.print_line(f"  matched {matched}: {sent} to be sent, {skipped} skipped")
    sends = [(name, channel, number) for name, by in plan_counts.shares.items() for channel, number in by.items()]
    output.print_table("", ("variant", "channel", "sends"), sends)
    output.print_table("", ("skipped because of", "members"), output.sorted_counts(plan_counts.skips))
    delivered = [(channel, state, reason, number) for channel, state, reason, number in result.outcomes.rows]
    output.print_table("", ("channel", "state", "reason", "deliveries"), delivered)
    output.print_line("")


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(demo)
