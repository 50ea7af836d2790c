"""Commands for the ledger as a whole: db, ledger."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output

if TYPE_CHECKING:
    from campaigns.store.admin.copy import RowCounts
    from campaigns.store.admin.suspend import SuspendResult

database = typer.Typer(help="Upgrade, back up and restore the ledger.", rich_markup_mode=None, no_args_is_help=True)
ledger = typer.Typer(help="Move the ledger to another database.", rich_markup_mode=None, no_args_is_help=True)

BackupFileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Backup file.")]


@database.command()
def upgrade(context: typer.Context) -> None:
    """Upgrade the ledger's tables to this version."""
    from campaigns.operations import ledger_admin

    with open_workspace.open_engine(context) as engine:
        ledger_admin.upgrade(engine.context)
    output.print_line("the ledger's tables are up to date")


@database.command()
def backup(context: typer.Context, file: BackupFileArgument) -> None:
    """Write the ledger into a file while sending goes on."""
    from campaigns.operations import ledger_admin

    with open_workspace.open_engine(context) as engine, output.show_progress("Writing") as on_progress:
        counts = ledger_admin.backup_to(engine.context, file, on_progress)
    output.print_line(f"{sum(counts.values())} rows are in {file}, including all personal data of the ledger")


@database.command()
def restore(context: typer.Context, file: BackupFileArgument) -> None:
    """Restore a backup into an empty ledger; erased members stay erased, and all sending is suspended."""
    from campaigns.operations import ledger_admin

    with open_workspace.open_engine(context) as engine, output.show_progress("Restoring") as on_progress:
        counts, suspended = ledger_admin.restore_from(engine.context, file, on_progress)
    _print_counts(counts, suspended)
    output.print_line(
        "The ledger does not know what was sent after the backup: find out before you resume or publish anything."
    )


@ledger.command()
def copy(
    context: typer.Context,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="Target, such as postgresql://user@host:5432/database.")
    ],
) -> None:
    """Copy the ledger into an empty database and suspend all sending from the old one."""
    from campaigns.operations import ledger_admin

    with open_workspace.open_engine(context) as engine, output.show_progress("Copying") as on_progress:
        counts, suspended = ledger_admin.copy_to(engine, to, on_progress)
    _print_counts(counts, suspended)
    output.print_line(
        "The old ledger is suspended. The copy takes over once `database_url` or VIESTI_DATABASE_URL names it."
    )


def _print_counts(counts: "RowCounts", suspended: "SuspendResult") -> None:
    output.print_table("", ("table", "rows"), [(name, rows) for name, rows in counts.items() if rows])
    output.print_line(f"Paused runs: {suspended.runs}. Campaigns off the schedule: {suspended.publications}.")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(database, name="db")
    app.add_typer(ledger, name="ledger")
