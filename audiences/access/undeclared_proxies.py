"""Proxies in front of the server that the settings do not declare, as far as requests gave them away."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from audiences.tables import UNDECLARED_PROXY

_RETENTION: Final = timedelta(days=7)
_RECENT: Final = timedelta(days=1)
_MAX_RECORDED: Final = 50  # strangers can pretend to be proxies, from any number of addresses


def record(connection: Connection, address: str, now: datetime) -> None:
    """Record that an undeclared proxy has just passed requests on, one of few; forget those of a week ago."""
    connection.execute(
        delete(UNDECLARED_PROXY).where(
            (UNDECLARED_PROXY.c.address == address) | (UNDECLARED_PROXY.c.seen_at <= now - _RETENTION)
        )
    )
    if connection.execute(select(func.count()).select_from(UNDECLARED_PROXY)).scalar_one() < _MAX_RECORDED:
        connection.execute(insert(UNDECLARED_PROXY).values(address=address, seen_at=now))


def recent(connection: Connection, now: datetime) -> list[str]:
    """Return the addresses of undeclared proxies of the last day."""
    query = select(UNDECLARED_PROXY.c.address).where(UNDECLARED_PROXY.c.seen_at > now - _RECENT)
    return list(connection.execute(query.order_by(UNDECLARED_PROXY.c.address)).scalars())
