"""Command `requests`: open privacy requests, and notifications that processors are owed."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from campaigns.cli import open_workspace, output
from campaigns.cli.output_phrases import Phrases
from campaigns.core.model.enums import Language
from campaigns.core.model.privacy_rights import ProcessorAnswer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from campaigns.workspace.context import Context


_CODED: Final = ("kind", "channel")


def requests(
    context: typer.Context,
    task: Annotated[
        int | None,
        typer.Option("--told", metavar="TASK", help="Close this task: its processor was notified and answered."),
    ] = None,
    answer: Annotated[
        ProcessorAnswer | None, typer.Option("--answer", help="With --told, the processor's answer; default: done.")
    ] = None,
    language: open_workspace.OutputLanguageOption = Language.EN,
    json: open_workspace.JsonOption = False,
) -> None:
    """List open privacy requests and the processors to be told, the most urgent first."""
    from campaigns.people.accounts import audit_log
    from campaigns.people.privacy import processors

    if answer is not None and task is None:
        raise typer.BadParameter("needs --told TASK", param_hint="--answer")
    with open_workspace.open_engine(context) as engine:
        if task is not None:
            processors.record_answer(engine.context, task, answer or ProcessorAnswer.DONE)
        audit_log.note_access(engine.context, "list_requests", "requests")
        waiting, tasks = _waiting(engine.context), _processor_tasks(engine.context)
    if json:
        output.print_json({"requests": waiting, "processors": tasks})
        return
    phrases = Phrases(language)
    _table("", ("request", "member", "kind", "due on", "days left"), waiting, phrases)
    if tasks:
        rows = [{**row, "messages": len(row["messages"])} for row in tasks]
        head = ("task", "processor", "channel", "kind", "member", "messages", "due on")
        _table("Processors to be told", head, rows, phrases)


def _waiting(context: "Context") -> "list[dict[str, Any]]":
    from campaigns.people.privacy import requests as privacy_requests

    today = privacy_requests.today(context)
    return [
        {
            "request": request.number,
            "member": request.member_id,
            "kind": request.kind,
            "source": request.source,
            "filed_at": request.filed_at.isoformat(),
            "due_on": request.due_on.isoformat(),
            "days_left": (request.due_on - today).days,
            "put_off_because": request.put_off_because,
        }
        for request in privacy_requests.list_open(context)
    ]


def _processor_tasks(context: "Context") -> "list[dict[str, Any]]":
    from dataclasses import asdict

    from campaigns.people.privacy import processors

    return [
        {
            "task": task.number,
            "processor": task.processor,
            "channel": task.channel.value,
            "kind": task.kind,
            "member": task.member_id,
            "due_on": task.due_on.isoformat(),
            "messages": [asdict(message) for message in task.messages],
        }
        for task in processors.open_tasks(context)
    ]


def _table(title: str, head: "Sequence[str]", rows: "Sequence[dict[str, Any]]", phrases: Phrases) -> None:
    cells = [[_cell(name, row[name.replace(" ", "_")], phrases) for name in head] for row in rows]
    output.print_table(phrases.text(title) if title else "", phrases.texts(*head), cells, none=phrases.text("none"))


def _cell(name: str, value: object, phrases: Phrases) -> object:
    return phrases.code(str(value)) if name in _CODED else value


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(requests)
