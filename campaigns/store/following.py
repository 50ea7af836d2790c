"""How often links were followed: two counts for each link of a run, of people and of machines, with no member in it."""

import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from campaigns.store.tables import LINK_COUNT, RUN

_DIGITS: Final = 16


def name_of(target: str) -> str:
    """Our own name for where a link leads."""
    return hashlib.sha256(target.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class Followed:
    """How often one target of a run was followed, by people as far as that can be told, and by machines."""

    target: str
    people: int
    machines: int


def count(connection: Connection, run_number: int, target: str, *, is_person: bool) -> None:
    """Count that a link was followed, in the caller's write transaction; nothing for a run that is not there."""
    link = name_of(target)
    this = (LINK_COUNT.c.run_number == run_number, LINK_COUNT.c.link == link)
    by = LINK_COUNT.c.people if is_person else LINK_COUNT.c.machines
    if connection.execute(update(LINK_COUNT).where(*this).values({by: by + 1})).rowcount:
        return
    if connection.execute(select(RUN.c.number).where(RUN.c.number == run_number)).first() is not None:
        row = {"run_number": run_number, "link": link, "target": target, "people": 0, "machines": 0, by.name: 1}
        connection.execute(insert(LINK_COUNT).values(row))


def counts(connection: Connection, run_number: int) -> list[Followed]:
    """Each target of a run that was followed, the most followed by people first."""
    query = select(LINK_COUNT.c.target, LINK_COUNT.c.people, LINK_COUNT.c.machines)
    ordered = query.where(LINK_COUNT.c.run_number == run_number)
    rows = connection.execute(ordered.order_by(LINK_COUNT.c.people.desc(), LINK_COUNT.c.target))
    return [Followed(*row) for row in rows]
