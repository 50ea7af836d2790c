"""Commands for workspace files: check, schema, calibrate."""

from pathlib import Path
from typing import Annotated, Literal, assert_never

import typer

from campaigns.cli import open_workspace, output
from campaigns.core.errors import UserError, errors_only
from campaigns.core.private_files import make_private_folder, write_private

FilesArgument = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE", help="Campaigns or audiences, by file or name; default: all.")
]
SchemaKind = Literal["campaign", "audience", "offers", "settings", "brand", "catalogue", "mapping"]


def check(context: typer.Context, files: FilesArgument = None, json: open_workspace.JsonOption = False) -> None:
    """Check campaign files, audiences and templates; report every problem with its line."""
    from campaigns.offers.ranking.ranking_model import model_problems
    from campaigns.workspace.workspace_check import check_workspace

    repository = open_workspace.open_repository(context)
    workspace, now = repository.workspace, repository.clock.now()
    if files:
        checked = [workspace.find_file(file) for file in files]
        problems = list(dict.fromkeys(problem for file in checked for problem in repository.file_problems(file, now)))
    else:
        checked = [*workspace.campaign_files(), *workspace.audience_files()]
        problems = [*check_workspace(repository, now), *model_problems(workspace.ranking_model)]
    if json:
        output.print_json(
            [
                {
                    "file": problem.place.file,
                    "line": problem.place.line,
                    "column": problem.place.column,
                    "severity": problem.severity,
                    "code": problem.code,
                    "message": problem.message,
                    "hint": problem.hint,
                }
                for problem in problems
            ]
        )
        if errors_only(problems):
            raise typer.Exit(1)
        return
    if errors_only(problems):
        raise UserError(problems)
    output.print_problems(problems)
    sound = len(checked) - len({Path(problem.place.file) for problem in repository.audience_faults()} & set(checked))
    output.print_line("1 file is in order" if sound == 1 else f"{sound} files are in order")


def schema(
    context: typer.Context,
    kind: Annotated[SchemaKind, typer.Argument(metavar="KIND", help="Kind of file.")] = "campaign",
) -> None:
    """Print the JSON Schema of one kind of file, for editors that complete and check while you type."""
    from campaigns.workspace import json_schema as schemas

    match kind:
        case "campaign":
            json_schema = schemas.campaign_schema(open_workspace.open_repository(context).vocabulary)
        case "audience":
            json_schema = schemas.audience_schema(open_workspace.open_repository(context).vocabulary)
        case "offers":
            json_schema = schemas.offers_schema()
        case "settings":
            json_schema = schemas.settings_schema()
        case "brand":
            json_schema = schemas.brand_schema()
        case "catalogue":
            json_schema = schemas.catalogue_schema()
        case "mapping":
            json_schema = schemas.mapping_schema()
        case _ as never:
            assert_never(never)
    output.print_json(json_schema)


def calibrate(
    context: typer.Context,
    language: open_workspace.LanguageOption = None,
    show_it: Annotated[bool, typer.Option("--open", help="Open the sheet.")] = False,
) -> None:
    """Draw a test sheet with the envelope windows of the print profile, to be tried in the envelope."""
    from campaigns.rendering.letters.calibration import read_profile, render_calibration_sheet

    repository = open_workspace.open_repository(context)
    shown_language = language or repository.settings.default_language
    file = repository.workspace.print_profile
    sheet = render_calibration_sheet(read_profile(file, str(file)), shown_language, repository.clock.now())
    target = repository.workspace.previews / f"calibration-{shown_language}.pdf"
    make_private_folder(target.parent)
    write_private(target, sheet)
    output.print_line(str(target))
    if show_it:
        typer.launch(str(target))


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (check, schema, calibrate):
        app.command()(command)
