"""Administration of the workspace's whole ledger: upgrade, copy to another database, backup, restore."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from audiences.people import member_erasure
from audiences.tables import CONTACT
from campaigns.people.privacy.written_files import register_file
from campaigns.results.feedback import erase_events
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import SharedRunFiles
from campaigns.store.admin import backup, copy, schema
from campaigns.store.admin.copy import RowCounts
from campaigns.store.admin.database_url import check_url
from campaigns.store.admin.suspend import SuspendResult
from campaigns.store.ledger.connection import Ledger, ProgressCallback
from campaigns.store.people import audit, kept_files, privacy_requests, reassign
from campaigns.store.people.kept_files import KeptFileKind
from campaigns.store.runs import runs
from campaigns.store.runs.states import RunState
from campaigns.workspace.context import Context

_AT_ONCE: Final = 5_000


def upgrade(context: Context) -> None:
    """Migrate the tables of the ledger to this version, and those of the job queue where workers share it."""
    with closing(context.resources.open_unprepared_ledger()) as ledger:
        schema.upgrade(ledger)
        if ledger.is_shared:
            from campaigns.runs.dispatch.procrastinate_dispatcher import migrate

            migrate(ledger)


def copy_to(engine: Engine, url: str, on_progress: ProgressCallback) -> tuple[RowCounts, SuspendResult]:
    """Copy the ledger to the database of a URL (see `store.admin.copy`), with the files of runs that workers will send.

    After a crash between rows and files, those runs must be planned again.
    """
    now = engine.context.clock.now()
    with closing(Ledger(check_url(url, "--to"))) as target:
        counted, suspended = copy.copy_ledger(engine.context.ledger, target, now, on_progress)
        with target.write() as connection:
            audit.record(
                connection, now, engine.context.actor, "copy ledger", "ledger", {"rows": sum(counted.values())}
            )
        if target.is_shared:
            _share_files(engine, target)
    return counted, suspended


def _share_files(engine: Engine, target: Ledger) -> None:
    """Store the frozen files of open runs in the database, from which workers fetch them."""
    with target.read() as connection:
        unfinished = runs.with_state(connection, RunState.PLANNED, RunState.SENDING, RunState.PAUSED)
    for run in unfinished:
        SharedRunFiles(target, run, engine.run_definitions.files(run)).ensure_uploaded()


def backup_to(context: Context, file: Path, on_progress: ProgressCallback) -> RowCounts:
    """Write a backup (see `store.admin.backup`), and register it: it is deleted when its retention is over."""
    counted = backup.backup(context.ledger, file, on_progress)
    register_file(context, KeptFileKind.BACKUP, file)
    return counted


def restore_from(context: Context, file: Path, on_progress: ProgressCallback) -> tuple[RowCounts, SuspendResult]:
    """Restore a backup without members erased since, whom the warehouse remembers (see `store.admin.backup`).

    An id that was merged into another one since then counts as erased, too.
    """
    now = context.clock.now()
    with closing(context.repository.warehouse.connect(now)) as warehouse:
        erased = [member for (member,) in warehouse.execute("SELECT member_id FROM stored_tombstones").fetchall()]

    def erase(connection: Connection) -> None:
        restored = _known(connection, erased)
        for member in restored:
            erase_events.erase_addresses_of_member(connection, member)
            member_erasure.erase_from_ledger(connection, context.signer, member, now)
            alias = member_erasure.pseudonym(context.signer, member)
            kept_files.reassign(connection, member, None)
            reassign.pseudonymise(connection, member, alias)
            privacy_requests.erase_member(connection, member, alias, context.actor, now)
        audit.record(connection, now, context.actor, "restore", file.name, {"erased_since": len(restored)})

    return backup.restore(file, context.ledger, erase, on_progress)


def _known(connection: Connection, members: Sequence[str]) -> list[str]:
    """Return the members whose contact the ledger holds."""
    known: list[str] = []
    for start in range(0, len(members), _AT_ONCE):
        some = CONTACT.c.member_id.in_(members[start : start + _AT_ONCE])
        known += connection.execute(select(CONTACT.c.member_id).where(some)).scalars()
    return known
