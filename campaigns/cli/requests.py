"""The command `requests`: what members asked for by right and nobody has answered yet."""

import typer

from campaigns.cli import opened, show


def requests(context: typer.Context, json: opened.AsJson = False) -> None:
    """List what members asked for by right and is still open, the most urgent first."""
    from campaigns import auditing
    from campaigns import requests as asked

    with opened.engine(context) as engine:
        auditing.noted(engine, "list_requests", "requests")
        waiting, today = asked.waiting(engine), asked.today(engine)
    rows = [
        {
            "request": each.number,
            "member": each.member_id,
            "kind": each.kind,
            "source": each.source,
            "filed_at": each.filed_at.isoformat(),
            "due_on": each.due_on.isoformat(),
            "days_left": (each.due_on - today).days,
            "put_off_because": each.put_off_because,
        }
        for each in waiting
    ]
    if json:
        show.as_json(rows)
        return
    head = ("request", "member", "kind", "due on", "days left")
    show.table("", head, [[row[name.replace(" ", "_")] for name in head] for row in rows])


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(requests)
