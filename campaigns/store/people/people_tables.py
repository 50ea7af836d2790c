"""Ledger tables about people: privacy requests, processor tasks, staff accounts and sessions, notices, audit log."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, text
from sqlmodel import Field, SQLModel


class PrivacyRequest(SQLModel, table=True):
    """Request that a member made by right: a copy, erasure, restriction, an objection, a correction (GD-07).

    `due_on` is the last day to answer; it is extended once, with `put_off_because`. `words` are the member's own and
    are deleted when the member is erased. `outcome` is set when the account `closed_by` closes the request.
    """

    __tablename__ = "request"

    number: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    kind: str
    source: str
    words: str = ""
    filed_at: datetime
    filed_by: str
    due_on: date
    put_off_because: str | None = None
    closed_at: datetime | None = Field(default=None, index=True)
    closed_by: str | None = None
    outcome: str | None = None
    outcome_because: str | None = None


class ProcessorTask(SQLModel, table=True):
    """Processor to be told that a right of a member was carried out, so that it does the same in its records (GD-14).

    The messages that it has of the member are read from the deliveries and not stored here. `answer` is the processor's
    answer, as recorded by the account `closed_by`.
    """

    __tablename__ = "processor_task"

    number: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    kind: str
    channel: str
    provider: str
    filed_at: datetime
    due_on: date
    closed_at: datetime | None = Field(default=None, index=True)
    closed_by: str | None = None
    answer: str | None = None


class StaffAccount(SQLModel, table=True):
    """Staff account with roles. Never deleted: the audit log names it.

    An account has a password, or is one of an identity provider: `issuer` and `subject` name the person there.
    `totp_key` is encrypted, `totp_step` the last time step whose code was used, `recovery_codes` are keyed hashes.
    Until `emergency_until` its password works although passwords are off.
    """

    __tablename__ = "agent"
    __table_args__ = (Index("agent_identity", "issuer", "subject", unique=True),)

    name: str = Field(primary_key=True)
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    password: str | None = None  # argon2 hash with its salt and cost
    since: datetime
    disabled_at: datetime | None = None
    issuer: str | None = None
    subject: str | None = None
    totp_key: str | None = None
    totp_step: int | None = None
    recovery_codes: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    emergency_until: datetime | None = None


class StaffSession(SQLModel, table=True):
    """Signed-in browser of a staff account; ends at `ends_at`, or some time after its last use (`seen_at`)."""

    __tablename__ = "agent_session"

    digest: str = Field(primary_key=True)
    agent: str = Field(index=True)
    ends_at: datetime = Field(index=True)
    seen_at: datetime


class FailedLogin(SQLModel, table=True):
    """Wrong password for an account, which need not exist: `account` is a keyed hash of the name that was typed."""

    __tablename__ = "failed_login"

    number: int | None = Field(default=None, primary_key=True)
    account: str = Field(index=True)
    at: datetime = Field(index=True)


class DeskTicket(SQLModel, table=True):
    """Page that a staff session opened, such as a member's after a look-up; closes at `ends_at`.

    `digest` is a hash of session and ticket; `content` is encrypted under the session's secret, which only the agent's
    browser has (see `desk_tickets`).
    """

    __tablename__ = "desk_ticket"

    digest: str = Field(primary_key=True)
    ends_at: datetime = Field(index=True)
    content: str


PRIVACY_REQUEST = SQLModel.metadata.tables["request"]
PROCESSOR_TASK = SQLModel.metadata.tables["processor_task"]
STAFF_ACCOUNT = SQLModel.metadata.tables["agent"]
STAFF_SESSION = SQLModel.metadata.tables["agent_session"]
FAILED_LOGIN = SQLModel.metadata.tables["failed_login"]
DESK_TICKET = SQLModel.metadata.tables["desk_ticket"]


class QueuedNotice(SQLModel, table=True):
    """Notice to one person, such as a code or a confirmation, sent at most once by `notices.notice_sender`.

    Its text is written when it is sent: no row contains a code. `address` is set only when the notice goes elsewhere
    than to the member's known address, and is deleted when the notice has ended. `attempt` and `lease_until` are as in
    a delivery.
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


NOTICE = SQLModel.metadata.tables["note"]


class KeptFile(SQLModel, table=True):
    """File with data about members that a command wrote where an operator said: a backup, or an export of one member.

    It is deleted on `machine` when its retention is over, unless `digest` says that another took its place.
    """

    __tablename__ = "kept_file"

    number: int | None = Field(default=None, primary_key=True)
    kind: str
    path: str
    machine: str
    digest: str
    member_id: str | None = Field(default=None, index=True)
    made_at: datetime


KEPT_FILE = SQLModel.metadata.tables["kept_file"]


class AuditEntry(SQLModel, table=True):
    """Entry of the audit log: who did what to which run, campaign, file or member, when and why. Append-only.

    Contains nothing personal: a member is named by an opaque name (see `store.people.audit`).
    """

    __tablename__ = "audit"

    seq: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(index=True)
    actor: str
    action: str
    subject: str = Field(index=True)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


AUDIT = SQLModel.metadata.tables["audit"]


class AuditSeal(SQLModel, table=True):
    """Sealed batch of the audit log: `leaves` holds number and hash of each of its rows, `last_row` the last number.

    `digest` covers all other columns, including `previous`, the digest of the seal before; `signature` is its keyed
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


AUDIT_SEAL = SQLModel.metadata.tables["audit_seal"]
