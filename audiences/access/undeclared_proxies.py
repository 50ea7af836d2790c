"""Proxies in front of the server that the settings do not declare, as far as requests gave them away."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from audiences.tables import UNDECLARED_PROXY

_RETENTION: Final = timedelta(days=7)
_RECENT: Final = timedelta(days=1)


def record(connection: Connection, address: str, now: datetime) -> None:
    """Record that an undeclared proxy has just passed requests on; forget those of a week ago."""
    connection.execute(
        delete(UNDECLARED_PROXY).where(
            (UNDECLARED_PROXY.c.address == address) | (UNDECLARED_PROXY.c.seen_at <= now - _RETENTION)
        )
    )
    connection.execute(insert(UNDECLARED_PROXY).values(address=address, seen_at=now))


def recent(connection: Connection, now: datetime) -> list[str]:
    """Return the addresses of undeclared proxies of the last day."""
    query = select(UNDECLARED_PROXY.c.address).where(UNDECLARED_PROXY.c.seen_at > now - _RECENT)
    return list(connection.execute(query.order_by(UNDECLARED_PROXY.c.address)).scalars())
