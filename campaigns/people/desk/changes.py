"""Changes that an agent makes for a member: each with an audit log row and a notice to the member (C-15)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection

from audiences import addresses
from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.consent.consent_texts import UnknownConsentTextError, require_known_texts
from audiences.people import contact_changes, contacts, self_service_changes
from audiences.people.contact_changes import ChangeOrigin, NewChange
from audiences.people.contacts import contact_of
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.phone_countries import callable_classes, phone_class
from campaigns.core.model.postal_code_forms import normalise_postal_code
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy import contact_proofs
from campaigns.people.privacy.processors import create_processor_tasks
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit
from campaigns.workspace.context import Context

DESK_MARKS: Final = (Choice.DECEASED, Choice.ADDRESS_SECRET, Choice.RESTRICTED)
"""Marks that only the desk records and no page offers; taken back only by agents who answer requests."""

_NORMALISERS: Final[Mapping[str, Callable[[str, str], str | None]]] = {
    "email": lambda text, _: addresses.normalise_email(text),
    "phone": addresses.normalise_phone,
    "postal_code": normalise_postal_code,
}
_MAX_LENGTH: Final = 100


def change_choices(context: Context, member_id: str, entries: Sequence[ConsentEntry]) -> Sequence[ConsentEntry]:
    """Record choices that a member made through the agent, each under the text that was shown; return the entries.

    Raises UserError, and changes nothing, when a grant names no text that was offered for it.
    """
    recorded = [replace(entry, agent=context.actor) for entry in entries]
    with context.ledger.write() as connection:
        contact_of(connection, member_id)
        try:
            require_known_texts(connection, recorded)
        except UnknownConsentTextError as error:
            message = "this choice was not offered with this text"
            raise UserError.about(
                "choices", message, "unknown_wording", "reload the page and read its text to the member"
            ) from error
        choices.record_choices(connection, recorded)
        if recorded:
            names = sorted(entry.choice for entry in recorded)
            _note(
                context, connection, "change_choices", member_id, {"choices": names, "source": recorded[0].source.value}
            )
            enqueue.choices_changed(connection, member_id, recorded, context.clock.now())
    return recorded


def mark(context: Context, member_id: str, choice: Choice, source: ConsentSource, *, on: bool) -> None:
    """Switch one of `DESK_MARKS` on or off, such as a death, a secret address or a restriction.

    The member is notified of all but a death; a lifted restriction has to be notified (GDPR article 18(3)).
    """
    now = context.clock.now()
    entry = ConsentEntry(member_id, choice.value, on, now, source, agent=context.actor)
    with context.ledger.write() as connection:
        contact_of(connection, member_id)
        choices.record_choices(connection, [entry])
        enqueue.choices_changed(connection, member_id, [entry], now)
        if on and choice is Choice.RESTRICTED:
            create_processor_tasks(context, connection, member_id, RequestKind.RESTRICT)
        _note(context, connection, "mark", member_id, {"choice": choice.value, "on": on, "source": source.value})


def change_contact(
    context: Context, member_id: str, wanted: Mapping[str, str], removed: Iterable[str]
) -> Sequence[str]:
    """Change e-mail, phone, postal address, language or name; return the names of changed fields.

    An empty value in `wanted` leaves a field unchanged; `removed` fields are cleared. A postal address changes as a
    whole. Raises UserError when a value is invalid. A new e-mail address or number is unproven, and gets a notice to
    confirm itself; the former one gets a notice by which it can refuse.
    """
    settings = context.repository.settings
    typed = {name: value.strip() for name, value in wanted.items() if value.strip()}
    change: dict[str, Any] = {
        **dict.fromkeys(removed),
        **{name: _normalised(name, value, settings.country) for name, value in typed.items()},
    }
    countries = settings.sms_countries
    problems = [*_invalid_values(change, typed), *_unserved_number(change, countries), *_missing_address_parts(change)]
    if problems:
        raise UserError(problems)
    with context.ledger.write() as connection:
        before = contact_of(connection, member_id)
        changed = sorted(name for name, value in change.items() if value != before[name])
        if changed:
            self_service_changes.record_change(connection, before, change, context.clock.now())
            contacts.upsert_contacts(connection, [{"member_id": member_id, **change}], before["language"])
            _note(context, connection, "change_contact", member_id, {"fields": changed})
            for name in sorted(set(changed) & set(contact_changes.CHANNEL_FIELDS)):
                new = NewChange(member_id, name, before[name], change[name], ChangeOrigin.DESK)
                contact_proofs.record_and_tell(connection, new, context.clock.now())
    return changed


def _normalised(name: str, value: str, country: str) -> str | None:
    """Return a value in its normal form; None when it is invalid."""
    normalise = _NORMALISERS.get(name)
    text = value[:_MAX_LENGTH] if normalise is None else normalise(value, country)
    if text is None or (name == "language" and text not in set(Language)) or not text.isprintable():
        return None
    return text


def _invalid_values(change: Mapping[str, Any], typed: Iterable[str]) -> Iterator[Problem]:
    for name in typed:
        if change[name] is None:
            code = f"no_{name}" if name in _NORMALISERS else "no_text"
            yield Problem(FilePosition(name), "this value is not valid", code, "ask the member again")


def _unserved_number(change: Mapping[str, Any], countries: Sequence[str]) -> Iterator[Problem]:
    number = change.get("phone")
    if number and phone_class(number) not in callable_classes(countries):
        message = f"numbers outside {', '.join(countries)}, and premium-rate numbers, are not written to or called"
        yield Problem(FilePosition("phone"), message, "country_not_served", "ask for another number")


def _missing_address_parts(change: Mapping[str, Any]) -> Iterator[Problem]:
    parts = ("street", "postal_code", "city")
    if any(part in change for part in parts):
        message = "street, postal code and city change together"
        for part in parts:
            if part not in change:
                yield Problem(FilePosition(part), message, "no_whole_address", "fill in all three")


def _note(context: Context, connection: Connection, action: str, member_id: str, detail: Mapping[str, Any]) -> None:
    subject = audit.subject_of_member(context.signer, member_id)
    audit.record(connection, context.clock.now(), context.actor, action, subject, detail)
