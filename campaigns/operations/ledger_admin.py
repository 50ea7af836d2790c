"""The workspace's ledger as a whole: brought up to date, moved to another database, backed up and restored."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from audiences.people import member_erasure
from audiences.tables import CONTACT
from campaigns.results.feedback import erase_events as told_of
from campaigns.runs.engine import Engine
from campaigns.runs.planning.shared_run_files import SharedFiles
from campaigns.store.admin import backup, copy, schema
from campaigns.store.admin.copy import Counted, Told
from campaigns.store.admin.database_url import checked
from campaigns.store.admin.suspend import Held
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit, privacy_requests, reassign
from campaigns.store.runs import runs
from campaigns.store.runs.states import RunState

_AT_ONCE: Final = 5_000


def upgrade(engine: Engine) -> None:
    """Bring the ledger's tables to this version, and those of the queue where workers share it."""
    with closing(engine.unprepared_ledger()) as ledger:
        schema.upgrade(ledger)
        if ledger.is_shared:
            from campaigns.runs.dispatch.procrastinate_dispatcher import migrate

            migrate(ledger)


def copy_to(engine: Engine, url: str, told: Told) -> tuple[Counted, Held]:
    """Move the ledger to the database of a URL (see `store.copying`), with the files of runs that workers will send.

    A crash after the rows and before the files leaves those runs to be planned again.
    """
    now = engine.clock.now()
    with closing(Ledger(checked(url, "--to"))) as target:
        counted, held = copy.copy(engine.ledger, target, now, told)
        with target.write() as connection:
            audit.note(connection, now, engine.actor, "copy ledger", "ledger", {"rows": sum(counted.values())})
        if target.is_shared:
            _share_files(engine, target)
    return counted, held


def _share_files(engine: Engine, target: Ledger) -> None:
    """Bring what open runs have frozen into the database from which workers fetch it."""
    with target.read() as connection:
        unfinished = runs.in_state(connection, RunState.PLANNED, RunState.SENDING, RunState.PAUSED)
    for run in unfinished:
        SharedFiles(target, run, engine.run_files(run)).ensure()


def backup_to(engine: Engine, file: Path, told: Told) -> Counted:
    """Write a backup (see `store.backup`)."""
    return backup.backup(engine.ledger, file, told)


def restore_from(engine: Engine, file: Path, told: Told) -> tuple[Counted, Held]:
    """Bring a backup back, without those who were erased since: the warehouse remembers them (see `store.backup`).

    An id that was merged into another since counts as erased, too.
    """
    now = engine.clock.now()
    with closing(engine.library.warehouse.connect(now)) as warehouse:
        buried = [member for (member,) in warehouse.execute("SELECT member_id FROM stored_tombstones").fetchall()]

    def forget(connection: Connection) -> None:
        back = _known(connection, buried)
        for member in back:
            told_of.forget(connection, member)
            member_erasure.forget(connection, engine.signer, member, now)
            alias = member_erasure.pseudonym(engine.signer, member)
            reassign.pseudonymise(connection, member, alias)
            privacy_requests.forget(connection, member, alias, engine.actor, now)
        audit.note(connection, now, engine.actor, "restore", file.name, {"erased_since": len(back)})

    return backup.restore(file, engine.ledger, forget, told)


def _known(connection: Connection, members: Sequence[str]) -> list[str]:
    """Those of the members whose contact the ledger holds."""
    known: list[str] = []
    for start in range(0, len(members), _AT_ONCE):
        some = CONTACT.c.member_id.in_(members[start : start + _AT_ONCE])
        known += connection.execute(select(CONTACT.c.member_id).where(some)).scalars()
    return known
