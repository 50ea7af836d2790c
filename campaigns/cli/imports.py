"""Command `import`."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.errors import Severity

_OFFERS: Final = "offers"  # go into the workspace's files, not into the warehouse
_ABOUT_PRODUCTS: Final = ("products", _OFFERS)

ImportKind = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        help="Kind of data: members, choices, purchases, products, stores, offers, suppressions or sent.",
    ),
]


def import_(
    context: typer.Context,
    kind: ImportKind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file (UTF-8) or Parquet file.")],
    json: open_workspace.JsonOption = False,
) -> None:
    """Import a file; set bad rows aside with reasons. Importing the same file again changes nothing."""
    from audiences.imports.import_file import FILE_KINDS
    from campaigns.offers.price_feed import import_offers
    from campaigns.workspace.import_data import import_data

    if kind not in (*FILE_KINDS, _OFFERS):
        raise typer.BadParameter(f"one of {', '.join((*FILE_KINDS, _OFFERS))}", param_hint="KIND")
    with open_workspace.open_engine(context) as engine, output.show_percentage(f"importing {file.name}") as on_progress:
        if kind == _OFFERS:
            report = import_offers(engine.context, file)
        else:
            report = import_data(engine.context, kind, file, on_progress)
        problems = engine.context.repository.goods_protection.problems if kind in _ABOUT_PRODUCTS else ()
    output.print_problems(replace(problem, severity=Severity.WARNING) for problem in problems)
    if json:
        output.print_json(asdict(report))
        return
    output.print_line(
        f"{report.read} rows: {report.stored} stored, {report.unchanged} unchanged, {report.rejected} rejected"
    )
    if report.emptied:
        output.print_line(f"{report.emptied} values were left out of rows that were stored")
    if report.not_served:
        output.print_line(
            f"{report.not_served} telephone numbers are of countries not served: stored, but not written to"
        )
    for column, count in report.unknown.items():
        output.print_line(f"{count} rows have a `{column}` that was never imported: stored nevertheless")
    if report.rejects_path is not None:
        output.print_line(f"rejected rows, with line, column and reason: {report.rejects_path}")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("import")(import_)
