"""Command `calibrate`."""

from typing import Annotated

import typer

from campaigns.cli import open_workspace, output


def calibrate(
    context: typer.Context,
    language: open_workspace.LanguageOption = None,
    show_it: Annotated[bool, typer.Option("--open", help="Open the sheet.")] = False,
) -> None:
    """Draw a test sheet with the envelope windows of the print profile, to be tried in the envelope."""
    from campaigns.rendering.letters.calibration import read_profile, render_calibration_sheet

    library = open_workspace.open_library(context)
    shown_language = language or library.settings.default_language
    file = library.workspace.print_profile
    sheet = render_calibration_sheet(read_profile(file, str(file)), shown_language, library.clock.now())
    target = library.workspace.data / "previews" / f"calibration-{shown_language}.pdf"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(sheet)
    output.print_line(str(target))
    if show_it:
        typer.launch(str(target))


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(calibrate)
