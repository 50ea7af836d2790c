"""Desk forms that change a member at the desk or on the telephone: choices, contact, marks, requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

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

_CONTACT_FIELDS: Final = ("first_name", "last_name", "email", "phone", "street", "postal_code", "city", "language")
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

    def choose(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Record the member's choices, each under the text that the agent read out."""
        member_id, context = self.desk.member_id(form, agent), self.desk.context_as(agent)
        with context.ledger.read() as connection:
            consent = consent_state_of(connection, member_id)
        page_context = self.desk.page_context
        language = page_context.language(request)
        context_of = partial(ConsentContext, page_context.now, self.desk.source(form), language)
        entries = list(
            changed_choices(form, member_id, consent, choice_items(page_context.renderer, language), context_of)
        )
        if any(entry.is_opt_in for entry in entries):
            self.desk.require_check(agent, member_id)
        changes.change_choices(context, member_id, entries)
        return self.desk.render_member_again(request, agent, member_id, "done_choices" if entries else "done_nothing")

    def correct(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Change name, address, number or language; an empty field changes nothing."""
        member_id = self.desk.member_id(form, agent)
        removed = [name for name in _REMOVABLE_FIELDS if name in form.values("remove")]
        wanted = {name: form.value(name) for name in _CONTACT_FIELDS}
        changed = changes.change_contact(self.desk.context_as(agent), member_id, wanted, removed)
        return self.desk.render_member_again(request, agent, member_id, "done_contact" if changed else "done_nothing")

    def mark(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Record a death or a secret address; a death needs a check of the caller and a confirmation."""
        member_id, choice, source = self.desk.member_id(form, agent), _mark(form), self.desk.source(form)
        if choice is Choice.DECEASED:
            self.desk.require_check(agent, member_id)
        if choice is Choice.DECEASED and not form.value("confirmed"):
            ticket, person = form.value("ticket"), self.desk.person(agent, member_id)
            return self.desk.render(request, agent, "death", person=person, ticket=ticket, source=source.value)
        changes.mark(self.desk.context_as(agent), member_id, choice, source, on=True)
        return self.desk.render_member_again(request, agent, member_id, f"done_{choice.value}")

    def unmark(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Take a mark back."""
        member_id, choice, source = self.desk.member_id(form, agent), _mark(form), self.desk.source(form)
        changes.mark(self.desk.context_as(agent), member_id, choice, source, on=False)
        return self.desk.render_member_again(request, agent, member_id, "done_unmark")

    def file(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """File a privacy request; restriction and objection take effect at once, and need no check of the caller."""
        member_id, kind, source = self.desk.member_id(form, agent), form.value("kind"), self.desk.source(form)
        if kind not in set(RequestKind):
            raise HTTPException(400)
        if RequestKind(kind) not in requests.IMMEDIATE_CHOICES:
            self.desk.require_check(agent, member_id)
        requests.file(self.desk.context_as(agent), member_id, RequestKind(kind), source, form.value("words"))
        return self.desk.render_member_again(request, agent, member_id, "done_file")


def _mark(form: FormFields) -> Choice:
    code = form.value("choice")
    if code not in set(DESK_MARKS):
        raise HTTPException(400)
    return Choice(code)
