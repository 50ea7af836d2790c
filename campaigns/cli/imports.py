"""Commands that bring data in: import."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from campaigns.cli import open_workspace, output

_OFFERS: Final = "offers"  # they go into the workspace's files, not into the data

Kind = Annotated[
    str, typer.Argument(metavar="KIND", help="members, choices, purchases, products, offers, suppressions or sent")
]


def import_(
    context: typer.Context,
    kind: Kind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV (UTF-8) or Parquet.")],
    json: open_workspace.AsJson = False,
) -> None:
    """Bring a file in; the same file again changes nothing, and bad rows are set aside with their reasons."""
    from audiences.imports.import_file import KINDS

    if kind not in (*KINDS, _OFFERS):
        raise typer.BadParameter(f"one of {', '.join((*KINDS, _OFFERS))}", param_hint="KIND")
    with open_workspace.engine(context) as engine, output.portion(f"importing {file.name}") as told:
        report = engine.import_offers(file) if kind == _OFFERS else engine.import_file(kind, file, told)
    if json:
        output.as_json(asdict(report))
        return
    output.line(f"{report.read} rows: {report.stored} stored, {report.unchanged} unchanged, {report.rejected} rejected")
    if report.emptied:
        output.line(f"{report.emptied} values were left out of rows that were stored")
    if report.rejects_path is not None:
        output.line(f"what was set aside, with line, column and reason: {report.rejects_path}")


def add_to(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.command("import")(import_)
