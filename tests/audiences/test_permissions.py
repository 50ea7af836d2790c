"""What the choices permit, judged exhaustively by an oracle that was written from the sentences of the design.

A *world* holds every member there can be: all choices, subscribed or not, in each register. A set of them is one
whole number, a bit a member, so that the oracle says `and`, `or` and `not` of a hundred thousand members at once.
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


def _members_with(bit: int) -> int:
    """The set of the members who have one bit set."""
    run = 1 << bit
    pattern, length = ((1 << run) - 1) << run, 2 * run
    while length < SIZE:
        pattern |= pattern << length
        length *= 2
    return pattern & EVERYONE


SAID: Final = {name: _members_with(number) for number, name in enumerate(BITS)}
PLACE: Final = {
    register: ((1 << (1 << len(BITS))) - 1) << (number << len(BITS)) for number, register in enumerate(Register)
}


@dataclass(frozen=True)
class Member:
    number: int

    @property
    def register(self) -> Register:
        return tuple(Register)[self.number >> len(BITS)]

    def said(self, name: str) -> bool:
        return bool(self.number >> BITS.index(name) & 1)

    @property
    def row(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "register": self.register.value,
            "newsletters": "|beauty|food|" if self.said("subscribed") else "|food|",
            "withdrawn": "",
            **{choice.value: self.said(choice) for choice in Choice},
        }

    @property
    def stance(self) -> ConsentState:
        newsletters = {"food", "beauty"} if self.said("subscribed") else {"food"}
        on = frozenset(choice for choice in Choice if self.said(choice))
        return ConsentState(on, frozenset(newsletters), register=self.register)


# ---- the oracle: one function a sentence ----


def newsletter(channel: Channel) -> int:
    """Newsletters, each subscribed to by itself; they are e-mails."""
    return SAID["subscribed"] if channel is Channel.EMAIL else NOBODY


def electronic_marketing(channel: Channel, *, partner: bool) -> int:
    """Electronic marketing, four bits: {own, partners} × {email, sms}. No record means no."""
    owner = "partner" if partner else "own"
    return SAID[Choice(f"{channel.value}_{owner}")]


def either_partner_yes() -> int:
    return SAID[Choice.EMAIL_PARTNER] | SAID[Choice.SMS_PARTNER]


def marketing(channel: Channel, *, partner: bool) -> int:
    """C4 stops direct mail, C6 the telephone; partners' letters also need a yes to partners."""
    match channel:
        case Channel.EMAIL | Channel.SMS:
            return electronic_marketing(channel, partner=partner)
        case Channel.POST:
            mail = EVERYONE & ~SAID[Choice.NO_DIRECT_MAIL]
            return mail & either_partner_yes() if partner else mail
        case Channel.PHONE:
            return NOBODY if partner else EVERYONE & ~SAID[Choice.NO_SURVEYS_OR_PHONE]


def owner_post(channel: Channel) -> int:
    """For owners. C5: none at all. C3: electronically, and then not on paper. C4 does not mean it."""
    wanted = PLACE[Register.OWNERS] & ~SAID[Choice.NO_OWNER_POST]
    electronic = SAID[Choice.ELECTRONIC_OWNER_POST]
    return {Channel.EMAIL: wanted & electronic, Channel.POST: wanted & ~electronic}.get(channel, NOBODY)


def survey(channel: Channel) -> int:
    """C6 stops surveys; one that comes electronically is electronic marketing of our own."""
    willing = EVERYONE & ~SAID[Choice.NO_SURVEYS_OR_PHONE]
    if channel in (Channel.EMAIL, Channel.SMS):
        return willing & electronic_marketing(channel, partner=False)
    return willing


def magazine(channel: Channel) -> int:
    """The owners' magazine comes by post."""
    return PLACE[Register.OWNERS] if channel is Channel.POST else NOBODY


def written(channel: Channel) -> int:
    """Service and rights may be written, never telephoned."""
    return NOBODY if channel is Channel.PHONE else EVERYONE


def oracle(purpose: Purpose, channel: Channel, *, partner: bool) -> int:
    """The members who may be sent this; a partner sends marketing only."""
    if partner and purpose is not Purpose.MARKETING:
        return NOBODY
    allowed = {
        Purpose.NEWSLETTER: newsletter(channel),
        Purpose.MARKETING: marketing(channel, partner=partner),
        Purpose.OWNER_POST: owner_post(channel),
        Purpose.SURVEY: survey(channel),
        Purpose.MAGAZINE: magazine(channel),
        Purpose.SERVICE: written(channel),
        Purpose.RIGHTS: written(channel),
    }[purpose]
    if channel in (Channel.POST, Channel.PHONE):
        allowed &= ~SAID[Choice.ADDRESS_SECRET]
    return allowed & looked_at(purpose)


def looked_at(purpose: Purpose) -> int:
    """C8 forbids every row but service and rights; restriction all but rights; death everything."""
    alive = EVERYONE & ~SAID[Choice.DECEASED]
    if purpose is Purpose.RIGHTS:
        return alive
    unrestricted = alive & ~SAID[Choice.RESTRICTED]
    return unrestricted if purpose is Purpose.SERVICE else unrestricted & ~SAID[Choice.NO_MARKETING]


# ---- the readings ----

CELLS: Final = tuple(product(Purpose, Channel, (False, True)))


class World:
    """Every member there can be, in an engine; answers which of them a condition holds for."""

    def __init__(self, ask: Any, dialect: Any) -> None:
        self._ask, self._dialect = ask, dialect

    def members(self, condition: ColumnElement[bool]) -> int:
        compiled = condition.compile(dialect=self._dialect, compile_kwargs={"literal_binds": True})
        flags = self._ask(f"SELECT CASE WHEN {compiled} THEN '1' ELSE '0' END FROM world ORDER BY number DESC")
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


def test_sql_permits_exactly_what_the_sentences_permit(world: World) -> None:
    for purpose, channel, partner in CELLS:
        expression = _permitted(purpose, channel, partner=partner)
        found = NOBODY if expression is None else world.members(expression.sql(COLUMNS))
        assert found == oracle(purpose, channel, partner=partner), (purpose, channel, partner)


def test_sql_looks_only_at_those_whom_the_sentences_leave(world: World) -> None:
    for purpose in Purpose:
        assert world.members(processing_condition(purpose).sql(COLUMNS)) == looked_at(purpose)


def test_a_refusal_has_a_reason_and_a_permission_none(world: World) -> None:
    for purpose, channel, partner in CELLS:
        reason = skip_reason_sql(purpose, channel, COLUMNS, partner=partner, newsletter="beauty")
        unrefused = world.members(reason.is_(None)) & looked_at(purpose)
        assert unrefused == oracle(purpose, channel, partner=partner), (purpose, channel, partner)


def test_python_permits_exactly_what_the_sentences_permit() -> None:
    irrelevant = (Choice.TRACKING, Choice.NO_PURCHASE_DETAIL)  # shown to be so by the SQL readings
    members = [member for member in map(Member, range(SIZE)) if not any(map(member.said, irrelevant))]
    stances = [(member.number, member.stance) for member in members]
    for purpose, channel, partner in CELLS:
        expression = _permitted(purpose, channel, partner=partner)
        if expression is not None:
            expected = bin(oracle(purpose, channel, partner=partner) | 1 << SIZE)[:2:-1]
            wrong = [number for number, stance in stances if expression.is_met_by(stance) != (expected[number] == "1")]
            assert not wrong, (purpose, channel, partner)


def test_a_cell_that_does_not_exist_permits_nobody() -> None:
    for purpose, channel, partner in CELLS:
        nowhere = _permitted(purpose, channel, partner=partner) is None
        assert nowhere == (oracle(purpose, channel, partner=partner) == NOBODY)


def test_a_newsletter_needs_the_name_of_its_list() -> None:
    with pytest.raises(ValueError, match="list"):
        permission_condition(Purpose.NEWSLETTER, Channel.EMAIL)


# ---- C-02, key cells by name ----


def _may(purpose: Purpose, channel: Channel, *on: Choice, partner: bool = False) -> bool:
    expression = _permitted(purpose, channel, partner=partner)
    return expression is not None and expression.is_met_by(ConsentState(frozenset(on), register=Register.OWNERS))


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("partner", [False, True])
def test_c03_gd19_a_member_who_said_nothing_gets_no_electronic_marketing(channel: Channel, partner: bool) -> None:
    assert not _may(Purpose.MARKETING, channel, partner=partner)


def test_c02_no_marketing_leaves_only_service_and_rights() -> None:
    everything = tuple(choice for choice in Choice if choice.permits)
    left = {
        purpose
        for purpose, channel, partner in CELLS
        if _may(purpose, channel, *everything, Choice.NO_MARKETING, partner=partner)
    }
    assert left == {Purpose.SERVICE, Purpose.RIGHTS}


def test_c02_no_direct_mail_leaves_owner_post() -> None:
    assert not _may(Purpose.MARKETING, Channel.POST, Choice.NO_DIRECT_MAIL)
    assert _may(Purpose.OWNER_POST, Channel.POST, Choice.NO_DIRECT_MAIL)


def test_c02_no_owner_post_leaves_direct_mail_and_electronic_marketing() -> None:
    assert not _may(Purpose.OWNER_POST, Channel.POST, Choice.NO_OWNER_POST)
    assert _may(Purpose.MARKETING, Channel.POST, Choice.NO_OWNER_POST)
    assert _may(Purpose.MARKETING, Channel.EMAIL, Choice.NO_OWNER_POST, Choice.EMAIL_OWN)


def test_c02_electronic_owner_post_is_never_doubled_on_paper() -> None:
    assert _may(Purpose.OWNER_POST, Channel.EMAIL, Choice.ELECTRONIC_OWNER_POST)
    assert not _may(Purpose.OWNER_POST, Channel.POST, Choice.ELECTRONIC_OWNER_POST)


def test_c02_the_magazine_and_owner_post_are_for_owners() -> None:
    for purpose in (Purpose.MAGAZINE, Purpose.OWNER_POST):
        expression = permission_condition(purpose, Channel.POST)
        assert expression is not None
        in_register = {register for register in Register if expression.is_met_by(ConsentState(register=register))}
        assert in_register == {Register.OWNERS}


def test_fi08_nobody_who_forbade_it_is_on_a_call_list() -> None:
    for purpose in Purpose:
        assert not _may(purpose, Channel.PHONE, Choice.NO_SURVEYS_OR_PHONE)


def test_gd23_a_secret_address_is_never_printed_nor_called() -> None:
    for purpose, channel in product(Purpose, (Channel.POST, Channel.PHONE)):
        assert not _may(purpose, channel, Choice.ADDRESS_SECRET)


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


@pytest.mark.parametrize(("purpose", "channel", "said", "expected"), REASONS)
def test_the_first_clause_that_fails_gives_the_reason(
    purpose: Purpose, channel: Channel, said: dict[str, Any], expected: SkipReason | None
) -> None:
    row = {**Member(0).row, "newsletters": None, "register": "owners", **said}
    reason = skip_reason_sql(purpose, channel, COLUMNS, newsletter="beauty")
    compiled = reason.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with duckdb.connect() as connection:
        connection.register("world", pa.Table.from_pylist([row]))
        assert connection.execute(f"SELECT {compiled} FROM world").fetchall() == [(expected,)]


def test_an_underscore_in_the_name_of_a_list_stands_for_itself() -> None:
    expression = permission_condition(Purpose.NEWSLETTER, Channel.EMAIL, newsletter="f_od")
    assert expression is not None
    compiled = expression.sql(COLUMNS).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    with duckdb.connect() as connection:
        connection.register("world", pa.Table.from_pylist([Member(0).row]))
        assert connection.execute(f"SELECT {compiled} FROM world").fetchall() == [(False,)]
