"""Members as the desk sees them: search, look-up, masking. Every look-up is an audit log row."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, select

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentState
from audiences.people.contacts import allows_purchase_detail, contact_of
from audiences.people.find_members import MAX_RESULTS, SearchTerm, find_members
from audiences.tables import CONTACT
from campaigns.core.model.enums import Choice
from campaigns.people.desk.access_reasons import AccessReason
from campaigns.people.desk.household import HouseholdMember, household_of
from campaigns.store.people import audit, privacy_requests
from campaigns.store.people.people_tables import PrivacyRequest
from campaigns.store.runs.linked_message import MessageOutcome, latest_messages
from campaigns.workspace.context import Context

MESSAGES_SHOWN: Final = 10
_SECRET_FIELDS: Final = ("phone", "street", "postal_code", "city")
_CHECKED_FIELDS: Final = ("email", "phone", "street", "postal_code")
_SHOWN_FIELDS: Final = ("member_id", "register", "first_name", "last_name", "language", "email", *_SECRET_FIELDS)


@dataclass(frozen=True, slots=True)
class MemberContact:
    """Contact of a member. `secret`: the address is secret; `masked`: it was left out of `contact`."""

    contact: Mapping[str, Any] = field(repr=False)
    secret: bool
    masked: bool

    @property
    def member_id(self) -> str:
        """Return the member number."""
        return str(self.contact["member_id"])

    @property
    def name(self) -> str:
        """Return first and last name, as far as known."""
        return " ".join(self.contact[part] for part in ("first_name", "last_name") if self.contact[part])


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """Member at a glance: consent state, choice history, privacy requests, household, year of birth, last messages.

    `names_purchases` is true while the member's purchases may be used and named.
    """

    person: MemberContact
    consent_state: ConsentState
    record: Sequence[ConsentEntry]
    requests: Sequence[PrivacyRequest]
    household: Sequence[HouseholdMember]
    messages: Sequence[MessageOutcome]
    names_purchases: bool
    birth_year: int | None = field(repr=False)


def search_members(
    context: Context, term: SearchTerm, reason: AccessReason, *, unmask: bool
) -> tuple[list[MemberContact], bool]:
    """Return the members whom a term finds, and whether there are more than are shown; the audit log has each of them.

    A single member is not noted as found: the caller opens the page, which is a look-up of its own.
    """
    now = context.clock.now()
    with context.ledger.write() as connection:
        rows = find_members(connection, term)
        people = [_person(connection, dict(row), unmask=unmask) for row in rows[:MAX_RESULTS]]
        detail = {"by": search_field(term), "found": len(people), **reason.detail}
        for person in people if len(people) > 1 else ():
            subject = audit.subject_of_member(context.signer, person.member_id)
            audit.record(connection, now, context.actor, "find", subject, detail)
        if not people:
            audit.record(connection, now, context.actor, "find", "nobody", detail)
    return people, len(rows) > MAX_RESULTS


def masked(person: MemberContact) -> MemberContact:
    """Return a contact without what a caller should know: e-mail, telephone, street and postal code."""
    return replace(person, contact={**person.contact, **dict.fromkeys(_CHECKED_FIELDS)})


def search_field(term: SearchTerm) -> str:
    """Return the name of the likeliest field of a term, for the audit log."""
    return term.fields[0].value if term.fields else "nothing"


def look_up(
    context: Context, member_id: str, reason: AccessReason, *, unmask: bool, by: str | None = None
) -> MemberContact:
    """Return a member's contact and write an audit log row; raise UserError when the member is unknown.

    `by` is the field by which a search found the member. With `unmask` the names of the household are shown, too, and
    each of them gets a row.
    """
    now = context.clock.now()
    with context.ledger.write() as connection:
        contact = contact_of(connection, member_id)
        person = _person(connection, contact, unmask=unmask)
        detail = {**({"by": by} if by else {}), **reason.detail}
        unmasked = {"unmasked": True} if person.secret and unmask else {}
        subject = audit.subject_of_member(context.signer, member_id)
        audit.record(connection, now, context.actor, "look_up", subject, {**detail, **unmasked})
        for other in household_of(connection, member_id, contact["household_id"], named=unmask) if unmask else ():
            other_subject = audit.subject_of_member(context.signer, other.member_id)
            audit.record(connection, now, context.actor, "name_household", other_subject, reason.detail)
    return person


def reload(context: Context, member_id: str, *, unmask: bool) -> MemberRecord:
    """Return a member looked up before; the look-up, or the change since, has its own audit log row."""
    with context.ledger.read() as connection:
        contact = contact_of(connection, member_id)
        return MemberRecord(
            person=_person(connection, contact, unmask=unmask),
            consent_state=choices.consent_state_of(connection, member_id),
            record=choices.entries_of(connection, [member_id])[member_id][::-1],
            requests=privacy_requests.list_for_member(connection, member_id),
            household=household_of(connection, member_id, contact["household_id"], named=unmask),
            messages=latest_messages(connection, member_id, MESSAGES_SHOWN),
            names_purchases=allows_purchase_detail(connection, member_id),
            birth_year=_birth_year(context, member_id),
        )


def contact(context: Context, member_id: str, *, unmask: bool) -> MemberContact:
    """Return the contact of a member looked up before; raise UserError when the member is unknown."""
    with context.ledger.read() as connection:
        return _person(connection, contact_of(connection, member_id), unmask=unmask)


def contacts(context: Context, members: Iterable[str], *, unmask: bool) -> list[MemberContact]:
    """Return the contacts of members that a search found before, by number; erased ones are left out."""
    with context.ledger.read() as connection:
        query = select(CONTACT).where(CONTACT.c.member_id.in_(list(members))).order_by(CONTACT.c.member_id)
        rows = connection.execute(query).mappings().all()
        return [_person(connection, dict(row), unmask=unmask) for row in rows]


def _birth_year(context: Context, member_id: str) -> int | None:
    """Return the year of birth from the warehouse, which an import may have left out."""
    with closing(context.repository.warehouse.connect_for_members([member_id], context.clock.now())) as warehouse:
        query = "SELECT year(birth_date) FROM members WHERE member_id = $1"
        row = warehouse.execute(query, [member_id]).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _person(connection: Connection, contact_row: Mapping[str, Any], *, unmask: bool) -> MemberContact:
    secret = Choice.ADDRESS_SECRET in choices.consent_state_of(connection, contact_row["member_id"]).on
    hidden = _SECRET_FIELDS if secret and not unmask else ()
    visible = {name: None if name in hidden else contact_row[name] for name in _SHOWN_FIELDS}
    return MemberContact(visible, secret, masked=bool(hidden))
