"""What an agent changes on a member's behalf: each with its row in the audit log, and a word to the member (C-15)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from audiences import addresses
from audiences.consent import choices
from audiences.consent.consent_state import Entry, Source
from audiences.consent.consent_texts import UnknownWording, demand_known
from audiences.people import contacts, self_service_changes
from audiences.people.contacts import contact_of
from campaigns.core.errors import AuthorError
from campaigns.core.model.enums import Channel, Choice, Language
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy.processors import leave_word
from campaigns.runs.engine import Engine
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit

SOURCES: Final = (Source.DESK, Source.PHONE)
MARKS: Final = (Choice.DECEASED, Choice.ADDRESS_SECRET, Choice.RESTRICTED)
"""What the desk records of a member and no page offers them; taken off again by those who answer requests alone."""

_NORMAL: Final = {"email": addresses.email, "phone": addresses.phone, "postal_code": addresses.postal_code}
_CHANNELS: Final = {"email": Channel.EMAIL, "phone": Channel.SMS}
_LONGEST: Final = 100


def change_choices(engine: Engine, member_id: str, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Record what a member said to the agent, each under the wording that was shown; returns it as it was recorded.

    AuthorError and no change when a grant names no text that was offered for it.
    """
    said = [replace(entry, agent=engine.actor) for entry in entries]
    with engine.ledger.write() as connection:
        contact_of(connection, member_id)
        try:
            demand_known(connection, said)
        except UnknownWording as error:
            message = "this was not offered in these words"
            raise AuthorError.about("choices", message, "unknown_wording", "read the page to them anew") from error
        choices.record(connection, said)
        if said:
            names = sorted(entry.choice for entry in said)
            _note(engine, connection, "change_choices", member_id, {"choices": names, "source": said[0].source.value})
            enqueue.choices_changed(connection, member_id, said, engine.clock.now())
    return said


def mark(engine: Engine, member_id: str, choice: Choice, source: Source, *, on: bool) -> None:
    """Record a death, a secret address, a restriction lifted …: one of `MARKS`, on or off.

    The member is told of all but the death, above all of a restriction that ends (GDPR article 18(3)).
    """
    now = engine.clock.now()
    entry = Entry(member_id, choice.value, on, now, source, agent=engine.actor)
    with engine.ledger.write() as connection:
        contact_of(connection, member_id)
        choices.record(connection, [entry])
        enqueue.choices_changed(connection, member_id, [entry], now)
        if on and choice is Choice.RESTRICTED:
            leave_word(engine, connection, member_id, RequestKind.RESTRICT)
        _note(engine, connection, "mark", member_id, {"choice": choice.value, "on": on, "source": source.value})


def change_contact(engine: Engine, member_id: str, wanted: Mapping[str, str], removed: Iterable[str]) -> Sequence[str]:
    """Use a new e-mail, phone, postal address, language or name; returns the names of what is different now.

    What is empty in `wanted` stays, but what is `removed`. A postal address changes whole. AuthorError when an address
    is none. The former e-mail address or number is told.
    """
    given = {name: value.strip() for name, value in wanted.items() if value.strip()}
    change: dict[str, Any] = {**dict.fromkeys(removed), **{name: _read(name, value) for name, value in given.items()}}
    _demand_whole_address(change)
    with engine.ledger.write() as connection:
        before = contact_of(connection, member_id)
        different = sorted(name for name, value in change.items() if value != before[name])
        if different:
            self_service_changes.keep(connection, before, change, engine.clock.now())
            contacts.write(connection, [{"member_id": member_id, **change}], before["language"])
            _note(engine, connection, "change_contact", member_id, {"fields": different})
            for name in set(different) & set(_CHANNELS):
                if before[name]:
                    now = engine.clock.now()
                    enqueue.contact_changed(connection, member_id, _CHANNELS[name], before[name], now)
    return different


def _read(name: str, value: str) -> str:
    normal = _NORMAL.get(name)
    found = value[:_LONGEST] if normal is None else normal(value)
    if found is None or (name == "language" and found not in set(Language)) or not found.isprintable():
        raise AuthorError.about(name, "this cannot be right", f"no_{name}", "ask again")
    return found


def _demand_whole_address(change: Mapping[str, Any]) -> None:
    parts = {"street", "postal_code", "city"}
    if parts & set(change) and not parts <= set(change):
        raise AuthorError.about("street", "street, postal code and city change together", "no_street", "fill in all")


def _note(engine: Engine, connection: Connection, action: str, member_id: str, detail: Mapping[str, Any]) -> None:
    subject = audit.of_member(engine.signer, member_id)
    audit.note(connection, engine.clock.now(), engine.actor, action, subject, detail)
