"""Ledger tables of feedback: provider events, redeemed coupons, and the halts of campaigns."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

IS_NEGATIVE = text("word IN ('blocked', 'bounced', 'complained')")
HAS_PAYLOAD = text("raw <> ''")
"""Conditions of partial indexes: SQLite uses such an index only for a query that repeats its condition literally."""

_CLICKED = text("word = 'clicked'")
_HAS_ADDRESS = text("address IS NOT NULL")


class EventRecord(SQLModel, table=True):
    """Event from a provider, stored once: `key` is the provider's own name of the event (`channels.events`).

    `run_number`, `position` and `member_id` belong to the delivery that the event names. When it names none, `address`
    is the address that the event is about, in the form that suppressions use; otherwise it is empty. `proves` is the
    state that the event proves for an uncertain delivery. `raw` is the whole payload, until its retention ends.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("provider", "key", name="one_event_a_key"),
        Index("events_of_a_delivery", "run_number", "position"),
        Index("events_of_a_member", "member_id"),
        Index("events_to_fold", "received_at", sqlite_where=HAS_PAYLOAD, postgresql_where=HAS_PAYLOAD),
        Index("clicks", "member_id", "at", sqlite_where=_CLICKED, postgresql_where=_CLICKED),
        Index("grievances", "run_number", "word", "position", sqlite_where=IS_NEGATIVE, postgresql_where=IS_NEGATIVE),
        Index("events_of_an_address", "address", sqlite_where=_HAS_ADDRESS, postgresql_where=_HAS_ADDRESS),
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


class Redemption(SQLModel, table=True):
    """Use of a coupon at a till, the first one: of an offer, in the message at `position` of a run.

    `member_id` is the member to whom the coupon was sent. `cents` is the reduction in hundredths of the currency.
    """

    __tablename__ = "redemption"
    __table_args__ = (UniqueConstraint("run_number", "position", "offer_id", name="one_redemption_a_coupon"),)

    number: int | None = Field(default=None, primary_key=True)
    run_number: int
    position: int
    offer_id: str
    member_id: str = Field(index=True)
    redeemed_at: datetime = Field(index=True)
    store_id: str | None = None
    cents: int | None = None


class Halt(SQLModel, table=True):
    """Halt of a campaign by the circuit breaker, with the reason. Earlier events do not halt the campaign again."""

    __tablename__ = "halt"

    number: int | None = Field(default=None, primary_key=True)
    campaign: str = Field(index=True)
    at: datetime
    why: str


EVENT = SQLModel.metadata.tables["event"]
REDEMPTION = SQLModel.metadata.tables["redemption"]
HALT = SQLModel.metadata.tables["halt"]
