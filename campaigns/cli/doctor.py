"""The command `doctor`."""

from dataclasses import asdict

import typer

from campaigns.cli import opened, show


def doctor(context: typer.Context, json: opened.AsJson = False) -> None:
    """Look at keys, senders, DNS, providers, clock, disk and data, and say what to put right."""
    from campaigns.doctor.dns import Resolver
    from campaigns.doctor.examine import examine
    from campaigns.doctor.finding import Level

    with opened.engine(context) as engine:
        found = list(examine(engine, Resolver()))
    if json:
        show.as_json([asdict(each) for each in found])
    else:
        show.table(
            "", ("", "check", "", "next step"), [(each.level, each.check, each.said, each.step) for each in found]
        )
    if any(each.level is Level.FAIL for each in found):
        raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(doctor)
