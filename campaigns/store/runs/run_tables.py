"""Ledger tables of publications, runs, decisions, deliveries and the audit log. Instants are aware, stored in UTC."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Publication(SQLModel, table=True):
    """Campaign definition that the scheduler may run, and its next due time.

    `purpose` and `schedule` are the published ones: the scheduler uses them when the file cannot be read.
    """

    __tablename__ = "publication"

    campaign: str = Field(primary_key=True)
    purpose: str
    schedule: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    definition: str
    published_at: datetime
    published_by: str
    next_due: datetime | None = Field(default=None, index=True)


class Run(SQLModel, table=True):
    """One occasion of a campaign. `run_id` is for people, `number` for joins.

    `due_at` is the as_of of its rules; a scheduled run is not started after `start_by`. `counts` is the summary frozen
    with the plan; `evidence` describes its rules in words (see `planning.evidence`). `lease_until` is when another
    process may take over the planning from a silent one; each planning process has a different value. `file` is the
    file that the campaign was read from.
    """

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("campaign", "due_at", name="one_run_an_occasion"),)

    number: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(unique=True)
    campaign: str
    purpose: str
    newsletter: str | None = None
    partner: str | None = None
    due_at: datetime
    scheduled: bool
    state: str
    reason: str | None = None
    lease_until: datetime | None = None
    definition: str = ""
    file: str = ""
    planned_at: datetime | None = None
    start_by: datetime | None = None
    send_by: datetime | None = None
    closed_at: datetime | None = None
    planned_by: str = ""
    approved_by: str | None = None
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    evidence: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class Decision(SQLModel, table=True):
    """Decision about one matched member in one run; never changed afterwards.

    The `position` of a send is that of its delivery; a skip has none. `used_basket` is true when purchase lines took
    part. `unit` is the key by which holdouts and arms were drawn. `offers` are those of the message with their reasons,
    by their number in the plan's counts (see `core.model.offer_reason`). There is no other index: decisions of a run
    are stored in the order of their key, at its end, and those of a member are looked up run by run.
    """

    __tablename__ = "decision"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_number: int = Field(primary_key=True)
    member_id: str = Field(primary_key=True)
    position: int | None = None
    kind: str
    reason: str | None = None
    variant: str | None = None
    channel: str | None = None
    arm: str | None = None
    used_basket: bool = False
    unit: str
    offers: str | None = None


class Delivery(SQLModel, table=True):
    """One send to one member and its state, with every column of the decision that its claim needs.

    Deliveries are claimed in the order of `position`. The claim sets `attempt` and `lease_until` before the provider is
    called. `provider_ref` is the provider's name of the message. The index by member contains only claimed deliveries
    (see `deliveries.for_members`): an index in another order than the plan's would slow down planning.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index(
            "deliveries_to_claim",
            "run_number",
            "channel",
            "position",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "delivery_of_a_member",
            "member_id",
            "run_number",
            sqlite_where=text("state <> 'pending'"),
            postgresql_where=text("state <> 'pending'"),
        ),
        Index(
            "deliveries_uncertain",
            "run_number",
            sqlite_where=text("state = 'uncertain'"),
            postgresql_where=text("state = 'uncertain'"),
        ),
        Index(
            "deliveries_under_way",
            "run_number",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        {"sqlite_with_rowid": False},
    )

    run_number: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    member_id: str
    channel: str
    variant: str | None = None
    arm: str | None = None
    used_basket: bool = False
    state: str
    reason: str | None = None
    detail: str | None = None
    attempt: str | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None
    provider: str | None = None
    provider_ref: str | None = None
    claimed_at: datetime | None = None
    ended_at: datetime | None = None


class Bundle(SQLModel, table=True):
    """Bundle of letters or calls, opened with the claim of its rows, which share its `attempt`.

    `manifest_sha256` is stored before its files get their final names. A number is never used again.
    """

    __tablename__ = "bundle"

    run_number: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    attempt: str
    state: str
    manifest_sha256: str | None = None
    handed_over_at: datetime | None = None


class RateLimit(SQLModel, table=True):
    """State of an account's rate limit, by the generic cell rate algorithm: one row shared by all processes.

    `due_at` is the time up to which permits are taken. `given_back` is the sum of all refunds in microseconds (see
    `dispatch.rate_limit`).
    """

    __tablename__ = "pace"

    account: str = Field(primary_key=True)
    due_at: datetime
    given_back: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"default": 0})


class LinkCount(SQLModel, table=True):
    """Number of clicks on a link of a run, without any member; `link` is our own name for the target.

    `machines` counts clicks by mail filters and previews (`web.members.bot_detection`).
    """

    __tablename__ = "link_count"

    run_number: int = Field(primary_key=True)
    link: str = Field(primary_key=True)
    target: str
    people: int
    machines: int


class JobLock(SQLModel, table=True):
    """Nightly job with the `occasion` that a process claimed last.

    Until `lease_until` no other process claims an occasion that is not done.
    """

    __tablename__ = "chore"

    name: str = Field(primary_key=True)
    occasion: datetime
    lease_until: datetime
    done_at: datetime | None = None


PUBLICATION = SQLModel.metadata.tables["publication"]
RUN = SQLModel.metadata.tables["run"]
DECISION = SQLModel.metadata.tables["decision"]
DELIVERY = SQLModel.metadata.tables["delivery"]
BUNDLE = SQLModel.metadata.tables["bundle"]
RATE_LIMIT = SQLModel.metadata.tables["pace"]
LINK_COUNT = SQLModel.metadata.tables["link_count"]
JOB_LOCK = SQLModel.metadata.tables["chore"]
