"""Commands for operators: status, pause, resume, cancel, retention, serve, worker."""

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from campaigns.cli import ledger, open_workspace, output, plan_output, process_options
from campaigns.cli.planning import RunArgument
from campaigns.core.errors import Problem, UserError
from campaigns.core.logging_setup import LogFormat, log_to_stderr

if TYPE_CHECKING:
    from campaigns.runs.capacity.sms_segments import SegmentDistribution
    from campaigns.runs.engine import Engine
    from campaigns.store.runs.decisions import OutcomeCounts
    from campaigns.store.runs.run_tables import Run

_OUTCOME: Final = ("channel", "state", "reason", "deliveries")


def status(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Run to show; default: the newest ones.")] = None,
    json: open_workspace.JsonOption = False,
) -> None:
    """List the newest runs, or show the state of one run; its numbers always sum to the planned deliveries."""
    from campaigns.results.feedback import run_events

    with open_workspace.open_engine(context) as engine:
        runs = engine.queries.recent_runs() if run is None else [engine.queries.run(run)]
        outcomes_by_run = {listed_run.run_id: (listed_run, engine.queries.outcomes(listed_run)) for listed_run in runs}
        events = None if run is None else run_events.read_run_events(engine.context, run)
        start_notice = None if run is None or json or runs[0].state != "planned" else _start_notice(engine, runs[0])
        texts = _texts(engine, runs[0]) if run is not None and runs[0].state == "planned" else None
        settings = engine.context.repository.settings
    if json:
        rows = [
            {"run": name, "state": listed_run.state, "reason": listed_run.reason, "deliveries": outcomes.by_state}
            for name, (listed_run, outcomes) in outcomes_by_run.items()
        ]
        lengths = plan_output.sms_lengths_as_json(texts, settings)
        output.print_json(
            rows
            if run is None or events is None
            else {
                **rows[0],
                "outcomes": [dict(zip(_OUTCOME, row, strict=True)) for row in outcomes_by_run[run][1].rows],
                "events": events.words,
                "alarms": events.alarms,
                **lengths,
            }
        )
        return
    output.print_table(
        "", ("run", "state", "planned", "accepted", ""), [_line(*entry) for entry in outcomes_by_run.values()]
    )
    if run is not None and events is not None:
        plan_output.print_sms_lengths(texts, settings)
        output.print_table("\nDeliveries", _OUTCOME, outcomes_by_run[run][1].rows)
        output.print_table("\nEvents since", ("event", "deliveries"), list(events.words.items()))
        for alarm in events.alarms:
            output.print_line(f"warning: {alarm}")
        if start_notice is not None:
            output.print_line(f"\n{start_notice}")


def _texts(engine: "Engine", run: "Run") -> "SegmentDistribution | None":
    """Return the lengths of a plan's text messages; None for a plan without any, or one whose files are gone."""
    with suppress(UserError):
        return engine.forecast.segments(run)
    return None


def _start_notice(engine: "Engine", run: "Run") -> str:
    """Return when a planned run begins, or why it has not begun."""
    start = engine.run_control.start_time_or_problem(run)
    if isinstance(start, Problem):
        return f"not begun: {start}"
    if start is not None:
        return (
            f"begins at {start.astimezone(engine.context.repository.settings.zone):%Y-%m-%d %H:%M}, by `viesti serve`"
        )
    return f"not begun: `viesti send {run.run_id}` sends it"


def _line(run: "Run", outcomes: "OutcomeCounts") -> tuple[str, str, int, int, str]:
    """Return a run as one table row; states other than accepted stand at its end, unless zero."""
    states = outcomes.by_state
    accepted = states.pop("accepted")
    rest = [f"{output.format_number(number)} {state}" for state, number in states.items() if number]
    return run.run_id, run.state, outcomes.planned, accepted, ", ".join([*([run.reason] if run.reason else []), *rest])


def pause(context: typer.Context, run: RunArgument, json: open_workspace.JsonOption = False) -> None:
    """Pause a run; claimed messages are still sent."""
    from campaigns.runs.dispatch import run_transitions

    with open_workspace.open_engine(context) as engine:
        engine.run_control.transition(run_transitions.pause, run)
    output.print_result(f"paused; `viesti resume {run}` continues it", {"run": run, "state": "paused"}, json=json)


def resume(context: typer.Context, run: RunArgument, json: open_workspace.JsonOption = False) -> None:
    """Resume a paused run."""
    from campaigns.runs.dispatch import run_transitions

    with open_workspace.open_engine(context) as engine:
        engine.run_control.transition(run_transitions.resume, run)
        sender = "viesti worker" if engine.context.has_workers else "viesti serve"
    output.print_result(
        f"resumed; `{sender}` or `viesti send {run}` sends", {"run": run, "state": "sending"}, json=json
    )


def cancel(context: typer.Context, run: RunArgument, json: open_workspace.JsonOption = False) -> None:
    """Cancel a run for good; unclaimed deliveries are withdrawn."""
    from campaigns.runs.dispatch import run_transitions

    with open_workspace.open_engine(context) as engine:
        withdrawn = engine.run_control.transition(run_transitions.cancel, run)
    value = {"run": run, "state": "cancelled", "withdrawn": withdrawn}
    output.print_result(f"cancelled; {output.format_number(withdrawn)} deliveries were withdrawn", value, json=json)


def retention(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """Delete data past its retention and remains of erased members, and print the evidence; run it every night."""
    from campaigns.people.privacy import erasure

    with open_workspace.open_engine(context) as engine:
        evidence = [
            {
                "table": removal.table,
                "kept_days": None if removal.retention is None else removal.retention.days,
                "removed": removal.removed,
                "left": removal.remaining,
                "oldest": None if removal.oldest is None else removal.oldest.isoformat(),
            }
            for removal in erasure.apply_retention(engine.context)
        ]
    if json:
        output.print_json(evidence)
        return
    rows = [[cell if cell is not None else "" for cell in row.values()] for row in evidence]
    output.print_table("", ("table", "kept for days", "rows removed", "rows left", "oldest row"), rows)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")] = 8000,
    metrics: process_options.MetricsOption = None,
    log_format: process_options.LogFormatOption = LogFormat.TEXT,
    log_level: process_options.LogLevelOption = process_options.LogLevel.WARNING,
) -> None:
    """Serve the web pages; plan and send in a background process."""
    from campaigns.operations.background_process import ProcessConfig
    from campaigns.web.server import serve as run_server

    log_to_stderr(log_format, log_level)
    with open_workspace.open_engine(context) as engine:
        output.print_step(f"serving on http://{host}:{port}, until Ctrl-C")
        process_config = ProcessConfig(
            engine.context.workspace.root, engine.context.actor, metrics, log_format, log_level
        )
        run_server(engine, host, port, process_config)


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
    """Register the commands."""
    for command in (status, pause, resume, cancel, retention, serve, worker):
        app.command()(command)
    ledger.add_to(app)
