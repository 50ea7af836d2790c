"""Command `import`."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.errors import Problem, Severity

if TYPE_CHECKING:
    from audiences.imports.import_report import ImportReport
    from audiences.imports.mapping import ImportMapping
    from campaigns.core.model.catalogue import Catalogue

_OFFERS: Final = "offers"  # go into the workspace's files, not into the warehouse
_REDEMPTIONS: Final = "redemptions"  # name coupons of runs
_ABOUT_PRODUCTS: Final = ("products", _OFFERS)
_PLAIN: Final = ("", "CSV in UTF-8, separated by commas")
_ZEROS: Final = "got back the zeros that a spreadsheet had dropped"
_REASONS_SHOWN: Final = 5
_REGISTERS: Final = {"member_id": "member", "product_id": "product", "store_id": "store", "home_store": "store"}

ImportKind = Annotated[
    str,
    typer.Argument(
        metavar="KIND",
        help="Kind of data: members, choices, purchases, products, stores, offers, suppressions, sent or redemptions.",
    ),
]


def import_(
    context: typer.Context,
    kind: ImportKind,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV file, Excel workbook (.xlsx) or Parquet file, whatever its name."),
    ],
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", help="What the columns, dates and words of the file mean."),
    ] = None,
    constants: Annotated[
        list[str] | None,
        typer.Option("--constant", metavar="COLUMN=VALUE", help="A column that the file lacks; may be repeated."),
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Import nothing; look at the file and write a mapping to config/mappings.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="With --propose: replace a mapping.")] = False,
    json: open_workspace.JsonOption = False,
) -> None:
    """Import a file; set bad rows aside with reasons. Importing the same file again changes nothing."""
    from audiences.imports.mapping import load_mapping, with_constants

    _check_kind(kind)
    if propose:
        _propose(context, kind, file, overwrite=force, json=json)
        return
    columns = with_constants(None if mapping is None else load_mapping(mapping), _constants(constants or ()))
    report, warnings = _import_file(context, kind, file, columns)
    output.print_problems(warnings)
    if json:
        output.print_json(asdict(report))
    else:
        for line in _report_lines(report):
            output.print_foreign(line)
    if report.is_refused:
        raise typer.Exit(1)


def _check_kind(kind: str) -> None:
    from audiences.imports.import_file import FILE_KINDS

    kinds = (*FILE_KINDS, _OFFERS, _REDEMPTIONS)
    if kind not in kinds:
        raise typer.BadParameter(f"one of {', '.join(kinds)}", param_hint="KIND")


def _import_file(
    context: typer.Context, kind: str, file: Path, mapping: "ImportMapping | None"
) -> "tuple[ImportReport, list[Problem]]":
    """Import a file of any kind; return its report, and what a new register of products leaves to be said."""
    from campaigns.offers.price_feed import import_offers
    from campaigns.results.redemptions.import_redemptions import import_redemptions
    from campaigns.workspace.import_data import import_data

    with open_workspace.open_engine(context) as engine, output.show_import(f"importing {file.name}") as on_progress:
        if kind == _OFFERS:
            report = import_offers(engine.context, file, mapping)
        elif kind == _REDEMPTIONS:
            report = import_redemptions(engine, file, on_progress, mapping)
        else:
            report = import_data(engine.context, kind, file, on_progress, mapping)
        problems = engine.context.repository.goods_protection.problems if kind in _ABOUT_PRODUCTS else ()
    return report, [replace(problem, severity=Severity.WARNING) for problem in problems]


def _constants(texts: Sequence[str]) -> Mapping[str, str]:
    for text in texts:
        if "=" not in text.strip("="):
            raise typer.BadParameter(f"`{text}` is not COLUMN=VALUE", param_hint="--constant")
    return {column.strip(): value.strip() for column, _, value in (text.partition("=") for text in texts)}


def _report_lines(report: "ImportReport") -> Iterator[str]:
    """Yield what became of the rows, and what their sender should know."""
    if report.format not in _PLAIN:
        yield f"this is {report.format}"
    read = "1 row" if report.read == 1 else f"{report.read} rows"
    yield f"{read}: {report.stored} stored, {report.unchanged} unchanged, {report.rejected} rejected"
    if not report.read:
        yield "the file has a header, and no rows below it"
    remarks = (
        (
            report.emptied,
            "value was left out of a row that was stored",
            "values were left out of rows that were stored",
        ),
        (report.padded, f"postal code {_ZEROS}", f"postal codes {_ZEROS}"),
        (
            report.not_served,
            "telephone number is of a country not served: stored, but not written to",
            "telephone numbers are of countries not served: stored, but not written to",
        ),
    )
    yield from (f"{number} {one if number == 1 else many}" for number, one, many in remarks if number)
    for column, rows in report.unknown.items():
        named = f"{rows} rows name" if rows > 1 else "1 row names"
        yield f"{named} a {_REGISTERS[column]} (`{column}`) that was never imported: stored nevertheless"
    yield from (f"  {reason}" for reason in report.reasons[:_REASONS_SHOWN])
    if report.rejects_path is not None:
        listed = "rejected rows" if report.rejected else "these values"
        yield f"{listed}, with line, column and reason: {report.rejects_path}"
    if report.is_refused:
        yield "nothing was imported: every row was rejected; where their form is the cause, --propose writes a mapping"


def _propose(context: typer.Context, kind: str, file: Path, *, overwrite: bool, json: bool) -> None:
    from campaigns.workspace.import_proposal import write_proposal

    repository = open_workspace.open_repository(context)
    columns, required = _known_columns(kind, repository.catalogue)
    proposal = write_proposal(repository, kind, file, columns, required, overwrite=overwrite)
    if json:
        output.print_json(asdict(proposal))
        return
    output.print_foreign(f"this is {proposal.format}")
    output.print_foreign(f"wrote {proposal.path}")
    for doubt in proposal.doubts:
        output.print_foreign(f"  not sure: {doubt}")
    if proposal.not_read:
        output.print_foreign(
            f"  not read: {', '.join(f'`{name}`' if name else 'no name' for name in proposal.not_read)}"
        )
    output.print_foreign(f"next: read it, then viesti import {kind} {file} --mapping {proposal.path}")


def _known_columns(kind: str, catalogue: "Catalogue") -> tuple[Collection[str], Collection[str]]:
    """Return the columns that files of a kind may have, and those that they must have."""
    from audiences.imports.import_file import FILE_KINDS
    from campaigns.offers.price_feed_rows import PRICE_FEED_COLUMNS, REQUIRED_COLUMNS
    from campaigns.results.redemptions.import_redemptions import OPTIONAL, REQUIRED

    if kind == _OFFERS:
        return PRICE_FEED_COLUMNS, REQUIRED_COLUMNS
    if kind == _REDEMPTIONS:
        return {**REQUIRED, **OPTIONAL}, REQUIRED
    return FILE_KINDS[kind].columns(catalogue), FILE_KINDS[kind].required


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("import")(import_)
