"""What the desk's pages share: forms that demand a role, the ticket that a look-up gives, and what refusals say."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from audiences.consent.consent_state import Source
from audiences.people.find_members import By
from campaigns.core.clock import local_day
from campaigns.core.errors import AuthorError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Act
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import Ground, LinesFor, Why, why
from campaigns.people.desk.changes import SOURCES
from campaigns.people.desk.lookup import Member, Person
from campaigns.people.desk.purchase_lines import LONGEST
from campaigns.rendering.choice_labels import choice_name, comes
from campaigns.runs.engine import Engine
from campaigns.web.desk.staff_session import AgentDoor, AgentIn
from campaigns.web.forms import Form, Posted
from campaigns.web.members.choice_list import ticked_groups
from campaigns.web.page_context import Site
from campaigns.web.page_renderer import texts
from campaigns.web.throttling import SharedRate

HOME: Final = "/desk"

Answer = Callable[[Request, Posted, AgentIn], Response]


@dataclass(frozen=True, slots=True)
class Task:
    """A form of the desk: where it is sent to, which act it is, and what is done. All are POST: a look is noted."""

    path: str
    act: Act
    do: Answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form was refused, as the key of a text, and what was `typed` into it."""

    because: str
    typed: Posted


NOTHING_REFUSED: Final = Refusal("", Posted({}))


@dataclass(frozen=True)
class Counter:
    """The desk of one process."""

    site: Site
    door: AgentDoor

    @cached_property
    def looks(self) -> SharedRate:
        """How many people one account may look at."""
        return SharedRate(self.site.engine.ledger, self.site.engine.signer, "looking", 60, timedelta(minutes=15))

    def router(self, tasks: Iterable[Task]) -> APIRouter:
        """The routes of tasks; each demands its act before anything else."""
        router = APIRouter()
        for task in tasks:
            router.add_api_route(task.path, self._guarded(task), methods=["POST"], response_class=HTMLResponse)
        return router

    def _guarded(self, task: Task) -> Callable[[Request, Posted], Response]:
        def answer(request: Request, form: Form) -> Response:
            agent = self.door.demand(request, form, task.act)
            try:
                return task.do(request, form, agent)
            except AuthorError as error:
                return self.refused(request, agent, form, error)

        return answer

    def engine(self, agent: AgentIn) -> Engine:
        """The engine in the agent's hands."""
        return self.site.engine.acting(agent.account.name)

    def page(
        self, request: Request, agent: AgentIn | None, name: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A page of the desk, with what all of them need."""
        shared = {
            "agent": agent and agent.account.name,
            "proof": agent and agent.proof,
            "may": {act.value: agent is not None and agent.may(act) for act in Act},
            "grounds": [each.value for each in Ground],
            "ways": [each.value for each in By],
            "day": partial(local_day, zone=self.site.engine.library.settings.zone),
        }
        language = self.site.language(request)
        return self.site.answer(request, f"desk/{name}", language, status, at=HOME, **{**shared, **values})

    def refused(self, request: Request, agent: AgentIn, form: Posted, error: AuthorError) -> HTMLResponse:
        """What was not possible, in the agent's language, over the form as it was sent, where it can be mended.

        A browser cannot go back to it: no page of the desk is kept.
        """
        code = error.problems[0].code
        refusal = Refusal(f"refused_{code}" if f"refused_{code}" in texts() else "refused", form)
        if form.one("ground"):
            return self.page(request, agent, "home", 400, refused=refusal)
        if form.one("ticket"):
            try:
                return self.member_page(request, agent, self.member_id(form, agent), refused=refusal)
            except AuthorError:  # it is not there any more
                pass
        return self.page(request, agent, "refused", 400, because=refusal.because)

    def reason(self, form: Posted) -> Why:
        """Why the agent looks; AuthorError when it is not said."""
        return why(form.one("ground"), form.one("case"), Ground)

    def count_look(self, agent: AgentIn) -> None:
        """HTTP 429 for whoever looks at more people than anybody serves."""
        if not self.looks.allows(agent.account.name, self.site.now):
            raise HTTPException(429)

    def ticket(self, agent: AgentIn, member_id: str) -> str:
        """What proves that the agent has looked the member up in this session, and so that it was noted."""
        return self.site.engine.signer.opaque("desk ticket", agent.secret, member_id)

    def member_id(self, form: Posted, agent: AgentIn) -> str:
        """The member whom a form is about; HTTP 403 without the ticket of their look-up."""
        member_id = form.one("member")
        if not hmac.compare_digest(form.one("ticket").encode(), self.ticket(agent, member_id).encode()):
            raise HTTPException(403)
        return member_id

    def source(self, form: Posted) -> Source:
        """Whether the member stands at the desk or calls; HTTP 400 for anything else."""
        said = form.one("source")
        if said not in {each.value for each in SOURCES}:
            raise HTTPException(400)
        return Source(said)

    def person(self, agent: AgentIn, member_id: str) -> Person:
        """A member who was looked up in this session, for the page that asks once more."""
        return lookup.seen_again(self.engine(agent), member_id, unmask=agent.may(Act.UNMASK)).person

    def member_page(
        self, request: Request, agent: AgentIn, member_id: str, said: str = "", refused: Refusal = NOTHING_REFUSED
    ) -> HTMLResponse:
        """A member once more; `said` is the key of what was done."""
        seen = lookup.seen_again(self.engine(agent), member_id, unmask=agent.may(Act.UNMASK))
        return self.show(request, agent, seen, said, refused)

    def show(
        self,
        request: Request,
        agent: AgentIn,
        member: Member,
        said: str = "",
        refused: Refusal = NOTHING_REFUSED,
    ) -> HTMLResponse:
        """A member's page."""
        language = self.site.language(request)
        return self.page(
            request,
            agent,
            "member",
            400 if refused.because else 200,
            member=member,
            refused=refused,
            opened=request.url.path.rsplit("/", 1)[-1] if refused.because else "",
            ticket=self.ticket(agent, member.person.member_id),
            said=said,
            groups=ticked_groups(self.site.pages, language, member.stance),
            kinds=[each.value for each in RequestKind],
            purposes=[each.value for each in LinesFor],
            most_days=LONGEST.days,
            name_of=partial(choice_name, language=language, settings=self.site.pages.settings),
            comes=comes,
        )
