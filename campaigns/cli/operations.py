"""Commands for operators: status, pause, resume, cancel, retention, serve, worker."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from campaigns.cli import ledger, open_workspace, output, plan_output, process_options
from campaigns.cli.output_phrases import Phrases
from campaigns.cli.planning import RunArgument
from campaigns.core.errors import Problem, UserError
from campaigns.core.logging_setup import LogFormat, log_to_stderr
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from campaigns.core.model.settings import Settings
    from campaigns.results.feedback.run_events import RunEvents
    from campaigns.runs.capacity.sms_segments import SegmentDistribution
    from campaigns.runs.engine import Engine
    from campaigns.store.runs.decisions import OutcomeCounts
    from campaigns.store.runs.run_tables import Run

_OUTCOME: Final = ("channel", "state", "reason", "deliveries")
_ListedRun = tuple["Run", "OutcomeCounts"]


def status(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="Run to show; default: the newest ones.")] = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """List the newest runs, or show the state of one run; its numbers always sum to the planned deliveries."""
    phrases = Phrases(language)
    with open_workspace.open_engine(context) as engine:
        runs = engine.queries.recent_runs() if run is None else [engine.queries.run(run)]
        listed = [(each, engine.queries.outcomes(each)) for each in runs]
        detail = None if run is None else _detail(engine, runs[0], None if json else phrases)
        settings = engine.context.repository.settings
    if json:
        _print_json(listed, detail, settings)
        return
    _print_runs(listed, phrases)
    if detail is not None:
        _print_detail(listed[0][1], detail, settings, phrases)


@dataclass(frozen=True, slots=True)
class _RunDetail:
    """Detail of one run; the lengths of its text messages and when it begins are those of a plan."""

    events: "RunEvents"
    texts: "SegmentDistribution | None" = None
    start_notice: str | None = None


def _detail(engine: "Engine", run: "Run", phrases: Phrases | None) -> _RunDetail:
    """Return the detail of a run; with `phrases`, also when it begins."""
    from campaigns.results.feedback import run_events

    events = run_events.read_run_events(engine.context, run.run_id)
    if run.state != "planned":
        return _RunDetail(events)
    return _RunDetail(events, _texts(engine, run), None if phrases is None else _start_notice(engine, run, phrases))


def _print_json(listed: Sequence[_ListedRun], detail: _RunDetail | None, settings: "Settings") -> None:
    rows = [
        {"run": run.run_id, "state": run.state, "reason": run.reason, "deliveries": outcomes.by_state}
        for run, outcomes in listed
    ]
    if detail is None:
        output.print_json(rows)
        return
    output.print_json(
        {
            **rows[0],
            "outcomes": [dict(zip(_OUTCOME, row, strict=True)) for row in listed[0][1].rows],
            "events": detail.events.words,
            "alarms": detail.events.alarms,
            **plan_output.sms_lengths_as_json(detail.texts, settings),
        }
    )


def _print_runs(listed: Sequence[_ListedRun], phrases: Phrases) -> None:
    for run, _ in listed:
        if run.reason and not phrases.covers(run.reason):
            output.print_warning(f"{run.run_id}: {run.reason}")
    head = phrases.texts("run", "state", "planned", "accepted", "")
    output.print_table("", head, [_line(*entry, phrases) for entry in listed], none=phrases.text("none"))


def _print_detail(outcomes: "OutcomeCounts", detail: _RunDetail, settings: "Settings", phrases: Phrases) -> None:
    plan_output.print_sms_lengths(detail.texts, settings, phrases)
    plan_output.print_outcomes("Deliveries", outcomes, phrases)
    words = [(phrases.code(word), number) for word, number in detail.events.words.items()]
    title = f"\n{phrases.text('Events since')}"
    output.print_table(title, phrases.texts("event", "deliveries"), words, none=phrases.text("none"))
    for alarm in detail.events.alarms:
        output.print_warning(f"warning: {alarm}")
    if detail.start_notice is not None:
        output.print_line(f"\n{detail.start_notice}")


def _texts(engine: "Engine", run: "Run") -> "SegmentDistribution | None":
    """Return the lengths of a plan's text messages; None for a plan without any, or one whose files are gone."""
    with suppress(UserError):
        return engine.forecast.segments(run)
    return None


def _start_notice(engine: "Engine", run: "Run", phrases: Phrases) -> str:
    """Return when a planned run begins, or why it has not begun."""
    start = engine.run_control.start_time_or_problem(run)
    if isinstance(start, Problem):
        if phrases.language is Language.EN:
            return f"not begun: {start}"
        output.print_problems([start])
        return phrases.text("not begun, because of the problem named below")
    if start is not None:
        moment = start.astimezone(engine.context.repository.settings.zone)
        return phrases.text("begins at {moment}, by `viesti serve`", moment=f"{moment:%Y-%m-%d %H:%M}")
    return phrases.text("not begun: {reason}", reason=phrases.text("`viesti send {run}` sends it", run=run.run_id))


def _line(run: "Run", outcomes: "OutcomeCounts", phrases: Phrases) -> tuple[str, str, int, int, str]:
    """Return a run as one table row; states other than accepted stand at its end, unless zero."""
    states = outcomes.by_state
    accepted = states.pop("accepted")
    rest = [f"{output.format_number(number)} {phrases.code(state)}" for state, number in states.items() if number]
    reason = [phrases.code(run.reason)] if run.reason and phrases.covers(run.reason) else []
    return run.run_id, phrases.code(run.state), outcomes.planned, accepted, ", ".join([*reason, *rest])


def pause(
    context: typer.Context,
    run: RunArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Pause a run; claimed messages are still sent."""
    from campaigns.runs.dispatch import run_transitions

    with open_workspace.open_engine(context) as engine:
        engine.run_control.transition(run_transitions.pause, run)
    text = Phrases(language).text("paused; `viesti resume {run}` continues it", run=run)
    output.print_result(text, {"run": run, "state": "paused"}, json=json)


def resume(
    context: typer.Context,
    run: RunArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Resume a paused run."""
    from campaigns.runs.dispatch import run_transitions

    with open_workspace.open_engine(context) as engine:
        engine.run_control.transition(run_transitions.resume, run)
        sender = "viesti worker" if engine.context.has_workers else "viesti serve"
    text = Phrases(language).text("resumed; `{sender}` or `viesti send {run}` sends", sender=sender, run=run)
    output.print_result(text, {"run": run, "state": "sending"}, json=json)


def cancel(
    context: typer.Context,
    run: RunArgument,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """Cancel a run for good; unclaimed deliveries are withdrawn."""
    from campaigns.runs.dispatch import run_transitions

    with open_workspace.open_engine(context) as engine:
        withdrawn = engine.run_control.transition(run_transitions.cancel, run)
    value = {"run": run, "state": "cancelled", "withdrawn": withdrawn}
    number = output.format_number(withdrawn)
    text = Phrases(language).text("cancelled; {number} deliveries were withdrawn", number=number)
    output.print_result(text, value, json=json)


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
