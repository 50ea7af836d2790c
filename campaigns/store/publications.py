"""Publications: which definition of a campaign the scheduler may run, and when it is due."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from campaigns.spec.campaign import Campaign
from campaigns.spec.schedule import Schedule
from campaigns.store.tables import PUBLICATION, Publication

_SPANS: Final = ("late_by", "send_by")


def publish(connection: Connection, campaign: Campaign, definition: str, now: datetime, actor: str) -> datetime | None:
    """Store the definition that may run from now on, in place of an earlier one; returns when it is due next.

    An occasion that is due and was not taken up yet stays due.
    """
    waiting = select(PUBLICATION.c.next_due).where(PUBLICATION.c.campaign == campaign.name, _is_due(now))
    next_due = connection.execute(waiting).scalar_one_or_none() or campaign.schedule.next_after(now)
    withdraw(connection, campaign.name)
    connection.execute(
        insert(PUBLICATION).values(
            campaign=campaign.name,
            purpose=campaign.purpose,
            schedule=_as_json(campaign.schedule),
            definition=definition,
            published_at=now,
            published_by=actor,
            next_due=next_due,
        )
    )
    return next_due


def withdraw(connection: Connection, campaign: str) -> bool:
    """Take a campaign from the scheduler; False when it was not published."""
    return connection.execute(delete(PUBLICATION).where(PUBLICATION.c.campaign == campaign)).rowcount == 1


def published(connection: Connection) -> list[Publication]:
    """Every publication, by name."""
    rows = connection.execute(select(PUBLICATION).order_by(PUBLICATION.c.campaign)).mappings()
    return [Publication(**row) for row in rows]


def due(connection: Connection, now: datetime) -> list[Publication]:
    """The publications whose next occasion has come, the longest due first."""
    rows = connection.execute(select(PUBLICATION).where(_is_due(now)).order_by(PUBLICATION.c.next_due)).mappings()
    return [Publication(**row) for row in rows]


def schedule_of(publication: Publication) -> Schedule:
    """The schedule as it was published."""
    kept = dict(publication.schedule)
    return Schedule(**kept | {name: timedelta(seconds=kept[name]) for name in _SPANS})


def advance(connection: Connection, campaign: str, seen: datetime, next_due: datetime | None) -> bool:
    """Compare-and-set the next occasion; False when another scheduler was faster."""
    changed = connection.execute(
        update(PUBLICATION)
        .where(PUBLICATION.c.campaign == campaign, PUBLICATION.c.next_due == seen)
        .values(next_due=next_due)
    )
    return changed.rowcount == 1


def _is_due(now: datetime) -> ColumnElement[bool]:
    return PUBLICATION.c.next_due <= now


def _as_json(schedule: Schedule) -> dict[str, Any]:
    """A schedule as the ledger keeps it: its spans in seconds."""
    return schedule.model_dump() | {name: getattr(schedule, name).total_seconds() for name in _SPANS}
