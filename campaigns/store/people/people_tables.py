"""Ledger tables of the service desk: data subject requests, processors' tasks, staff accounts and sessions."""

from datetime import date, datetime

from sqlalchemy import JSON, Column
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
    """Staff account with roles. Never deleted: the audit log names it."""

    __tablename__ = "agent"

    name: str = Field(primary_key=True)
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    password: str  # argon2 hash with its salt and cost
    since: datetime
    disabled_at: datetime | None = None


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


PRIVACY_REQUEST = SQLModel.metadata.tables["request"]
PROCESSOR_TASK = SQLModel.metadata.tables["processor_task"]
STAFF_ACCOUNT = SQLModel.metadata.tables["agent"]
STAFF_SESSION = SQLModel.metadata.tables["agent_session"]
FAILED_LOGIN = SQLModel.metadata.tables["failed_login"]
