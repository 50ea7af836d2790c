"""State and helpers that desk pages share: forms that require a role, look-up tickets, refusals."""

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, partial
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from audiences.consent.consent_state import ConsentSource
from audiences.people.find_members import SearchField
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Permission
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
    """Form of the desk: path, required act, handler. All are POST, since every look-up is written to the audit log."""

    path: str
    act: Permission
    do: Answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refused form: the text key of the reason in `because`, and the fields in `typed`."""

    because: str
    typed: Posted


NOTHING_REFUSED: Final = Refusal("", Posted({}))


@dataclass(frozen=True)
class Counter:
    """Desk pages of one process."""

    site: Site
    door: AgentDoor

    @cached_property
    def looks(self) -> SharedRate:
        """Throttle of members that one account may look up."""
        return SharedRate(self.site.engine.ledger, self.site.engine.signer, "looking", 60, timedelta(minutes=15))

    def router(self, tasks: Iterable[Task]) -> APIRouter:
        """Return the routes of tasks; each checks its act before anything else."""
        router = APIRouter()
        for task in tasks:
            router.add_api_route(task.path, self._guarded(task), methods=["POST"], response_class=HTMLResponse)
        return router

    def _guarded(self, task: Task) -> Callable[[Request, Posted], Response]:
        def answer(request: Request, form: Form) -> Response:
            agent = self.door.demand(request, form, task.act)
            try:
                return task.do(request, form, agent)
            except UserError as error:
                return self.refused(request, agent, form, error)

        return answer

    def engine(self, agent: AgentIn) -> Engine:
        """Return an engine that acts as the agent."""
        return self.site.engine.acting(agent.account.name)

    def page(
        self, request: Request, agent: AgentIn | None, name: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Render a desk page with the values that all of them need."""
        shared = {
            "agent": agent and agent.account.name,
            "proof": agent and agent.proof,
            "may": {act.value: agent is not None and agent.may(act) for act in Permission},
            "grounds": [ground.value for ground in Ground],
            "ways": [by.value for by in SearchField],
            "day": partial(local_day, zone=self.site.engine.library.settings.zone),
        }
        language = self.site.language(request)
        return self.site.answer(request, f"desk/{name}", language, status, at=HOME, **{**shared, **values})

    def refused(self, request: Request, agent: AgentIn, form: Posted, error: UserError) -> HTMLResponse:
        """Render a refusal over the submitted form where it can be corrected, in the agent's language.

        The browser cannot go back to the form: desk pages are not cached.
        """
        code = error.problems[0].code
        refusal = Refusal(f"refused_{code}" if f"refused_{code}" in texts() else "refused", form)
        if form.one("ground"):
            return self.page(request, agent, "home", 400, refused=refusal)
        if form.one("ticket"):
            try:
                return self.member_page(request, agent, self.member_id(form, agent), refused=refusal)
            except UserError:  # the member no longer exists
                pass
        return self.page(request, agent, "refused", 400, because=refusal.because)

    def reason(self, form: Posted) -> Why:
        """Return the reason of a look-up; raise UserError when it is missing."""
        return why(form.one("ground"), form.one("case"), Ground)

    def count_look(self, agent: AgentIn) -> None:
        """Count a look-up; HTTP 429 over the limit."""
        if not self.looks.allows(agent.account.name, self.site.now):
            raise HTTPException(429)

    def ticket(self, agent: AgentIn, member_id: str) -> str:
        """Return proof that the agent looked the member up in this session, and that the audit log has it."""
        return self.site.engine.signer.keyed_hash("desk ticket", agent.secret, member_id)

    def member_id(self, form: Posted, agent: AgentIn) -> str:
        """Return the member of a form; HTTP 403 without the ticket of the look-up."""
        member_id = form.one("member")
        if not hmac.compare_digest(form.one("ticket").encode(), self.ticket(agent, member_id).encode()):
            raise HTTPException(403)
        return member_id

    def source(self, form: Posted) -> ConsentSource:
        """Return whether the member is at the desk or on the telephone; HTTP 400 for anything else."""
        code = form.one("source")
        if code not in {source.value for source in SOURCES}:
            raise HTTPException(400)
        return ConsentSource(code)

    def person(self, agent: AgentIn, member_id: str) -> Person:
        """Return a member who was looked up in this session, for a confirmation page."""
        return lookup.seen_again(self.engine(agent), member_id, unmask=agent.may(Permission.UNMASK)).person

    def member_page(
        self, request: Request, agent: AgentIn, member_id: str, said: str = "", refused: Refusal = NOTHING_REFUSED
    ) -> HTMLResponse:
        """Render the page of a member again; `said` is the text key of the change that was made."""
        member = lookup.seen_again(self.engine(agent), member_id, unmask=agent.may(Permission.UNMASK))
        return self.show(request, agent, member, said, refused)

    def show(
        self,
        request: Request,
        agent: AgentIn,
        member: Member,
        said: str = "",
        refused: Refusal = NOTHING_REFUSED,
    ) -> HTMLResponse:
        """Render a member's page."""
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
            kinds=[kind.value for kind in RequestKind],
            purposes=[purpose.value for purpose in LinesFor],
            most_days=LONGEST.days,
            name_of=partial(choice_name, language=language, settings=self.site.pages.settings),
            comes=comes,
        )
