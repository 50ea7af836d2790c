"""Schema of the ledger: migrated by Alembic; every other command only compares its revision."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from campaigns.core.errors import UserError
from campaigns.store.ledger.connection import Ledger

HEAD: Final = "0008"
_MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"


def revision(connection: Connection) -> str | None:
    """Return the ledger's revision; None for a new ledger."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(ledger: Ledger) -> None:
    """Migrate the ledger to `HEAD`; a new one gets all its tables. A crash leaves the earlier revision."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with ledger.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def prepare(ledger: Ledger) -> None:
    """Create the tables of a new ledger; raise UserError when it is unreachable or has to be upgraded first."""
    try:
        with ledger.read() as connection:
            current = revision(connection)
    except OperationalError as error:
        message = f"the database cannot be reached: {str(error.orig).splitlines()[0]}"
        raise UserError.about("ledger", message, "no_database", "is it running, and is its address right?") from error
    if current is None:
        upgrade(ledger)
    elif current != HEAD:
        raise UserError.about(
            "ledger",
            f"its tables are of revision {current}, this version needs {HEAD}",
            "old_ledger",
            "make a backup, then `viesti db upgrade`",
        )
