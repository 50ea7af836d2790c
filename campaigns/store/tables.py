"""The ledger's tables of publications, runs, decisions, deliveries and audit. Instants are aware, and kept in UTC."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class Publication(SQLModel, table=True):
    """The definition of a campaign that the scheduler may run, and when it is due next.

    `purpose` and `schedule` are the published ones: the scheduler goes on by them when the file cannot be read.
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

    `due_at` is the as_of of its rules; a scheduled run is not started after `start_by`. `counts` is the summary that
    was frozen with the plan, `evidence` its rules in words (see `planning.evidence`). `lease_until` is how long the
    process that plans it may be silent before another takes over; each that plans it has another. `file` is where the
    campaign was read.
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
    """What was decided for one matched member in one run; never changed afterwards.

    A send's `position` is its delivery's, a skip has none. `used_basket` says whether purchase lines took part; `unit`
    is the key that holdouts and arms were drawn by. There is no other index: a run's decisions are stored in the order
    of their key, at its end, and a member's are looked up run by run.
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


class Delivery(SQLModel, table=True):
    """A send on its way: the moving part beside its decision, with all that its claim asks of that one.

    `position` is the order in which they are claimed. `attempt` and `lease_until` are set by the claim, before
    anything is said to a provider. `provider_ref` is what the provider calls the message. The index by member has only
    what was claimed (see `deliveries.of`): a plan would be slowed down by an index in another order than its own.
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
    """A hand-over of print or call lists, opened with the claim of its rows, which share its `attempt`.

    `manifest_sha256` is stored before its files get their names. A number is never used again.
    """

    __tablename__ = "bundle"

    run_number: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    attempt: str
    state: str
    manifest_sha256: str | None = None
    handed_over_at: datetime | None = None


class Pace(SQLModel, table=True):
    """How far ahead an account has spoken, by the generic cell rate algorithm: one row that all processes share.

    `given_back` is by how many microseconds that was ever shortened again (see `dispatch.rate`).
    """

    __tablename__ = "pace"

    account: str = Field(primary_key=True)
    due_at: datetime
    given_back: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"default": 0})


class NoteOnItsWay(SQLModel, table=True):
    """A code or a confirmation to one person, carried by `dispatch.courier` at most once.

    What is written is made when it is carried: a code is in no row. `address` is there only when the note goes
    elsewhere than to the member's known address, and is removed when the note has ended. `attempt` and `lease_until`
    are as with a delivery.
    """

    __tablename__ = "note"
    __table_args__ = (
        Index(
            "notes_under_way",
            "number",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    number: int | None = Field(default=None, primary_key=True)
    kind: str
    member_id: str | None = Field(default=None, index=True)
    channel: str | None = None
    address: str | None = None
    language: str | None = None
    about: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    made_at: datetime
    carry_by: datetime
    state: str
    reason: str | None = None
    attempt: str | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None
    ended_at: datetime | None = None


class LinkCount(SQLModel, table=True):
    """How often a link of a run was followed, by nobody in particular; `link` is our own name for the target.

    `machines` are those that look at what people are sent: filters, previews (`web.machines`).
    """

    __tablename__ = "link_count"

    run_number: int = Field(primary_key=True)
    link: str = Field(primary_key=True)
    target: str
    people: int
    machines: int


class Chore(SQLModel, table=True):
    """What is done once a night, by one process: the `occasion` that somebody took last.

    `lease_until` is how long others leave it to them, where it was not done.
    """

    __tablename__ = "chore"

    name: str = Field(primary_key=True)
    occasion: datetime
    lease_until: datetime
    done_at: datetime | None = None


class Audit(SQLModel, table=True):
    """Who did what to which run, campaign, file or member, when and why. Appended to, never changed.

    Nothing personal: a member stands here under an opaque name (see `store.audit.of_member`).
    """

    __tablename__ = "audit"

    seq: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class AuditSeal(SQLModel, table=True):
    """A batch of the audit log, sealed: `leaves` has number and hash of each of its rows, the last is `last_row`.

    `digest` covers the rest, `previous` among it, which is the digest of the seal before; `signature` is its keyed
    hash (A-24).
    """

    __tablename__ = "audit_seal"

    number: int = Field(primary_key=True)
    at: datetime
    leaves: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    last_row: int
    previous: str
    digest: str
    signature: str


PUBLICATION = SQLModel.metadata.tables["publication"]
RUN = SQLModel.metadata.tables["run"]
DECISION = SQLModel.metadata.tables["decision"]
DELIVERY = SQLModel.metadata.tables["delivery"]
BUNDLE = SQLModel.metadata.tables["bundle"]
PACE = SQLModel.metadata.tables["pace"]
NOTE = SQLModel.metadata.tables["note"]
LINK_COUNT = SQLModel.metadata.tables["link_count"]
CHORE = SQLModel.metadata.tables["chore"]
AUDIT = SQLModel.metadata.tables["audit"]
AUDIT_SEAL = SQLModel.metadata.tables["audit_seal"]
