"""Ledger tables about people: contact, choices and their projection, suppressions, holdout units, holdouts."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from audiences.identity_tables import CALLER_CHECK, CONTACT_CHANGE, HELD_REQUEST, MERGE_RECORD


class Contact(SQLModel, table=True):
    """Contact of a member: name, language and addresses as normalised at import. The profile is in the warehouse."""

    __tablename__ = "contact"

    member_id: str = Field(primary_key=True)
    member_register: str = Field(sa_column_kwargs={"name": "register"})  # `register` is taken: every ABC has one
    household_id: str | None = Field(default=None, index=True)
    first_name: str | None = None
    last_name: str | None = None
    name_key: str | None = Field(
        default=None, index=True
    )  # `find_members.name_key`: the name as the desk searches for it
    language: str
    email: str | None = None
    mailbox: str | None = Field(default=None, index=True)  # the e-mail address in lower case: equal for all sharers
    phone: str | None = Field(default=None, index=True)
    phone_class: str | None = None  # `phone_countries.phone_class`: country and kind of the number
    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    address_key: str | None = None  # `addresses.address_key`: equal for all sharers of the letter box


class ChoiceEntry(SQLModel, table=True):
    """One entry of the append-only record of choices (C-01). Never updated, never deleted.

    `choice` is a `Choice` or `newsletter:<list>`; `at` is UTC; `wording` is `unverified` where no text was shown.
    """

    __tablename__ = "choice_entry"

    seq: int | None = Field(default=None, primary_key=True)
    member_id: str = Field(index=True)
    choice: str
    state: str
    at: datetime
    source: str
    wording: str = "unverified"
    language: str | None = None
    agent: str | None = None


class Choices(SQLModel, table=True):
    """Projection of a member's entries: one row a member, written in the transaction of the append.

    `newsletters` lists the subscribed lists, each between bars: `|beauty|food|`; `withdrawn` in the same way the
    choices (`email_own`, `newsletter:food`) that were allowed once and withdrawn. A member without a row has made no
    choice: nothing that needs consent is allowed.
    """

    __tablename__ = "choices"

    member_id: str = Field(primary_key=True)
    newsletters: str = ""
    withdrawn: str = ""
    email_own: bool = False
    sms_own: bool = False
    email_partner: bool = False
    sms_partner: bool = False
    electronic_owner_post: bool = False
    no_direct_mail: bool = False
    no_owner_post: bool = False
    no_surveys_or_phone: bool = False
    no_purchase_detail: bool = False
    no_marketing: bool = False
    tracking: bool = False
    restricted: bool = False
    address_secret: bool = False
    deceased: bool = False
    seq: int = Field(default=0, index=True)


class Suppression(SQLModel, table=True):
    """Suppressed address, for all members who share it: `kind` email, phone or address, normalised value.

    `reason` is a `suppressed_*` reason of `SkipReason`; `scope` is `all` or `marketing`.
    """

    __tablename__ = "suppression"

    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    scope: str = "all"
    at: datetime
    source: str


class HoldoutUnit(SQLModel, table=True):
    """Holdout unit of a member, and `since` when: members with one number are held out and drawn together."""

    __tablename__ = "unit"

    member_id: str = Field(primary_key=True)
    number: int = Field(index=True)
    since: datetime


class FormerHoldoutUnit(SQLModel, table=True):
    """Holdout unit of a member `until` it was joined with an older one, or dissolved."""

    __tablename__ = "former_unit"

    member_id: str = Field(primary_key=True)
    until: datetime = Field(primary_key=True)
    number: int
    since: datetime


class HoldoutVersion(SQLModel, table=True):
    """One drawing of the global holdout: a share of all units by a salt, in force `since` … `until`, NULL now.

    `share` is a decimal fraction as text: exact on every database.
    """

    __tablename__ = "holdout_version"

    number: int | None = Field(default=None, primary_key=True)
    salt: str
    share: str
    since: datetime
    until: datetime | None = None


class ErasedAddress(SQLModel, table=True):
    """Keyed hash of an address of an erased member, so that no import brings the person back."""

    __tablename__ = "erased_address"

    digest: str = Field(primary_key=True)
    kind: str
    at: datetime


class ConsentTextVersion(SQLModel, table=True):
    """Text under which a choice was offered (C-13); never changed, never deleted.

    `version` is the hash of the rest, so that a changed text is another version; `valid_from` when it was first shown.
    """

    __tablename__ = "wording"

    version: str = Field(primary_key=True)
    choice: str
    language: str
    shown: str
    valid_from: datetime


class AttemptLimitState(SQLModel, table=True):
    """Attempt limit state of one key; `who` is a keyed hash of the origin and the kind of attempt."""

    __tablename__ = "tried"

    who: str = Field(primary_key=True)
    due_at: datetime = Field(index=True)


class UndeclaredProxy(SQLModel, table=True):
    """Peer that passes on requests of others, and is not in `trusted_proxies`; for `viesti doctor`."""

    __tablename__ = "undeclared_proxy"

    address: str = Field(primary_key=True)
    seen_at: datetime = Field(index=True)


class SelfServiceChange(SQLModel, table=True):
    """Contact field that a member changed with us, until the membership system has the change, too.

    `replaced` are the values that it had before: an import that brings one of them is older than the change.
    """

    __tablename__ = "own_change"

    member_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    replaced: list[Any] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime


class OneTimeCode(SQLModel, table=True):
    """One-time code sent to a member; the code itself is not stored, only its keyed hash.

    `challenge` is known only to the browser that requested the code. `aim` is the use of the code; `address` is the new
    address that it verifies, if any. `allowances` are the keys that its messages were taken from.
    """

    __tablename__ = "one_time_code"

    digest: str = Field(primary_key=True)
    challenge: str = Field(index=True)
    member_id: str = Field(index=True)
    aim: str
    address: str | None = None
    issued_at: datetime = Field(index=True)
    tries_left: int
    allowances: list[str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))


class SignUp(SQLModel, table=True):
    """Newsletter sign-up at an address that is no member's, until its owner confirms or it expires.

    `wordings` are the texts that were shown, by choice. From `confirmed_at` on there is a member; the row is deleted
    when the warehouse has the member, too.
    """

    __tablename__ = "sign_up"

    number: int | None = Field(default=None, primary_key=True)
    address: str | None = Field(default=None, index=True)
    language: str
    wordings: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    asked_at: datetime = Field(index=True)
    confirmed_at: datetime | None = Field(default=None, index=True)
    member_id: str | None = Field(default=None, index=True)


class MemberSession(SQLModel, table=True):
    """Browser session of a member, until `ends_at`; `digest` is the hash of the secret in its cookie.

    `proved_until`: end of the stepped-up time after another typed code.
    """

    __tablename__ = "member_session"

    digest: str = Field(primary_key=True)
    member_id: str = Field(index=True)
    ends_at: datetime = Field(index=True)
    proved_until: datetime | None = None


CONTACT = SQLModel.metadata.tables["contact"]
CHOICE_ENTRY = SQLModel.metadata.tables["choice_entry"]
CHOICES = SQLModel.metadata.tables["choices"]
SUPPRESSION = SQLModel.metadata.tables["suppression"]
HOLDOUT_UNIT = SQLModel.metadata.tables["unit"]
FORMER_HOLDOUT_UNIT = SQLModel.metadata.tables["former_unit"]
HOLDOUT_VERSION = SQLModel.metadata.tables["holdout_version"]
ERASED_ADDRESS = SQLModel.metadata.tables["erased_address"]
CONSENT_TEXT_VERSION = SQLModel.metadata.tables["wording"]
ATTEMPT_LIMIT_STATE = SQLModel.metadata.tables["tried"]
UNDECLARED_PROXY = SQLModel.metadata.tables["undeclared_proxy"]
SELF_SERVICE_CHANGE = SQLModel.metadata.tables["own_change"]
ONE_TIME_CODE = SQLModel.metadata.tables["one_time_code"]
SIGN_UP = SQLModel.metadata.tables["sign_up"]
MEMBER_SESSION = SQLModel.metadata.tables["member_session"]

MEMBER_TABLES: Final = (
    CONTACT,
    CHOICES,
    HOLDOUT_UNIT,
    FORMER_HOLDOUT_UNIT,
    ONE_TIME_CODE,
    MEMBER_SESSION,
    SIGN_UP,
    SELF_SERVICE_CHANGE,
    CONTACT_CHANGE,
    HELD_REQUEST,
    CALLER_CHECK,
    MERGE_RECORD,
)
"""Tables from which a member's rows are deleted when the member is erased or merged into another one."""
