"""Link clicks: two counts for each link of a run, people and machines, without any member."""

import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from campaigns.store.runs.run_tables import LINK_COUNT, RUN

_DIGITS: Final = 16


def link_name(target: str, place: int | None = None) -> str:
    """Return our own name for the target of a link, or of an offer's link in a place of its message."""
    named = target if place is None else f"{place} {target}"
    return hashlib.sha256(named.encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """Clicks on one link of a run, by people as far as that can be told, and by machines.

    `name` is our own; an offer has a link of the same target for each place in which it stands.
    """

    name: str
    target: str
    people: int
    machines: int


def count_click(
    connection: Connection, run_number: int, target: str, place: int | None = None, *, is_person: bool
) -> None:
    """Count a click in the caller's write transaction; do nothing for a run that does not exist."""
    link = link_name(target, place)
    key = (LINK_COUNT.c.run_number == run_number, LINK_COUNT.c.link == link)
    counter = LINK_COUNT.c.people if is_person else LINK_COUNT.c.machines
    if connection.execute(update(LINK_COUNT).where(*key).values({counter: counter + 1})).rowcount:
        return
    if connection.execute(select(RUN.c.number).where(RUN.c.number == run_number)).first() is not None:
        row = {"run_number": run_number, "link": link, "target": target, "people": 0, "machines": 0, counter.name: 1}
        connection.execute(insert(LINK_COUNT).values(row))


def click_counts(connection: Connection, run_number: int) -> list[LinkClicks]:
    """Return the clicks on each link of a run, most clicked by people first."""
    query = select(LINK_COUNT.c.link, LINK_COUNT.c.target, LINK_COUNT.c.people, LINK_COUNT.c.machines)
    ordered = query.where(LINK_COUNT.c.run_number == run_number)
    rows = connection.execute(ordered.order_by(LINK_COUNT.c.people.desc(), LINK_COUNT.c.target, LINK_COUNT.c.link))
    return [LinkClicks(*row) for row in rows]
