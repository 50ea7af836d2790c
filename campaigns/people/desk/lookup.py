"""Members as the desk sees them: found, looked up, masked; every look is a row of the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from audiences.consent import choices
from audiences.consent.consent_state import Entry, Stance
from audiences.people.contacts import contact_of
from audiences.people.find_members import MOST, By, find
from campaigns.core.model.enums import Choice
from campaigns.people.desk.access_reasons import Why
from campaigns.runs.engine import Engine
from campaigns.store.people import audit, privacy_requests
from campaigns.store.people.people_tables import Request

_SECRET: Final = ("phone", "street", "postal_code", "city")
_SHOWN: Final = ("member_id", "register", "first_name", "last_name", "language", "email", *_SECRET)


@dataclass(frozen=True, slots=True)
class Person:
    """A member's contact. `secret` says whether the address is kept secret, `masked` whether it was left out for it."""

    contact: Mapping[str, Any] = field(repr=False)
    secret: bool
    masked: bool

    @property
    def member_id(self) -> str:
        """The number."""
        return str(self.contact["member_id"])

    @property
    def name(self) -> str:
        """First and last name, as far as they are known."""
        return " ".join(self.contact[each] for each in ("first_name", "last_name") if self.contact[each])


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with what they allow and forbid, how it came to that, and what they asked for."""

    person: Person
    stance: Stance
    record: Sequence[Entry]
    requests: Sequence[Request]


def found(engine: Engine, by: By, typed: str, postal_code: str, why: Why, *, unmask: bool) -> tuple[list[Person], bool]:
    """Those who fit, and whether there are more than are shown; every one of them is told to the audit log."""
    now = engine.clock.now()
    with engine.ledger.write() as connection:
        rows = find(connection, by, typed, postal_code)
        people = [_person(connection, dict(row), unmask=unmask) for row in rows[:MOST]]
        detail = {"by": by.value, "found": len(people), **why.detail}
        for each in people:
            audit.note(connection, now, engine.actor, "find", audit.of_member(engine.signer, each.member_id), detail)
        if not people:
            audit.note(connection, now, engine.actor, "find", "nobody", detail)
    return people, len(rows) > MOST


def look_up(engine: Engine, member_id: str, why: Why, *, unmask: bool) -> Member:
    """One member, and a row of the audit log; AuthorError when there is no such member."""
    with engine.ledger.write() as connection:
        member = _member(connection, member_id, unmask=unmask)
        unmasked = {"unmasked": True} if member.person.secret and unmask else {}
        subject = audit.of_member(engine.signer, member_id)
        audit.note(connection, engine.clock.now(), engine.actor, "look_up", subject, {**why.detail, **unmasked})
    return member


def seen_again(engine: Engine, member_id: str, *, unmask: bool) -> Member:
    """A member who was looked up just now, as they stand after a change, which has a row of its own."""
    with engine.ledger.read() as connection:
        return _member(connection, member_id, unmask=unmask)


def _member(connection: Connection, member_id: str, *, unmask: bool) -> Member:
    person = _person(connection, contact_of(connection, member_id), unmask=unmask)
    record = choices.entries_of(connection, [member_id])[member_id]
    stance = choices.stance_of(connection, member_id)
    return Member(person, stance, record[::-1], privacy_requests.of_member(connection, member_id))


def _person(connection: Connection, contact: Mapping[str, Any], *, unmask: bool) -> Person:
    secret = Choice.ADDRESS_SECRET in choices.stance_of(connection, contact["member_id"]).on
    hidden = _SECRET if secret and not unmask else ()
    shown = {name: None if name in hidden else contact[name] for name in _SHOWN}
    return Person(shown, secret, masked=bool(hidden))
