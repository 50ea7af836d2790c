"""The ledger's schema: brought up to date by Alembic, checked cheaply by every other command."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from campaigns.errors import AuthorError
from campaigns.ledger import Ledger

HEAD: Final = "0001"
_MIGRATIONS: Final = Path(__file__).with_name("migrations")


def revision(connection: Connection) -> str | None:
    """The revision that the ledger stands at; None for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(ledger: Ledger) -> None:
    """Bring the ledger to `HEAD`; a new one gets all its tables. A crash inside leaves the revision before."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with ledger.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def prepare(ledger: Ledger) -> None:
    """Create the tables of a new ledger; AuthorError when it is away, or when an upgrade has to be run on it first."""
    try:
        with ledger.read() as connection:
            present = revision(connection)
    except OperationalError as error:
        message = f"the database cannot be reached: {str(error.orig).splitlines()[0]}"
        raise AuthorError.about("ledger", message, "no_database", "is it running, and is its address right?") from error
    if present is None:
        upgrade(ledger)
    elif present != HEAD:
        raise AuthorError.about(
            "ledger",
            f"its tables are of revision {present}, this version needs {HEAD}",
            "old_ledger",
            "make a backup, then `viesti db upgrade`",
        )
