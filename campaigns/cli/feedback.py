"""Commands for provider feedback: uncertain, mail, calls."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.output_phrases import Phrases
from campaigns.cli.planning import RunArgument
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from campaigns.workspace.context import Context


class ManualOutcome(StrEnum):
    """Outcome that an operator sets for an uncertain delivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


def uncertain(
    context: typer.Context,
    run: RunArgument,
    reconcile: Annotated[
        bool,
        typer.Option("--reconcile", help="Settle by stored events, or by asking the provider."),
    ] = False,
    mark: Annotated[
        ManualOutcome | None, typer.Option("--mark", metavar="OUTCOME", help="Decide by hand: accepted or refused.")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option("--member", metavar="M", help="With --mark: only this member's messages; may be repeated."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write the remaining messages to a CSV file.")
    ] = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """List the messages of a run with unknown outcome, and settle them; none is ever sent again."""
    from campaigns.results.feedback import resolve_uncertain

    if member and mark is None:
        raise typer.BadParameter("only valid with --mark", param_hint="--member")
    with open_workspace.open_engine(context) as engine:
        done = _settle(engine.context, run, mark, member or [], reconcile=reconcile)
        if export is not None:
            done["exported"] = resolve_uncertain.export(engine.context, run, export)
        rows = [
            {name: row[name] for name in resolve_uncertain.CSV_COLUMNS}
            for row in resolve_uncertain.uncertain_deliveries(engine.context, run)
        ]
    for row in rows:
        row["claimed_at"] = None if row["claimed_at"] is None else row["claimed_at"].isoformat()
    if json:
        output.print_json({"run": run, **done, "uncertain": rows})
    else:
        _print_uncertain(done, rows, Phrases(language))


def _print_uncertain(done: Mapping[str, int], rows: Sequence[Mapping[str, Any]], phrases: Phrases) -> None:
    from campaigns.results.feedback.resolve_uncertain import CSV_COLUMNS

    for name, number in done.items():
        output.print_line(f"{output.format_number(number)} {phrases.code(name.replace('_', ' '))}")
    cells = [
        tuple(phrases.code(cell) if name == "channel" else cell or "" for name, cell in row.items()) for row in rows
    ]
    output.print_table("", [phrases.code(name) for name in CSV_COLUMNS], cells, none=phrases.text("none"))


def _settle(
    context: "Context", run: str, mark: ManualOutcome | None, members: list[str], *, reconcile: bool
) -> dict[str, Any]:
    """Settle the messages as requested; return how many, by method."""
    from campaigns.results.feedback import resolve_uncertain
    from campaigns.store.runs.states import DeliveryState

    done: dict[str, Any] = {}
    if reconcile:
        settled = resolve_uncertain.reconcile(context, run)
        done |= {"settled_by_events": settled.by_events, "settled_by_the_provider": settled.by_provider}
    if mark is not None:
        done[f"marked_{mark}"] = resolve_uncertain.set_outcome(context, run, DeliveryState(mark), members)
    return done


def mail(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """Read returned mail: bounces, complaints and unsubscribe requests; `viesti serve` does this by itself."""
    from campaigns.results.feedback.returned_mail import read_mail

    with open_workspace.open_engine(context) as engine:
        report = read_mail(engine.context)
    if json:
        output.print_json({"mails": report.mails, "events": report.events, "unsubscribed": report.unsubscribed})
        return
    output.print_line(f"{report.mails} mails: {report.events} events were new, {report.unsubscribed} unsubscribed")


def calls(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The `calls.csv` of a call list, with results filled in.")
    ],
    json: open_workspace.JsonOption = False,
) -> None:
    """Read call results from a call list: members reached, and members who want no more calls."""
    from campaigns.results.feedback.call_results import read_call_results

    with open_workspace.open_engine(context) as engine:
        answers = read_call_results(engine.context, file)
    if json:
        problems = [str(problem) for problem in answers.problems]
        output.print_json({"answers": answers.new, "read_before": answers.read_before, "problems": problems})
    else:
        new = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in sorted(answers.new.items()))
        output.print_line(f"new answers: {new or 'none'}; {answers.read_before} had been read before")
        for problem in answers.problems:  # without its line, which holds a member's name and number
            typer.echo(str(problem), err=True)
    if answers.problems:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (uncertain, mail, calls):
        app.command()(command)
