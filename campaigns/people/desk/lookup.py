"""Members as the desk sees them: search, look-up, masking. Every look-up is an audit log row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentState
from audiences.people.contacts import contact_of
from audiences.people.find_members import MAX_RESULTS, SearchField, find_members
from campaigns.core.model.enums import Choice
from campaigns.people.desk.access_reasons import AccessReason
from campaigns.store.people import audit, privacy_requests
from campaigns.store.people.people_tables import PrivacyRequest
from campaigns.workspace.context import Context

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
    """Member with consent state, choice history and privacy requests."""

    person: MemberContact
    consent_state: ConsentState
    record: Sequence[ConsentEntry]
    requests: Sequence[PrivacyRequest]


def search_members(
    context: Context, by: SearchField, typed: str, postal_code: str, reason: AccessReason, *, unmask: bool
) -> tuple[list[MemberContact], bool]:
    """Return matching members, masked, and whether there are more than are shown; the audit log has each of them."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        rows = find_members(connection, by, typed, postal_code)
        people = [masked(_person(connection, dict(row), unmask=unmask)) for row in rows[:MAX_RESULTS]]
        detail = {"by": by.value, "found": len(people), **reason.detail}
        for person in people:
            subject = audit.subject_of_member(context.signer, person.member_id)
            audit.record(connection, now, context.actor, "find", subject, detail)
        if not people:
            audit.record(connection, now, context.actor, "find", "nobody", detail)
    return people, len(rows) > MAX_RESULTS


def masked(person: MemberContact) -> MemberContact:
    """Return a contact without what a caller should know: e-mail, telephone, street and postal code."""
    return replace(person, contact={**person.contact, **dict.fromkeys(_CHECKED_FIELDS)})


def look_up(context: Context, member_id: str, reason: AccessReason, *, unmask: bool) -> MemberRecord:
    """Return a member and write an audit log row; raise UserError when the member is unknown."""
    with context.ledger.write() as connection:
        member = _member(connection, member_id, unmask=unmask)
        unmasked = {"unmasked": True} if member.person.secret and unmask else {}
        subject = audit.subject_of_member(context.signer, member_id)
        audit.record(connection, context.clock.now(), context.actor, "look_up", subject, {**reason.detail, **unmasked})
    return member


def reload(context: Context, member_id: str, *, unmask: bool) -> MemberRecord:
    """Return a member looked up before, after a change; the change has its own audit log row."""
    with context.ledger.read() as connection:
        return _member(connection, member_id, unmask=unmask)


def _member(connection: Connection, member_id: str, *, unmask: bool) -> MemberRecord:
    person = _person(connection, contact_of(connection, member_id), unmask=unmask)
    history = choices.entries_of(connection, [member_id])[member_id]
    consent = choices.consent_state_of(connection, member_id)
    return MemberRecord(person, consent, history[::-1], privacy_requests.list_for_member(connection, member_id))


def _person(connection: Connection, contact: Mapping[str, Any], *, unmask: bool) -> MemberContact:
    secret = Choice.ADDRESS_SECRET in choices.consent_state_of(connection, contact["member_id"]).on
    hidden = _SECRET_FIELDS if secret and not unmask else ()
    visible = {name: None if name in hidden else contact[name] for name in _SHOWN_FIELDS}
    return MemberContact(visible, secret, masked=bool(hidden))
