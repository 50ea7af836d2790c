"""The command `worker`: a process that sends, and does nothing else."""

import typer

from campaigns.cli import opened, show


def worker(context: typer.Context) -> None:
    """Send what is under way, beside `viesti serve`: as many of these as you like; on any machine with PostgreSQL."""
    from campaigns.outgoing import Outgoing

    with opened.engine(context) as engine:
        outgoing = Outgoing.of_worker(engine)
        show.doing(f"sending {', '.join(outgoing.channels)}, until Ctrl-C")
        outgoing.until_told()


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(worker)
