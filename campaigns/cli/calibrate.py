"""The command `calibrate`."""

from typing import Annotated

import typer

from campaigns.cli import open_workspace, output


def calibrate(
    context: typer.Context,
    language: open_workspace.InLanguage = None,
    show_it: Annotated[bool, typer.Option("--open", help="Open the sheet.")] = False,
) -> None:
    """Draw the windows of the print profile on a sheet, to be tried in the envelope by whoever prints."""
    from campaigns.rendering.letters.calibration import calibration_sheet, read_profile

    library = open_workspace.library(context)
    spoken = language or library.settings.default_language
    file = library.workspace.print_profile
    sheet = calibration_sheet(read_profile(file, str(file)), spoken, library.clock.now())
    target = library.workspace.data / "previews" / f"calibration-{spoken}.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(sheet)
    output.line(str(target))
    if show_it:
        typer.launch(str(target))


def add_to(app: typer.Typer) -> None:
    """Put the command into the command line."""
    app.command()(calibrate)
