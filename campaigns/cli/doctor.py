"""The command `doctor`."""

from dataclasses import asdict

import typer

from campaigns.cli import open_workspace, output


def doctor(context: typer.Context, json: open_workspace.AsJson = False) -> None:
    """Look at keys, senders, DNS, providers, clock, disk and data, and say what to put right."""
    from campaigns.operations.doctor.dns import Resolver
    from campaigns.operations.doctor.finding import Level
    from campaigns.operations.doctor.run_checks import examine

    with open_workspace.engine(context) as engine:
        found = list(examine(engine, Resolver()))
    if json:
        output.as_json([asdict(each) for each in found])
    else:
        output.table(
            "", ("", "check", "", "next step"), [(each.level, each.check, each.said, each.step) for each in found]
        )
    if any(each.level is Level.FAIL for each in found):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(doctor)
