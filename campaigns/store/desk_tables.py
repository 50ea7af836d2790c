"""The ledger's tables of the service desk: what members asked for by law and who is told; accounts, and sessions."""

from datetime import date, datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel


class Request(SQLModel, table=True):
    """What a member asked for by right: a copy, erasure, restriction, an objection, a correction (GD-07).

    `due_on` is the last day to answer; it is put off once, with `put_off_because`. `words` are the member's own, and
    go when the member is erased. `outcome` is set when it is closed, by the account `closed_by`.
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
    """A processor to be told that a right of a member was carried out, as its own records need the same (GD-14).

    Which messages it has of the member is read from the deliveries: nothing of them stands here. `answer` is what the
    processor said, as the account `closed_by` wrote it down.
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


class Agent(SQLModel, table=True):
    """An account of somebody who works here, with roles. Never deleted: the audit log names it."""

    __tablename__ = "agent"

    name: str = Field(primary_key=True)
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    password: str  # as argon2 writes it, with its own salt and cost
    since: datetime
    disabled_at: datetime | None = None


class AgentSession(SQLModel, table=True):
    """A browser that has proved to be an agent's: until `ends_at`, or until nobody used it any more (`seen_at`)."""

    __tablename__ = "agent_session"

    digest: str = Field(primary_key=True)
    agent: str = Field(index=True)
    ends_at: datetime = Field(index=True)
    seen_at: datetime


class FailedLogin(SQLModel, table=True):
    """A wrong password for an account, which need not exist: `account` is a keyed hash of the name that was typed."""

    __tablename__ = "failed_login"

    number: int | None = Field(default=None, primary_key=True)
    account: str = Field(index=True)
    at: datetime = Field(index=True)


REQUEST = SQLModel.metadata.tables["request"]
PROCESSOR_TASK = SQLModel.metadata.tables["processor_task"]
AGENT = SQLModel.metadata.tables["agent"]
AGENT_SESSION = SQLModel.metadata.tables["agent_session"]
FAILED_LOGIN = SQLModel.metadata.tables["failed_login"]
