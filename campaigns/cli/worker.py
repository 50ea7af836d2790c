"""Command `worker`: a process that sends messages and notices, and does nothing else."""

from functools import partial

import typer

from campaigns.cli import open_workspace, output, process_options
from campaigns.core.logging_setup import LogFormat, log_to_stderr


def worker(
    context: typer.Context,
    metrics: process_options.MetricsOption = None,
    log_format: process_options.LogFormatOption = LogFormat.TEXT,
    log_level: process_options.LogLevelOption = process_options.LogLevel.WARNING,
) -> None:
    """Send messages, codes and confirmations beside `viesti serve`; any number of workers may run."""
    from campaigns.core.metrics import serve_metrics
    from campaigns.operations.gauges import read_gauges
    from campaigns.operations.scheduler import run_worker
    from campaigns.operations.worker import Worker

    log_to_stderr(log_format, log_level)
    with open_workspace.open_engine(context) as engine, serve_metrics(partial(read_gauges, engine.context), metrics):
        outgoing = Worker.for_worker_command(engine)
        output.print_step(f"sending {', '.join(outgoing.channels)}, until Ctrl-C")
        run_worker(outgoing)


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(worker)
