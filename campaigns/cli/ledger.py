"""Commands about the ledger as a whole: db, ledger."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns.cli import open_workspace, output

if TYPE_CHECKING:
    from campaigns.store.admin.copy import Counted
    from campaigns.store.admin.suspend import Held

database = typer.Typer(help="Look after the ledger.", rich_markup_mode=None, no_args_is_help=True)
ledger = typer.Typer(help="Move the ledger to another database.", rich_markup_mode=None, no_args_is_help=True)

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the backup.")]


@database.command()
def upgrade(context: typer.Context) -> None:
    """Bring the ledger's tables to this version."""
    from campaigns.operations import ledger_admin

    with open_workspace.engine(context) as engine:
        ledger_admin.upgrade(engine)
    output.line("the ledger is of this version")


@database.command()
def backup(context: typer.Context, file: BackupFile) -> None:
    """Write the ledger as it is now into a file; sending goes on meanwhile."""
    from campaigns.operations import ledger_admin

    with open_workspace.engine(context) as engine, output.progress("Writing") as told:
        counted = ledger_admin.backup_to(engine, file, told)
    output.line(f"{sum(counted.values())} rows are in {file}, with everything that the ledger knows about members")


@database.command()
def restore(context: typer.Context, file: BackupFile) -> None:
    """Bring a backup into an empty ledger; who was erased since stays erased, and nothing is sent by itself."""
    from campaigns.operations import ledger_admin

    with open_workspace.engine(context) as engine, output.progress("Restoring") as told:
        counted, held = ledger_admin.restore_from(engine, file, told)
    _tell(counted, held)
    output.line("What was sent after the backup is not known here: find out before you resume or publish anything.")


@ledger.command()
def copy(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="postgresql://user@host:5432/database")],
) -> None:
    """Move the ledger into an empty database; from then on the old one sends nothing."""
    from campaigns.operations import ledger_admin

    with open_workspace.engine(context) as engine, output.progress("Copying") as told:
        counted, held = ledger_admin.copy_to(engine, to, told)
    _tell(counted, held)
    output.line("That is the old ledger. The copy goes on once `database_url` or VIESTI_DATABASE_URL names it.")


def _tell(counted: "Counted", held: "Held") -> None:
    output.table("", ("table", "rows"), [(name, rows) for name, rows in counted.items() if rows])
    output.line(f"Held: {held.runs} runs are paused, {held.publications} campaigns are off the schedule.")


def add_to(app: typer.Typer) -> None:
    """Put the commands into the command line."""
    app.add_typer(database, name="db")
    app.add_typer(ledger, name="ledger")
