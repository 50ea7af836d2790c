"""Publications: the campaign definition that the scheduler may run, and its next due time."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from campaigns.core.model.campaign import Campaign
from campaigns.core.model.schedule import Schedule
from campaigns.store.runs.run_tables import PUBLICATION, Publication

_SPANS: Final = ("late_by", "send_by")  # stored in seconds


def publish(connection: Connection, campaign: Campaign, definition: str, now: datetime, actor: str) -> datetime | None:
    """Store the definition that may run from now on, in place of an earlier one; return its next due time.

    An occasion that is due and not yet started stays due.
    """
    still_due = select(PUBLICATION.c.next_due).where(PUBLICATION.c.campaign == campaign.name, _is_due(now))
    next_due = connection.execute(still_due).scalar_one_or_none() or campaign.schedule.next_after(now)
    unpublish(connection, campaign.name)
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


def unpublish(connection: Connection, campaign: str) -> bool:
    """Remove a campaign from the scheduler; return False when it was not published."""
    return connection.execute(delete(PUBLICATION).where(PUBLICATION.c.campaign == campaign)).rowcount == 1


def list_all(connection: Connection) -> list[Publication]:
    """Return every publication, by name."""
    rows = connection.execute(select(PUBLICATION).order_by(PUBLICATION.c.campaign)).mappings()
    return [Publication(**row) for row in rows]


def list_due(connection: Connection, now: datetime) -> list[Publication]:
    """Return the publications whose next occasion has come, longest due first."""
    rows = connection.execute(select(PUBLICATION).where(_is_due(now)).order_by(PUBLICATION.c.next_due)).mappings()
    return [Publication(**row) for row in rows]


def read_schedule(publication: Publication) -> Schedule:
    """Return the schedule of a publication."""
    stored = dict(publication.schedule)
    return Schedule(**stored | {name: timedelta(seconds=stored[name]) for name in _SPANS})


def advance(connection: Connection, campaign: str, expected: datetime, next_due: datetime | None) -> bool:
    """Compare-and-set the next occasion; return False when another scheduler was faster."""
    changed = connection.execute(
        update(PUBLICATION)
        .where(PUBLICATION.c.campaign == campaign, PUBLICATION.c.next_due == expected)
        .values(next_due=next_due)
    )
    return changed.rowcount == 1


def _is_due(now: datetime) -> ColumnElement[bool]:
    return PUBLICATION.c.next_due <= now


def _as_json(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as the ledger stores it: time spans in seconds."""
    return schedule.model_dump() | {name: getattr(schedule, name).total_seconds() for name in _SPANS}
