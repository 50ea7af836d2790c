"""Ledger tables that guard who a member is: changes of contact, requests on hold, caller checks, merges."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

NONCES: Final = 2**31
"""Number of nonces that are drawn: each fits a column and a link."""


class ContactChange(SQLModel, table=True):
    """Change of a member's e-mail address or telephone number; the newest row of a field says whether it is proven.

    `former` is the last proven value that nobody refused, for the notice and for a refusal. `nonce` is part of the
    refusing link, `proof_nonce` of the proving link and code, and drawn anew each time that these are sent. Rows are
    deleted after 30 days, unless unproven.
    """

    __tablename__ = "contact_change"

    number: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    field: str
    former: str | None = None
    value: str | None = None
    origin: str
    at: datetime
    nonce: int
    proof_nonce: int
    code_sent_at: datetime | None = None
    tries_left: int = 0
    proven_at: datetime | None = None
    refused_at: datetime | None = None


class HeldRequest(SQLModel, table=True):
    """Copy or erasure that a member asked for and that waits until `opens_at`, since the contact changed lately.

    `refused_at`: one of the member's addresses answered that it was not them.
    """

    __tablename__ = "held_request"

    number: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    kind: str
    asked_at: datetime
    opens_at: datetime
    nonce: int
    refused_at: datetime | None = None


class CallerCheck(SQLModel, table=True):
    """Check by an agent that a caller is the member; holds questions and results, never an answer.

    `session` is a keyed hash of the agent's session and the member. `wrong` counts failed tries, for the limit per
    member and day. Rows are deleted after some days; the audit log keeps what was checked and how.
    """

    __tablename__ = "caller_check"

    number: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    session: str = Field(index=True)
    way: str
    started_at: datetime
    nonce: int = 0
    wrong: int = 0
    passed_at: datetime | None = None


class MergeRecord(SQLModel, table=True):
    """Merge of `merged_id` into `into_id`, with all that is needed to undo it for 30 days.

    `member_id` holds the data now: it differs from `into_id` once that was merged, too. `rows` are the rows of both ids
    before the merge, `moved` the keys of the rows that it moved. `merged_at` is NULL while the merge is under way.
    """

    __tablename__ = "merge_record"

    number: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    merged_id: str = Field(index=True)
    into_id: str
    at: datetime
    merged_at: datetime | None = None
    agreed: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    rows: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    moved: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


CONTACT_CHANGE = SQLModel.metadata.tables["contact_change"]
HELD_REQUEST = SQLModel.metadata.tables["held_request"]
CALLER_CHECK = SQLModel.metadata.tables["caller_check"]
MERGE_RECORD = SQLModel.metadata.tables["merge_record"]
