"""Locks of nightly jobs: each occasion is claimed by one process, and postponed when the job cannot run."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from campaigns.store.runs.run_tables import JOB_LOCK, JobLock


def last_claim(connection: Connection, name: str) -> JobLock | None:
    """Return the lock with the occasion that was claimed last."""
    row = connection.execute(select(JOB_LOCK).where(JOB_LOCK.c.name == name)).mappings().one_or_none()
    return None if row is None else JobLock(**row)


def start_schedule(connection: Connection, name: str, occasion: datetime, now: datetime) -> None:
    """Start the schedule now; earlier occasions are skipped."""
    connection.execute(insert(JOB_LOCK).values(name=name, occasion=occasion, lease_until=now, done_at=now))


def claim(connection: Connection, name: str, occasion: datetime, now: datetime, until: datetime) -> bool:
    """Claim an occasion; return False when it is done or another process has it.

    No race: the ledger has one writer at a time.
    """
    previous = last_claim(connection, name)
    if previous is None:
        connection.execute(insert(JOB_LOCK).values(name=name, occasion=occasion, lease_until=until))
        return True
    if previous.occasion >= occasion and (previous.done_at is not None or previous.lease_until > now):
        return False
    claimed = {"occasion": occasion, "lease_until": until, "done_at": None}
    connection.execute(update(JOB_LOCK).where(JOB_LOCK.c.name == name).values(**claimed))
    return True


def complete(connection: Connection, name: str, occasion: datetime, now: datetime) -> None:
    """Mark an occasion as done."""
    connection.execute(
        update(JOB_LOCK).where(JOB_LOCK.c.name == name, JOB_LOCK.c.occasion == occasion).values(done_at=now)
    )


def postpone(connection: Connection, name: str, occasion: datetime, until: datetime) -> None:
    """Postpone an occasion that cannot be done now: no process claims it before `until`."""
    connection.execute(
        update(JOB_LOCK).where(JOB_LOCK.c.name == name, JOB_LOCK.c.occasion == occasion).values(lease_until=until)
    )
