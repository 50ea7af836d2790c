"""Command `viesti`: parses arguments, calls one function, prints. Heavy modules are imported only when needed."""

import errno
import gc
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from campaigns.cli import (
    agent,
    audience,
    audit,
    calendar,
    catalogue,
    coupons,
    demo,
    doctor,
    feedback,
    help_layout,
    holdout,
    imports,
    init,
    member,
    members,
    operations,
    planning,
    proof,
    record,
    report,
    requests,
    workspace_files,
)
from campaigns.core.errors import UserError
from campaigns.core.private_files import set_private_umask

EXIT_USER_ERROR: Final = 1
EXIT_INTERNAL_ERROR: Final = 3
FILE_SYSTEM_ERRORS: Final = {
    errno.ENAMETOOLONG: ("this name is longer than the name of a file may be", "name_too_long", "name a shorter path"),
    errno.ENOSPC: ("no space is left on the disk", "disk_full", "free some space, and give the command again"),
}
"""Message, code and hint of errors of the file system that no command handles by itself, by `errno`."""
GC_THRESHOLD: Final = 100_000  # at the default of 700, a third of a short command's time is garbage collection

app = typer.Typer(
    name="viesti",
    cls=help_layout.HeadedCommandGroup,
    help="Plan, explain and send personalised campaigns: each message at most once, by each member's choices.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _workspace(
    context: typer.Context,
    workspace: Annotated[
        Path,
        typer.Option(
            "--workspace", metavar="DIR", help="Workspace folder; default: the workspace of the current folder."
        ),
    ] = Path(),
) -> None:
    context.obj = workspace


for module in (
    demo,
    init,
    workspace_files,
    imports,
    catalogue,
    audience,
    planning,
    calendar,
    proof,
    operations,
    report,
    coupons,
    feedback,
    member,
    members,
    requests,
    holdout,
    agent,
    audit,
    record,
    doctor,
):
    module.add_to(app)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the given command line, or the process's own.

    Exit with 0, 1 (the user can fix it), 2 (usage) or 3 (our bug).
    """
    gc.set_threshold(GC_THRESHOLD)
    set_private_umask()
    try:
        with _report_file_system_errors():
            app(args=arguments, prog_name="viesti")
    except UserError as error:
        from campaigns.cli.output import print_problems

        print_problems(error.problems)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        traceback.print_exc()
        typer.echo("This is a fault of viesti itself. Nothing that was committed is lost; please report it.", err=True)
        sys.exit(EXIT_INTERNAL_ERROR)


@contextmanager
def _report_file_system_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in FILE_SYSTEM_ERRORS:
            raise
        raise UserError.about(str(error.filename or "disk"), *FILE_SYSTEM_ERRORS[error.errno]) from error
