"""Engine and workspace of a command, opened from the option `--workspace`, and options shared by many commands."""

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from campaigns.cli import required_roles
from campaigns.core.clock import wall_instant
from campaigns.core.model.enums import Language

if TYPE_CHECKING:
    from campaigns.runs.engine import Engine
    from campaigns.workspace.context import Context
    from campaigns.workspace.repository import WorkspaceRepository

_YEARS: Final = range(1900, 2200)  # beyond them date arithmetic fails

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="WHEN", help="Date or time to evaluate rules at: 2018-01-05 (midnight) or 2018-01-05T10:30."
    ),
]
LanguageOption = Annotated[
    Language,
    typer.Option("--language", envvar="VIESTI_LANGUAGE", help="Language of the output; warnings stay English."),
]
DocumentLanguageOption = Annotated[
    Language | None, typer.Option("--language", help="Language of the document; default: the workspace's.")
]
DespiteWaitOption = Annotated[
    bool,
    typer.Option(
        "--despite-wait",
        help="Go on although e-mail or telephone changed within 72 hours; you made sure who asks. Audited.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value for scripts.")]


@contextmanager
def open_engine(context: typer.Context) -> Iterator["Engine"]:
    """Open the engine of the command's workspace, and close it at the end.

    Raise UserError when this account may not run the command (see `required_roles`).
    """
    from campaigns.runs.engine import Engine
    from campaigns.workspace.paths import find_workspace

    opened = Engine.open(find_workspace(Path(context.obj)), account())
    try:
        required_roles.require_permission(opened.context, context.command_path)
        yield opened
    finally:
        opened.close()


def open_repository(context: typer.Context) -> "WorkspaceRepository":
    """Return the workspace's files alone, for commands that need no data; half the imports of the engine."""
    from campaigns.workspace.paths import find_workspace
    from campaigns.workspace.repository import WorkspaceRepository

    return WorkspaceRepository(find_workspace(Path(context.obj)))


def account() -> str:
    """Return the account that runs the command, from the operating system and not from an environment variable."""
    number = os.geteuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:  # a container's user without a name
        return f"uid:{number}"


def parse_as_of(text: str | None, opened: "Context") -> datetime:
    """Parse `--as-of` in the workspace's time zone; default: now.

    Raise a usage error for an invalid value, and for an hour that the change to summer time leaves out.
    """
    zone = opened.settings.zone
    if text is None:
        return opened.clock.now().astimezone(zone).replace(second=0, microsecond=0)
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            "a moment is written like 2018-01-05 or 2018-01-05T10:30", param_hint="--as-of"
        ) from error
    if when.year not in _YEARS:
        raise typer.BadParameter(f"a year from {_YEARS[0]} to {_YEARS[-1]}", param_hint="--as-of")
    if when.tzinfo is not None:
        return when
    if wall_instant(when, zone) is None:
        later = (when.replace(tzinfo=zone).astimezone(UTC)).astimezone(zone)
        message = (
            f"{when:%Y-%m-%d %H:%M} does not exist in {zone.key}: the clocks go forward over it; try {later:%H:%M}"
        )
        raise typer.BadParameter(message, param_hint="--as-of")
    return when.replace(tzinfo=zone)
