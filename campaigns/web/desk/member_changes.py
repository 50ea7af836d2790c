"""Desk forms that change a member at the desk or on the telephone: choices, contact, marks, requests.

Where the member is follows from the reason of the look-up: nobody is asked again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import Response

from audiences.consent.choices import consent_state_of
from audiences.consent.opt_out import ConsentContext
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Permission
from campaigns.people.desk import changes
from campaigns.people.desk.changes import DESK_MARKS
from campaigns.people.privacy import requests
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields
from campaigns.web.members.choice_form import changed_choices
from campaigns.web.members.choice_list import choice_items

_ADDRESS_FIELDS: Final = ("street", "postal_code", "city")
_CONTACT_FIELDS: Final = ("first_name", "last_name", "email", "phone", *_ADDRESS_FIELDS, "language")
_REMOVABLE_FIELDS: Final = ("email", "phone")


@dataclass(frozen=True)
class MemberChangePages:
    """Forms of a member's page."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return one task per form. Marks are taken back only by agents who may answer requests."""
        return (
            DeskTask(f"{DESK_HOME}/choices", Permission.CHANGE, self.choose),
            DeskTask(f"{DESK_HOME}/contact", Permission.CHANGE, self.correct, needs_check=True),
            DeskTask(f"{DESK_HOME}/mark", Permission.CHANGE, self.mark),
            DeskTask(f"{DESK_HOME}/unmark", Permission.ANSWER, self.unmark, needs_check=True),
            DeskTask(f"{DESK_HOME}/file", Permission.CHANGE, self.file),
        )

    def choose(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Record the member's choices, each under the text that the agent read out."""
        visit, context = self.desk.visit(form, agent), self.desk.context_as(agent)
        with context.ledger.read() as connection:
            consent = consent_state_of(connection, visit.member_id)
        page_context = self.desk.page_context
        language = page_context.language(request)
        context_of = partial(ConsentContext, page_context.now, visit.source, language)
        items = choice_items(page_context.renderer, language)
        entries = list(changed_choices(form, visit.member_id, consent, items, context_of))
        if any(entry.is_opt_in for entry in entries):
            self.desk.require_check(agent, visit.member_id)
        changes.change_choices(context, visit.member_id, entries)
        return self.desk.return_to_member(request, agent, visit, "done_choices" if entries else "done_nothing")

    def correct(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Change name, address, number or language: whatever differs from the value that the form showed.

        An emptied e-mail address or number is removed; a change that somebody else made meanwhile stays.
        """
        visit = self.desk.visit(form, agent)
        typed = {name: form.value(name).strip() for name in _CONTACT_FIELDS}
        differs = {name for name in _CONTACT_FIELDS if typed[name] != form.value(f"shown_{name}")}
        if differs & set(_ADDRESS_FIELDS):
            differs |= set(_ADDRESS_FIELDS)
        wanted: dict[str, str] = {name: typed[name] for name in _CONTACT_FIELDS if name in differs}
        removed = [name for name in _REMOVABLE_FIELDS if name in differs and not typed[name]]
        changed = changes.change_contact(self.desk.context_as(agent), visit.member_id, wanted, removed)
        return self.desk.return_to_member(request, agent, visit, "done_contact" if changed else "done_nothing")

    def mark(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Record a death or a secret address; a death needs a check of the caller and a confirmation."""
        visit, choice = self.desk.visit(form, agent), _mark(form)
        if choice is Choice.DECEASED:
            self.desk.require_check(agent, visit.member_id)
        if choice is Choice.DECEASED and not form.value("confirmed"):
            return self.desk.redirect(request, f"/member/{visit.ticket}/death")
        changes.mark(self.desk.context_as(agent), visit.member_id, choice, visit.source, on=True)
        return self.desk.return_to_member(request, agent, visit, f"done_{choice.value}")

    def unmark(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Take a mark back."""
        visit, choice = self.desk.visit(form, agent), _mark(form)
        changes.mark(self.desk.context_as(agent), visit.member_id, choice, visit.source, on=False)
        return self.desk.return_to_member(request, agent, visit, "done_unmark")

    def file(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """File a privacy request; restriction and objection take effect at once, and need no check of the caller."""
        visit, kind = self.desk.visit(form, agent), form.value("kind")
        if kind not in set(RequestKind):
            raise HTTPException(400)
        if RequestKind(kind) not in requests.IMMEDIATE_CHOICES:
            self.desk.require_check(agent, visit.member_id)
        words = form.value("words")
        requests.file(self.desk.context_as(agent), visit.member_id, RequestKind(kind), visit.source, words)
        return self.desk.return_to_member(request, agent, visit, "done_file")


def _mark(form: FormFields) -> Choice:
    code = form.value("choice")
    if code not in set(DESK_MARKS):
        raise HTTPException(400)
    return Choice(code)
