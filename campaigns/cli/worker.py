"""Command `worker`: a process that sends messages and notices, and does nothing else."""

from functools import partial

import typer

from campaigns.cli import open_workspace, output, process_options
from campaigns.core.logging_setup import LogFormat, log_to_stderr


def worker(
    context: typer.Context,
    metrics: process_options.Metrics = None,
    log_format: process_options.Form = LogFormat.TEXT,
    log_level: process_options.FromLevel = process_options.Level.WARNING,
) -> None:
    """Send messages, codes and confirmations beside `viesti serve`; any number of workers may run."""
    from campaigns.core.metrics import exposed
    from campaigns.operations.gauges import figures
    from campaigns.operations.scheduler import work
    from campaigns.operations.worker import Outgoing

    log_to_stderr(log_format, log_level)
    with open_workspace.engine(context) as engine, exposed(partial(figures, engine), metrics):
        outgoing = Outgoing.of_worker(engine)
        output.doing(f"sending {', '.join(outgoing.channels)}, until Ctrl-C")
        work(outgoing)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(worker)
