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
from campaigns.people.desk.changes import MARKS
from campaigns.people.privacy import requests
from campaigns.web.desk.desk_pages import HOME, Counter, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted
from campaigns.web.members.choice_form import touched
from campaigns.web.members.choice_list import offered_items

_CONTACT_FIELDS: Final = ("first_name", "last_name", "email", "phone", "street", "postal_code", "city", "language")
_REMOVABLE_FIELDS: Final = ("email", "phone")


@dataclass(frozen=True)
class Changes:
    """Forms of a member's page."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """Return one task per form. Marks are taken back only by agents who may answer requests."""
        return (
            Task(f"{HOME}/choices", Permission.CHANGE, self.choose),
            Task(f"{HOME}/contact", Permission.CHANGE, self.correct),
            Task(f"{HOME}/mark", Permission.CHANGE, self.mark),
            Task(f"{HOME}/unmark", Permission.ANSWER, self.unmark),
            Task(f"{HOME}/file", Permission.CHANGE, self.file),
        )

    def choose(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Record the member's choices, each under the text that the agent read out."""
        member_id, engine = self.counter.member_id(form, agent), self.counter.engine(agent)
        with engine.ledger.read() as connection:
            consent = consent_state_of(connection, member_id)
        language, context = self.counter.site.language(request), self.counter.site
        context_of = partial(ConsentContext, context.now, self.counter.source(form), language)
        entries = list(touched(form, member_id, consent, offered_items(context.pages, language), context_of))
        changes.change_choices(engine, member_id, entries)
        return self.counter.member_page(request, agent, member_id, "done_choices" if entries else "done_nothing")

    def correct(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Change name, address, number or language; an empty field changes nothing."""
        member_id = self.counter.member_id(form, agent)
        removed = [name for name in _REMOVABLE_FIELDS if name in form.every("remove")]
        wanted = {name: form.one(name) for name in _CONTACT_FIELDS}
        changed = changes.change_contact(self.counter.engine(agent), member_id, wanted, removed)
        return self.counter.member_page(request, agent, member_id, "done_contact" if changed else "done_nothing")

    def mark(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Record a death or a secret address; a death needs a confirmation."""
        member_id, choice, source = self.counter.member_id(form, agent), _mark(form), self.counter.source(form)
        if choice is Choice.DECEASED and not form.one("confirmed"):
            ticket, person = form.one("ticket"), self.counter.person(agent, member_id)
            return self.counter.page(request, agent, "death", person=person, ticket=ticket, source=source.value)
        changes.mark(self.counter.engine(agent), member_id, choice, source, on=True)
        return self.counter.member_page(request, agent, member_id, f"done_{choice.value}")

    def unmark(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Take a mark back."""
        member_id, choice, source = self.counter.member_id(form, agent), _mark(form), self.counter.source(form)
        changes.mark(self.counter.engine(agent), member_id, choice, source, on=False)
        return self.counter.member_page(request, agent, member_id, "done_unmark")

    def file(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """File a privacy request; restriction and objection take effect at once."""
        member_id, kind, source = self.counter.member_id(form, agent), form.one("kind"), self.counter.source(form)
        if kind not in set(RequestKind):
            raise HTTPException(400)
        requests.file(self.counter.engine(agent), member_id, RequestKind(kind), source, form.one("words"))
        return self.counter.member_page(request, agent, member_id, "done_file")


def _mark(form: Posted) -> Choice:
    code = form.one("choice")
    if code not in set(MARKS):
        raise HTTPException(400)
    return Choice(code)
