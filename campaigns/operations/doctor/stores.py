"""The ledger, the warehouse and the disk: what a process needs before it can do anything."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from audiences.warehouse.warehouse import Warehouse
from campaigns.core.errors import AuthorError
from campaigns.operations.doctor.finding import Finding, fail, ok, warn
from campaigns.runs.engine import Engine
from campaigns.runs.planning.data_freshness import STALE
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.reconciliation import disagreements

_FULL: Final = 500 * 2**20
_SCARCE: Final = 5 * 2**30


def ledger(opened: Ledger) -> Finding:
    """Whether the ledger answers and has the tables of this version."""
    try:
        with opened.read() as connection:
            present = schema.revision(connection)
            old_queue = opened.is_shared and _lacks_changes(connection)
    except SQLAlchemyError as error:
        return fail("ledger", f"it cannot be reached ({type(error).__name__})", "is the database running?")
    if present is None:
        return warn("ledger", "there is none yet", "the first command that needs it makes it")
    if present != schema.HEAD:
        said = f"its tables are of revision {present}, this version needs {schema.HEAD}"
        return fail("ledger", said, "make a backup, then `viesti db upgrade`")
    if old_queue:
        said = "the tables of its queue are of an earlier version of Procrastinate"
        return fail("ledger", said, "make a backup, then `viesti db upgrade`")
    return ok("ledger", f"it answers, at revision {present}")


def _lacks_changes(connection: Connection) -> bool:
    from campaigns.runs.dispatch.procrastinate_dispatcher import unmigrated

    return bool(unmigrated(connection))


def agreement(opened: Ledger, now: datetime) -> Finding:
    """Whether the runs of the last days agree with themselves and with what providers told (OP-04)."""
    asked, found = disagreements(opened, now)
    if found:
        named = ", ".join(found)
        return warn("agreement", f"{len(found)} of {asked} runs do not agree: {named}", "`viesti status RUN` says how")
    return ok("agreement", f"{asked} runs of the last days agree with what was told of them")


def warehouse(stored: Warehouse) -> Finding:
    """Whether the files are there that the manifest names."""
    try:
        manifest = stored.manifest()
    except (OSError, ValueError, KeyError) as error:
        return fail("warehouse", f"its manifest cannot be read ({type(error).__name__})", "restore `data/warehouse`")
    if not manifest.tables:
        return warn("warehouse", "nothing was imported yet", "`viesti import members FILE`")
    missing = [name for table in manifest.tables for name in manifest.files(table) if not (stored.root / name).exists()]
    if missing:
        return fail("warehouse", f"{len(missing)} of its files are gone", "restore `data/warehouse`, or import again")
    return ok("warehouse", f"version {manifest.version}, {len(manifest.tables)} tables")


def disk(folder: Path) -> Finding:
    """Whether there is room for what is written while a run goes out."""
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    said = f"{free / 2**30:.1f} GiB are free"
    if free < _FULL:
        return fail("disk", said, "make room: nothing is sent that cannot be written down first")
    return warn("disk", said, "make room before a large campaign") if free < _SCARCE else ok("disk", said)


def data_age(engine: Engine) -> timedelta | None:
    """How old the newest receipt is; None: there are none, or it is not known."""
    newest = engine.library.warehouse.newest()
    return None if newest is None else max(engine.clock.now() - newest, timedelta())


def data(engine: Engine) -> Finding:
    """Whether purchases still come in."""
    age = data_age(engine)
    if age is None:
        return warn("data", "there are no purchases", "`viesti import purchases FILE`, every night")
    said = f"the newest purchase is {age.days} days and {age.seconds // 3600} hours old"
    return warn("data", said, "does the nightly import run?") if age > STALE else ok("data", said)


def stores(engine: Engine) -> tuple[Finding, ...]:
    """The findings without which a process is not ready."""
    try:
        found = ledger(engine.ledger)
    except AuthorError as error:
        found = fail("ledger", error.problems[0].message, error.problems[0].hint)
    return found, warehouse(engine.library.warehouse), disk(engine.workspace.data)
