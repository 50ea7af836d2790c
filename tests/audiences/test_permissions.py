"""Check permissions exhaustively against an oracle written from the sentences of the design.

A *world* holds every possible member: all choices, subscribed or not, in each register. A set of members is one
integer, one bit per member, so that the oracle computes `and`, `or` and `not` of a hundred thousand members at once.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import duckdb
import pyarrow as pa
import pytest
from sqlalchemy import ColumnElement, String, column
from sqlalchemy.dialects import postgresql, sqlite

from audiences.consent.consent_state import ConsentState
from audiences.consent.permissions import permission_condition, processing_condition, skip_reason_sql
from campaigns.core.model.enums import Channel, Choice, Purpose, Register
from campaigns.core.model.reasons import SkipReason

BITS: Final = (*Choice, "subscribed")
SIZE: Final = len(Register) << len(BITS)
EVERYONE: Final = (1 << SIZE) - 1
NOBODY: Final = 0
COLUMNS: Final = {
    name: column(name, type_)
    for name, type_ in {
        **{choice.value: postgresql.BOOLEAN() for choice in Choice},
        "register": String(),
        "newsletters": String(),
        "withdrawn": String(),
    }.items()
}


def _bit_pattern(bit: int) -> int:
    """Return the set of members with one bit set."""
    run = 1 << bit
    pattern, length = ((1 << run) - 1) << run, 2 * run
    while length < SIZE:
        pattern |= pattern << length
        length *= 2
    return pattern & EVERYONE


MEMBERS_WITH: Final = {name: _bit_pattern(number) for number, name in enumerate(BITS)}
MEMBERS_IN: Final = {
    register: ((1 << (1 << len(BITS))) - 1) << (number << len(BITS)) for number, register in enumerate(Register)
}


@dataclass(frozen=True)
class Member:
    number: int

    @property
    def register(self) -> Register:
        return tuple(Register)[self.number >> len(BITS)]

    def has(self, name: str) -> bool:
        return bool(self.number >> BITS.index(name) & 1)

    @property
    def row(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "register": self.register.value,
            "newsletters": "|beauty|food|" if self.has("subscribed") else "|food|",
            "withdrawn": "",
            **{choice.value: self.has(choice) for choice in Choice},
        }

    @property
    def state(self) -> ConsentState:
        newsletters = {"food", "beauty"} if self.has("subscribed") else {"food"}
        on = frozenset(choice for choice in Choice if self.has(choice))
        return ConsentState(on, frozenset(newsletters), register=self.register)


# ---- the oracle: one function per sentence ----


def newsletter(channel: Channel) -> int:
    """Newsletters are e-mails, each with its own subscription."""
    return MEMBERS_WITH["subscribed"] if channel is Channel.EMAIL else NOBODY


def electronic_marketing(channel: Channel, *, partner: bool) -> int:
    """Electronic marketing has four bits: {own, partners} × {email, sms}. No record means no."""
    owner = "partner" if partner else "own"
    return MEMBERS_WITH[Choice(f"{channel.value}_{owner}")]


def either_partner_yes() -> int:
    return MEMBERS_WITH[Choice.EMAIL_PARTNER] | MEMBERS_WITH[Choice.SMS_PARTNER]


def marketing(channel: Channel, *, partner: bool) -> int:
    """C4 stops direct mail, C6 the telephone; partners' letters also need an opt-in to partners."""
    match channel:
        case Channel.EMAIL | Channel.SMS:
            return electronic_marketing(channel, partner=partner)
        case Channel.POST:
            mail = EVERYONE & ~MEMBERS_WITH[Choice.NO_DIRECT_MAIL]
            return mail & either_partner_yes() if partner else mail
        case Channel.PHONE:
            return NOBODY if partner else EVERYONE & ~MEMBERS_WITH[Choice.NO_SURVEYS_OR_PHONE]


def owner_post(channel: Channel) -> int:
    """Owner post is for owners. C5 stops it, C3 makes it electronic instead of paper, C4 does not affect it."""
    wanted = MEMBERS_IN[Register.OWNERS] & ~MEMBERS_WITH[Choice.NO_OWNER_POST]
    electronic = MEMBERS_WITH[Choice.ELECTRONIC_OWNER_POST]
    return {Channel.EMAIL: wanted & electronic, Channel.POST: wanted & ~electronic}.get(channel, NOBODY)


def survey(channel: Channel) -> int:
    """C6 stops surveys; an electronic survey is electronic marketing of our own."""
    willing = EVERYONE & ~MEMBERS_WITH[Choice.NO_SURVEYS_OR_PHONE]
    if channel in (Channel.EMAIL, Channel.SMS):
        return willing & electronic_marketing(channel, partner=False)
    return willing


def magazine(channel: Channel) -> int:
    """The owners' magazine comes by post."""
    return MEMBERS_IN[Register.OWNERS] if channel is Channel.POST else NOBODY


def service_or_rights(channel: Channel) -> int:
    """Service and rights messages are written, never telephoned."""
    return NOBODY if channel is Channel.PHONE else EVERYONE


def oracle(purpose: Purpose, channel: Channel, *, partner: bool) -> int:
    """Return the members who may be sent this; a partner sends marketing only."""
    if partner and purpose is not Purpose.MARKETING:
        return NOBODY
    allowed = {
        Purpose.NEWSLETTER: newsletter(channel),
        Purpose.MARKETING: marketing(channel, partner=partner),
        Purpose.OWNER_POST: owner_post(channel),
        Purpose.SURVEY: survey(channel),
        Purpose.MAGAZINE: magazine(channel),
        Purpose.SERVICE: service_or_rights(channel),
        Purpose.RIGHTS: service_or_rights(channel),
    }[purpose]
    if channel in (Channel.POST, Channel.PHONE):
        allowed &= ~MEMBERS_WITH[Choice.ADDRESS_SECRET]
    return allowed & processable_members(purpose)


def processable_members(purpose: Purpose) -> int:
    """C8 forbids every row but service and rights; restriction all but rights; death everything."""
    alive = EVERYONE & ~MEMBERS_WITH[Choice.DECEASED]
    if purpose is Purpose.RIGHTS:
        return alive
    unrestricted = alive & ~MEMBERS_WITH[Choice.RESTRICTED]
    return unrestricted if purpose is Purpose.SERVICE else unrestricted & ~MEMBERS_WITH[Choice.NO_MARKETING]


# ---- the implementations ----

CELLS: Final = tuple(product(Purpose, Channel, (False, True)))


class World:
    """All possible members in a database engine; finds those who meet a condition."""

    def __init__(self, query: Any, dialect: Any) -> None:
        self._query, self._dialect = query, dialect

    def members(self, condition: ColumnElement[bool]) -> int:
        compiled = condition.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True})
        flags = self._query(f"SELECT CASE WHEN {compiled} THEN '1' ELSE '0' END FROM world ORDER BY number DESC")
        return int("".join(flags), 2)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return [Member(number).row for number in range(SIZE)]


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def world(request: pytest.FixtureRequest, rows: list[dict[str, Any]]) -> Iterator[World]:
    if request.param == "duckdb":
        with duckdb.connect() as connection:
            connection.register("world", pa.Table.from_pylist(rows))
            yield World(lambda query: [flag for (flag,) in connection.execute(query).fetchall()], postgresql.dialect())
    else:
        with closing(sqlite3.connect(":memory:")) as database:
            names = list(rows[0])
            database.execute(f"CREATE TABLE world ({', '.join(names)})")
            database.executemany(
                f"INSERT INTO world VALUES ({', '.join('?' * len(names))})", [tuple(row.values()) for row in rows]
            )
            yield World(lambda query: [flag for (flag,) in database.execute(query)], sqlite.dialect())


def _permitted(purpose: Purpose, channel: Channel, *, partner: bool) -> Any:
    return permission_condition(purpose, channel, partner=partner, newsletter="beauty")


def test_sql_permits_exactly_the_members_of_the_oracle(world: World) -> None:
    for purpose, channel, partner in CELLS:
        expression = _permitted(purpose, channel, partner=partner)
        permitted = NOBODY if expression is None else world.members(expression.sql(COLUMNS))
        assert permitted == oracle(purpose, channel, partner=partner), (purpose, channel, partner)


def test_sql_processes_exactly_the_members_of_the_oracle(world: World) -> None:
    for purpose in Purpose:
        assert world.members(processing_condition(purpose).sql(COLUMNS)) == processable_members(purpose)


def test_refusal_has_a_reason_and_permission_has_none(world: World) -> None:
    for purpose, channel, partner in CELLS:
        reason = skip_reason_sql(purpose, channel, COLUMNS, partner=partner, newsletter="beauty")
        unrefused = world.members(reason.is_(None)) & processable_members(purpose)
        assert unrefused == oracle(purpose, channel, partner=partner), (purpose, channel, partner)


def test_python_permits_exactly_the_members_of_the_oracle() -> None:
    irrelevant = (Choice.TRACKING, Choice.NO_PURCHASE_DETAIL)  # proved irrelevant by the SQL tests
    members = [member for member in map(Member, range(SIZE)) if not any(map(member.has, irrelevant))]
    states = [(member.number, member.state) for member in members]
    for purpose, channel, partner in CELLS:
        expression = _permitted(purpose, channel, partner=partner)
        if expression is not None:
            expected = bin(oracle(purpose, channel, partner=partner) | 1 << SIZE)[:2:-1]
            wrong = [number for number, state in states if expression.is_met_by(state) != (expected[number] == "1")]
            assert not wrong, (purpose, channel, partner)


def test_cell_without_a_condition_permits_nobody() -> None:
    for purpose, channel, partner in CELLS:
        is_missing = _permitted(purpose, channel, partner=partner) is None
        assert is_missing == (oracle(purpose, channel, partner=partner) == NOBODY)


def test_newsletter_permission_needs_the_name_of_its_list() -> None:
    with pytest.raises(ValueError, match="list"):
        permission_condition(Purpose.NEWSLETTER, Channel.EMAIL)


# ---- C-02, key cells by name ----


def _permits(purpose: Purpose, channel: Channel, *on: Choice, partner: bool = False) -> bool:
    expression = _permitted(purpose, channel, partner=partner)
    return expression is not None and expression.is_met_by(ConsentState(frozenset(on), register=Register.OWNERS))


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("partner", [False, True])
def test_c03_gd19_member_without_choices_gets_no_electronic_marketing(channel: Channel, partner: bool) -> None:
    assert not _permits(Purpose.MARKETING, channel, partner=partner)


def test_c02_no_marketing_leaves_only_service_and_rights() -> None:
    everything = tuple(choice for choice in Choice if choice.permits)
    permitted = {
        purpose
        for purpose, channel, partner in CELLS
        if _permits(purpose, channel, *everything, Choice.NO_MARKETING, partner=partner)
    }
    assert permitted == {Purpose.SERVICE, Purpose.RIGHTS}


def test_c02_no_direct_mail_leaves_owner_post() -> None:
    assert not _permits(Purpose.MARKETING, Channel.POST, Choice.NO_DIRECT_MAIL)
    assert _permits(Purpose.OWNER_POST, Channel.POST, Choice.NO_DIRECT_MAIL)


def test_c02_no_owner_post_leaves_direct_mail_and_electronic_marketing() -> None:
    assert not _permits(Purpose.OWNER_POST, Channel.POST, Choice.NO_OWNER_POST)
    assert _permits(Purpose.MARKETING, Channel.POST, Choice.NO_OWNER_POST)
    assert _permits(Purpose.MARKETING, Channel.EMAIL, Choice.NO_OWNER_POST, Choice.EMAIL_OWN)


def test_c02_electronic_owner_post_is_never_doubled_on_paper() -> None:
    assert _permits(Purpose.OWNER_POST, Channel.EMAIL, Choice.ELECTRONIC_OWNER_POST)
    assert not _permits(Purpose.OWNER_POST, Channel.POST, Choice.ELECTRONIC_OWNER_POST)


def test_c02_magazine_and_owner_post_are_for_owners() -> None:
    for purpose in (Purpose.MAGAZINE, Purpose.OWNER_POST):
        expression = permission_condition(purpose, Channel.POST)
        assert expression is not None
        permitted_registers = {
            register for register in Register if expression.is_met_by(ConsentState(register=register))
        }
        assert permitted_registers == {Register.OWNERS}


def test_fi08_objection_to_calls_keeps_the_member_off_call_lists() -> None:
    for purpose in Purpose:
        assert not _permits(purpose, Channel.PHONE, Choice.NO_SURVEYS_OR_PHONE)


def test_gd23_secret_address_is_neither_printed_nor_called() -> None:
    for purpose, channel in product(Purpose, (Channel.POST, Channel.PHONE)):
        assert not _permits(purpose, channel, Choice.ADDRESS_SECRET)


# ---- reasons ----

REASONS: Final = [
    (Purpose.MARKETING, Channel.EMAIL, {}, SkipReason.NO_CONSENT),
    (Purpose.MARKETING, Channel.EMAIL, {"withdrawn": "|email_own|"}, SkipReason.CONSENT_WITHDRAWN),
    (Purpose.MARKETING, Channel.EMAIL, {"withdrawn": "|sms_own|"}, SkipReason.NO_CONSENT),
    (Purpose.MARKETING, Channel.EMAIL, {"email_own": True}, None),
    (Purpose.MARKETING, Channel.POST, {"no_direct_mail": True}, SkipReason.OBJECTED_CHANNEL),
    (Purpose.MARKETING, Channel.POST, {"address_secret": True}, SkipReason.ADDRESS_SECRET),
    (Purpose.MARKETING, Channel.POST, {}, None),
    (Purpose.NEWSLETTER, Channel.EMAIL, {"newsletters": "|food|"}, SkipReason.NO_CONSENT),
    (Purpose.NEWSLETTER, Channel.EMAIL, {"withdrawn": "|newsletter:beauty|"}, SkipReason.CONSENT_WITHDRAWN),
    (Purpose.NEWSLETTER, Channel.SMS, {}, SkipReason.NOT_ENTITLED),
    (Purpose.OWNER_POST, Channel.EMAIL, {"register": "customers"}, SkipReason.NOT_ENTITLED),
    (Purpose.OWNER_POST, Channel.EMAIL, {"no_owner_post": True}, SkipReason.OBJECTED_CHANNEL),
    (Purpose.OWNER_POST, Channel.EMAIL, {}, SkipReason.NO_CONSENT),
    (Purpose.SURVEY, Channel.SMS, {"no_surveys_or_phone": True, "sms_own": True}, SkipReason.OBJECTED_CHANNEL),
    (Purpose.SERVICE, Channel.POST, {}, None),
]


@pytest.mark.parametrize(("purpose", "channel", "changes", "expected"), REASONS)
def test_first_failing_clause_gives_the_reason(
    purpose: Purpose, channel: Channel, changes: dict[str, Any], expected: SkipReason | None
) -> None:
    row = {**Member(0).row, "newsletters": None, "register": "owners", **changes}
    reason = skip_reason_sql(purpose, channel, COLUMNS, newsletter="beauty")
    compiled = reason.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with duckdb.connect() as connection:
        connection.register("world", pa.Table.from_pylist([row]))
        assert connection.execute(f"SELECT {compiled} FROM world").fetchall() == [(expected,)]


def test_underscore_in_a_list_name_is_no_wildcard() -> None:
    expression = permission_condition(Purpose.NEWSLETTER, Channel.EMAIL, newsletter="f_od")
    assert expression is not None
    compiled = expression.sql(COLUMNS).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with duckdb.connect() as connection:
        connection.register("world", pa.Table.from_pylist([Member(0).row]))
        assert connection.execute(f"SELECT {compiled} FROM world").fetchall() == [(False,)]
