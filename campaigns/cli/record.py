"""Command `record`: the record of processing activities."""

from typing import Final

import typer

from campaigns.cli import open_workspace, output

_TITLES: Final = {
    "controller": "Controller",
    "purposes": "Purposes and legal bases",
    "profiling": "Profiling",
    "people": "Categories of people",
    "data": "Categories of data",
    "ledger": "Personal data in the ledger",
    "recipients": "Recipients",
    "transfers": "Transfers to third countries",
    "retention": "Retention",
    "security": "Security",
}


def record(context: typer.Context, json: open_workspace.JsonOption = False) -> None:
    """Print the record of processing activities (GDPR, article 30), drawn up from the workspace's files."""
    from campaigns.people.privacy.processing_record import build_record

    with open_workspace.open_engine(context) as engine:
        repository = engine.context.repository
        sections = build_record(repository.settings, repository.catalogue)
    if json:
        output.print_json(sections)
        return
    for name, rows in sections.items():
        if not rows:
            output.print_line(f"{_TITLES[name]}\nnone\n")
            continue
        head = [column.replace("_", " ") for column in rows[0]]
        output.print_table(_TITLES[name], head, [list(map(_cell, row.values())) for row in rows])
        output.print_line("")


def _cell(value: str | int | None) -> str | int:
    return "–" if value is None else value


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(record)
