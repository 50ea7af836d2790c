"""What an agent changes for a member who stands there or calls: choices, contact, marks, and requests filed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.consent.choices import stance_of
from audiences.consent.opt_out import Saying
from campaigns.core.model.enums import Choice
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Act
from campaigns.people.desk import changes
from campaigns.people.desk.changes import MARKS
from campaigns.people.privacy import requests
from campaigns.web.desk.desk_pages import HOME, Counter, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted
from campaigns.web.members.choice_form import touched
from campaigns.web.members.choice_list import offered_items

_WANTED: Final = ("first_name", "last_name", "email", "phone", "street", "postal_code", "city", "language")
_REMOVABLE: Final = ("email", "phone")


@dataclass(frozen=True)
class Changes:
    """The forms on a member's page."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """One task a form. What is marked here, only those who answer requests take back."""
        return (
            Task(f"{HOME}/choices", Act.CHANGE, self.choose),
            Task(f"{HOME}/contact", Act.CHANGE, self.correct),
            Task(f"{HOME}/mark", Act.CHANGE, self.mark),
            Task(f"{HOME}/unmark", Act.ANSWER, self.unmark),
            Task(f"{HOME}/file", Act.CHANGE, self.file),
        )

    def choose(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Record what the member said, each under the text that the agent read to them."""
        member_id, engine = self.counter.member_id(form, agent), self.counter.engine(agent)
        with engine.ledger.read() as connection:
            stance = stance_of(connection, member_id)
        language, site = self.counter.site.language(request), self.counter.site
        saying = partial(Saying, site.now, self.counter.source(form), language)
        entries = list(touched(form, member_id, stance, offered_items(site.pages, language), saying))
        changes.change_choices(engine, member_id, entries)
        return self.counter.member_page(request, agent, member_id, "done_choices" if entries else "done_nothing")

    def correct(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Use another name, address, number or language; an empty field changes nothing."""
        member_id = self.counter.member_id(form, agent)
        removed = [name for name in _REMOVABLE if name in form.every("remove")]
        wanted = {name: form.one(name) for name in _WANTED}
        different = changes.change_contact(self.counter.engine(agent), member_id, wanted, removed)
        return self.counter.member_page(request, agent, member_id, "done_contact" if different else "done_nothing")

    def mark(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Record a death or a secret address; a death when it is said twice."""
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
        """File what the member asks for by right; restriction and objection hold from now on."""
        member_id, kind, source = self.counter.member_id(form, agent), form.one("kind"), self.counter.source(form)
        if kind not in set(RequestKind):
            raise HTTPException(400)
        requests.file(self.counter.engine(agent), member_id, RequestKind(kind), source, form.one("words"))
        return self.counter.member_page(request, agent, member_id, "done_file")


def _mark(form: Posted) -> Choice:
    said = form.one("choice")
    if said not in set(MARKS):
        raise HTTPException(400)
    return Choice(said)
