"""How often links were followed: a count for each link of a run, with no member in it."""

import hashlib
from typing import Final

from sqlalchemy import Connection, insert, select, update

from campaigns.store.tables import LINK_COUNT, RUN

_DIGITS: Final = 16


def name_of(target: str) -> str:
    """Our own name for where a link leads."""
    return hashlib.sha256(target.encode()).hexdigest()[:_DIGITS]


def count(connection: Connection, run_number: int, target: str) -> None:
    """Count that a link was followed, in the caller's write transaction; nothing for a run that is not there."""
    link = name_of(target)
    this = (LINK_COUNT.c.run_number == run_number, LINK_COUNT.c.link == link)
    if connection.execute(update(LINK_COUNT).where(*this).values(followed=LINK_COUNT.c.followed + 1)).rowcount:
        return
    if connection.execute(select(RUN.c.number).where(RUN.c.number == run_number)).first() is not None:
        connection.execute(insert(LINK_COUNT).values(run_number=run_number, link=link, target=target, followed=1))


def counts(connection: Connection, run_number: int) -> dict[str, int]:
    """How often each target of a run was followed, the most followed first."""
    query = select(LINK_COUNT.c.target, LINK_COUNT.c.followed).where(LINK_COUNT.c.run_number == run_number)
    rows = connection.execute(query.order_by(LINK_COUNT.c.followed.desc(), LINK_COUNT.c.target))
    return {row.target: row.followed for row in rows}
