"""Commands about what comes back: uncertain, mail, calls."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.planning import RunName

if TYPE_CHECKING:
    from campaigns.runs.engine import Engine


class Fate(StrEnum):
    """What became of a message of which nobody had known."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


def uncertain(
    context: typer.Context,
    run: RunName,
    reconcile: Annotated[
        bool,
        typer.Option("--reconcile", help="Settle what the events that came, or the provider when asked, can tell."),
    ] = False,
    mark: Annotated[
        Fate | None, typer.Option("--mark", metavar="FATE", help="Decide by hand: accepted or refused.")
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option("--member", metavar="M", help="With --mark: this member's alone; may be repeated."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write those that are left into a CSV file.")
    ] = None,
    json: open_workspace.AsJson = False,
) -> None:
    """List the messages of a run that may have gone or not, and settle them; nothing is ever sent again."""
    from campaigns.results.feedback import resolve_uncertain as kept

    if member and mark is None:
        raise typer.BadParameter("which members are meant matters to --mark only", param_hint="--member")
    with open_workspace.engine(context) as engine:
        done = _settled(engine, run, mark, member or [], reconcile=reconcile)
        if export is not None:
            done["exported"] = kept.export(engine, run, export)
        rows = [{name: row[name] for name in kept.COLUMNS} for row in kept.uncertain(engine, run)]
    for row in rows:
        row["claimed_at"] = None if row["claimed_at"] is None else row["claimed_at"].isoformat()
    if json:
        output.as_json({"run": run, **done, "uncertain": rows})
        return
    for what, number in done.items():
        output.line(f"{output.number(number)} {what.replace('_', ' ')}")
    output.table("", kept.COLUMNS, [tuple(cell or "" for cell in row.values()) for row in rows])


def _settled(engine: "Engine", run: str, mark: Fate | None, members: list[str], *, reconcile: bool) -> dict[str, Any]:
    """Do what was asked for; returns how many were settled, and how."""
    from campaigns.results.feedback import resolve_uncertain as kept
    from campaigns.store.runs.states import DeliveryState

    done: dict[str, Any] = {}
    if reconcile:
        found = kept.reconcile(engine, run)
        done |= {"settled_by_events": found.by_events, "settled_by_the_provider": found.by_provider}
    if mark is not None:
        done[f"marked_{mark}"] = kept.mark(engine, run, DeliveryState(mark), members)
    return done


def mail(context: typer.Context, json: open_workspace.AsJson = False) -> None:
    """Read the mail that came back: bounces, complaints, unsubscriptions; `viesti serve` does so by itself."""
    from campaigns.results.feedback.returned_mail import read_mail

    with open_workspace.engine(context) as engine:
        read = read_mail(engine)
    if json:
        output.as_json({"mails": read.mails, "events": read.events, "unsubscribed": read.unsubscribed})
        return
    output.line(f"{read.mails} mails: {read.events} events were new, {read.unsubscribed} unsubscribed")


def calls(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The `calls.csv` of a call list, with answers.")],
    json: open_workspace.AsJson = False,
) -> None:
    """Read the answers that callers wrote into a call list: who was reached, and who wants no more calls."""
    from campaigns.results.feedback.call_results import read_answers

    with open_workspace.engine(context) as engine:
        answers = read_answers(engine, file)
    if json:
        problems = [str(problem) for problem in answers.problems]
        output.as_json({"answers": answers.new, "read_before": answers.read_before, "problems": problems})
    else:
        new = ", ".join(f"{number} {word.replace('_', ' ')}" for word, number in sorted(answers.new.items()))
        output.line(f"new answers: {new or 'none'}; {answers.read_before} had been read before")
        for problem in answers.problems:  # without its line, in which a member's name and number stand
            typer.echo(str(problem), err=True)
    if answers.problems:
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    for command in (uncertain, mail, calls):
        app.command()(command)
