"""The command `worker`: a process that sends messages and notes, and does nothing else."""

from functools import partial

import typer

from campaigns.cli import opened, show, watched
from campaigns.logs import LogFormat, log_to_stderr


def worker(
    context: typer.Context,
    metrics: watched.Metrics = None,
    log_format: watched.Form = LogFormat.TEXT,
    log_level: watched.FromLevel = watched.Level.WARNING,
) -> None:
    """Send messages, codes and confirmations beside `viesti serve`: as many of these as you like; on any machine with
    PostgreSQL.
    """
    from campaigns.meters import exposed
    from campaigns.observing import figures
    from campaigns.outgoing import Outgoing
    from campaigns.rounds import work

    log_to_stderr(log_format, log_level)
    with opened.engine(context) as engine, exposed(partial(figures, engine), metrics):
        outgoing = Outgoing.of_worker(engine)
        show.doing(f"sending {', '.join(outgoing.channels)}, until Ctrl-C")
        work(outgoing)


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(worker)
