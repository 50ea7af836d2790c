"""The ledger's tables of what came back: events as providers told them, and the halts of campaigns."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

GRIEVED = text("word IN ('blocked', 'bounced', 'complained')")
SAID = text("raw <> ''")
"""Conditions of partial indexes: SQLite uses one for a query in which its condition stands as it is written here."""

_CLICKED = text("word = 'clicked'")
_OF_NOBODY = text("address IS NOT NULL")


class KeptEvent(SQLModel, table=True):
    """One thing that was told, once: `key` is the provider's own name of the event (`channels.events`).

    `run_number`, `position` and `member_id` are of the delivery that it names. `address` is there only when it names
    none: whom the event is about, as suppressions write addresses. `proves` is what it says of an uncertain delivery.
    `raw` is all that was said, until its retention ends.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("provider", "key", name="one_event_a_key"),
        Index("events_of_a_delivery", "run_number", "position"),
        Index("events_of_a_member", "member_id"),
        Index("events_to_fold", "received_at", sqlite_where=SAID, postgresql_where=SAID),
        Index("clicks", "member_id", "at", sqlite_where=_CLICKED, postgresql_where=_CLICKED),
        Index("grievances", "run_number", "word", "position", sqlite_where=GRIEVED, postgresql_where=GRIEVED),
        Index("events_of_an_address", "address", sqlite_where=_OF_NOBODY, postgresql_where=_OF_NOBODY),
    )

    number: int | None = Field(default=None, primary_key=True)
    provider: str
    key: str
    word: str
    at: datetime
    received_at: datetime
    run_number: int | None = None
    position: int | None = None
    member_id: str | None = None
    address: str | None = None
    provider_ref: str = ""
    code: str = ""
    proves: str | None = None
    raw: str = ""


class Halt(SQLModel, table=True):
    """A campaign was halted by the breaker, and why. What was told before it does not halt the campaign again."""

    __tablename__ = "halt"

    number: int | None = Field(default=None, primary_key=True)
    campaign: str = Field(index=True)
    at: datetime
    why: str


EVENT = SQLModel.metadata.tables["event"]
HALT = SQLModel.metadata.tables["halt"]
