"""Commands for the global holdout: versions, members, renew."""

from typing import Annotated

import typer

from campaigns.cli import open_workspace, output

app = typer.Typer(help="List and renew the global holdout.", rich_markup_mode=None, no_args_is_help=True)


@app.command("versions")
def versions(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """List the versions of the holdout, and when each was in force."""
    from audiences.people import holdout_versions

    with open_workspace.open_engine(context) as engine, engine.context.ledger.read() as connection:
        rows = [
            {
                "version": version.number,
                "share": str(version.share),
                "since": version.since.isoformat(),
                "until": None if version.until is None else version.until.isoformat(),
            }
            for version in holdout_versions.list_versions(connection)
        ]
    if json:
        output.print_json(rows)
        return
    cells = [[cell if cell is not None else "" for cell in row.values()] for row in rows]
    output.print_table("", ("version", "share", "since", "until"), cells)


@app.command("members")
def members(
    context: typer.Context,
    version: Annotated[int, typer.Argument(metavar="VERSION", help="Version number from `viesti holdout versions`.")],
    at: open_workspace.AsOfOption = None,
) -> None:
    """Print the ids of members held out by a version, one a line; default moment: the end of the version."""
    from audiences.people import holdout_versions

    with open_workspace.open_engine(context) as engine:
        with engine.context.ledger.read() as connection:
            chosen = holdout_versions.read_version(connection, version)
        end = chosen.until or engine.context.clock.now()
        moment = end if at is None else open_workspace.parse_as_of(at, engine.context)
        for member_id in holdout_versions.held_out_members(engine.context.ledger, chosen, moment):
            typer.echo(member_id)


@app.command("renew")
def renew(context: typer.Context) -> None:
    """Draw a new holdout, in force from the next plan on; earlier versions can still be listed."""
    from audiences.people import holdout_versions
    from campaigns.store.people import audit

    with open_workspace.open_engine(context) as engine, engine.context.ledger.write() as connection:
        now, share = engine.context.clock.now(), engine.context.repository.settings.holdout
        renewed = holdout_versions.reshuffle(connection, share, now)
        audit.record(
            connection, now, engine.context.actor, "holdout", "renewed" if renewed else "none", {"share": str(share)}
        )
    output.print_line(
        "nobody is held out: the settings say 0 percent" if renewed is None else f"version {renewed.number} is in force"
    )


def add_to(main: typer.Typer) -> None:
    """Register the commands."""
    main.add_typer(app, name="holdout")
