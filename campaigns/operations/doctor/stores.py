"""Checks of the ledger, the warehouse, the disk and the age of the data."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from audiences.access import undeclared_proxies
from audiences.warehouse.warehouse import Warehouse
from campaigns.core.errors import UserError
from campaigns.operations.doctor.finding import Finding, fail, ok, warn
from campaigns.runs.planning.data_freshness import STALE_AFTER
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.reconciliation import reconcile_recent_runs
from campaigns.workspace.context import Context

_MIN_FREE: Final = 500 * 2**20
_LOW_FREE: Final = 5 * 2**30
_LISTED_PROXIES: Final = 5


def check_ledger(opened: Ledger) -> Finding:
    """Check that the ledger answers and has the tables of this version."""
    try:
        with opened.read() as connection:
            revision = schema.revision(connection)
            old_queue = opened.is_shared and _queue_is_outdated(connection)
    except SQLAlchemyError as error:
        return fail("ledger", f"it cannot be reached ({type(error).__name__})", "is the database running?")
    if revision is None:
        return warn("ledger", "there is none yet", "the first command that needs it creates it")
    if revision != schema.HEAD:
        reason = f"its tables are of revision {revision}, this version needs {schema.HEAD}"
        return fail("ledger", reason, "make a backup, then `viesti db upgrade`")
    if old_queue:
        reason = "the tables of its queue are of an earlier version of Procrastinate"
        return fail("ledger", reason, "make a backup, then `viesti db upgrade`")
    return ok("ledger", f"it answers, at revision {revision}")


def _queue_is_outdated(connection: Connection) -> bool:
    from campaigns.runs.dispatch.procrastinate_dispatcher import missing_migrations

    return bool(missing_migrations(connection))


def check_reconciliation(opened: Ledger, now: datetime) -> Finding:
    """Check that the runs of the last days agree with themselves and with provider events (OP-04)."""
    checked, disagreeing = reconcile_recent_runs(opened, now)
    if disagreeing:
        names = ", ".join(disagreeing)
        return warn(
            "agreement", f"{len(disagreeing)} of {checked} runs do not agree: {names}", "see `viesti status RUN`"
        )
    return ok("agreement", f"every run of the last days ({checked}) agrees with its provider events")


def check_proxies(context: Context) -> Finding:
    """Check that every proxy that passed requests on in the last day is declared."""
    with context.ledger.read() as connection:
        undeclared = undeclared_proxies.recent(connection, context.clock.now())
    if not undeclared:
        declared = ", ".join(map(str, context.repository.settings.trusted_proxies)) or "none"
        return ok("proxies", f"declared: {declared}; no other passes requests on")
    further = len(undeclared) - _LISTED_PROXIES
    listed = ", ".join(undeclared[:_LISTED_PROXIES]) + (f" and {further} others" if further > 0 else "")
    reason = f"requests of many visitors came through {listed}: limits count them as one visitor"
    step = f"if this is a proxy of yours, add `trusted_proxies: [{listed}]` to config/settings.yaml"
    if len(undeclared) > 1:  # strangers say so, too: no line to be copied whole
        step = "add the proxies of yours among them to `trusted_proxies` in config/settings.yaml, and no other address"
    return warn("proxies", reason, step)


def check_warehouse(stored: Warehouse) -> Finding:
    """Check that the files of the manifest exist."""
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


def check_disk(folder: Path) -> Finding:
    """Check the free disk space for the files of a run."""
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    reason = f"{free / 2**30:.1f} GiB are free"
    if free < _MIN_FREE:
        return fail("disk", reason, "make room: nothing is sent that cannot be recorded first")
    return warn("disk", reason, "make room before a large campaign") if free < _LOW_FREE else ok("disk", reason)


def data_age(context: Context) -> timedelta | None:
    """Return the age of the newest receipt; None if there are none, or if it is unknown."""
    newest = context.repository.warehouse.newest_receipt_at()
    return None if newest is None else max(context.clock.now() - newest, timedelta())


def check_data_age(context: Context) -> Finding:
    """Check that purchases are still imported."""
    age = data_age(context)
    if age is None:
        return warn("data", "there are no purchases", "`viesti import purchases FILE`, every night")
    reason = f"the newest purchase is {age.days} days and {age.seconds // 3600} hours old"
    return warn("data", reason, "does the nightly import run?") if age > STALE_AFTER else ok("data", reason)


def check_stores(context: Context) -> tuple[Finding, ...]:
    """Return the findings of the stores that a process needs to be ready."""
    try:
        ledger_finding = check_ledger(context.ledger)
    except UserError as error:
        ledger_finding = fail("ledger", error.problems[0].message, error.problems[0].hint)
    return ledger_finding, check_warehouse(context.repository.warehouse), check_disk(context.workspace.data)
