"""State and helpers that desk pages share: forms and pages that require a role, tickets, refusals, redirects."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from audiences.access.attempt_limit import AttemptLimit
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.core.model.enums import Language
from campaigns.core.model.roles import Permission
from campaigns.people.accounts.identity_provider import IdentityProvider, identity_provider
from campaigns.people.desk import caller_identity
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason, parse_reason
from campaigns.web.desk.page_tickets import PageTickets, Visit
from campaigns.web.desk.refusals import NO_REFUSAL, Refusal, text_key
from campaigns.web.desk.staff_session import SignedInStaff, StaffSessions
from campaigns.web.forms import FormBody, FormFields
from campaigns.web.page_context import READ_METHODS, PageContext
from campaigns.web.throttling import SharedThrottle
from campaigns.web.visitor_forms import VisitorForms
from campaigns.workspace.context import Context

DESK_HOME: Final = "/desk"
NO_CHECK: Final = "no_caller_check"

FormHandler = Callable[[Request, FormFields, SignedInStaff], Response]
RefusalHandler = Callable[[Request, FormFields, SignedInStaff, UserError], Response]
PageHandler = Callable[[Request, str, SignedInStaff], Response]


@dataclass(frozen=True, slots=True)
class DeskTask:
    """Form of the desk: path, required act, handler. `refuse` answers a UserError; by default on the member's page.

    `needs_check`: refused until the caller is checked in this session.
    """

    path: str
    act: Permission
    handler: FormHandler
    refuse: RefusalHandler | None = None
    needs_check: bool = False


@dataclass(frozen=True, slots=True)
class DeskView:
    """Page of the desk that a ticket opens: path with `{ticket}`, required act, handler. It changes nothing."""

    path: str
    act: Permission
    handler: PageHandler


@dataclass(frozen=True)
class DeskPages:
    """Desk pages of one process."""

    page_context: PageContext
    sessions: StaffSessions

    @property
    def visitor_forms(self) -> VisitorForms:
        """Return the forms of staff who are not signed in."""
        return VisitorForms(self.page_context, "staff")

    @LockedCachedProperty
    def identity_provider(self) -> IdentityProvider | None:
        """Identity provider that signs staff in, if one is set."""
        context = self.page_context.context
        return identity_provider(context.settings, context.signer)

    @LockedCachedProperty
    def look_up_throttle(self) -> SharedThrottle:
        """Throttle of members that one account may look up."""
        return self._throttle("looking", 60)

    @LockedCachedProperty
    def audit_throttle(self) -> SharedThrottle:
        """Throttle of searches, verifications and exports of the audit log by one account."""
        return self._throttle("auditing", 30)

    @property
    def tickets(self) -> PageTickets:
        """Return the tickets of the desk's pages."""
        return PageTickets(self.page_context)

    def add_routes(self, router: APIRouter, tasks: Iterable[DeskTask], views: Iterable[DeskView]) -> None:
        """Add the routes of forms and pages; each checks its act before anything else."""
        for task in tasks:
            router.add_api_route(task.path, self._guarded_form(task), methods=["POST"], response_class=HTMLResponse)
        for view in views:
            router.add_api_route(view.path, self._guarded_page(view), methods=READ_METHODS, response_class=HTMLResponse)

    def _guarded_form(self, task: DeskTask) -> Callable[[Request, FormFields], Response]:
        refuse = task.refuse or self.refuse

        def answer(request: Request, form: FormBody) -> Response:
            agent = self.sessions.require(request, form, task.act)
            try:
                if task.needs_check:
                    self.require_check(agent, self.visit(form, agent).member_id)
                return task.handler(request, form, agent)
            except UserError as error:
                return refuse(request, form, agent, error)

        return answer

    def _guarded_page(self, view: DeskView) -> Callable[[Request, str], Response]:
        def answer(request: Request, ticket: str) -> Response:
            agent = self.sessions.current(request)
            if agent is None or not agent.may(view.act):
                raise HTTPException(403)
            try:
                return view.handler(request, ticket, agent)
            except UserError as error:  # the member was erased or merged meanwhile
                return self.render_refused(request, agent, error)

        return answer

    def _throttle(self, name: str, limit: int) -> SharedThrottle:
        context, attempts = self.page_context.context, AttemptLimit(limit, timedelta(minutes=15))
        return SharedThrottle(context.ledger, context.signer, name, attempts)

    def context_as(self, agent: SignedInStaff) -> Context:
        """Return a context whose actor is the agent."""
        return self.page_context.context.as_user(agent.account.name)

    def render(
        self,
        request: Request,
        agent: SignedInStaff | None,
        name: str,
        status: int = 200,
        *,
        language: Language | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Render a desk page with the values that all of them need; by default in the language of the request."""
        shared = {
            "agent": agent and agent.account.name,
            "proof": agent and agent.csrf_token,
            "may": {act.value: agent is not None and agent.may(act) for act in Permission},
            "grounds": [ground.value for ground in LookUpReason],
            "day": partial(local_day, zone=self.page_context.context.repository.settings.zone),
        }
        at = request.url.path if request.method in READ_METHODS else DESK_HOME
        language = language or self.page_context.language(request)
        return self.page_context.render(request, f"desk/{name}", language, status, at=at, **{**shared, **values})

    def redirect(self, request: Request, path: str) -> RedirectResponse:
        """Return the redirect that ends a form, in the language of its page."""
        return RedirectResponse(f"{DESK_HOME}{path}?lang={self.page_context.language(request).value}", 303)

    def refuse(self, request: Request, form: FormFields, agent: SignedInStaff, error: UserError) -> Response:
        """Show a refused form again on the member's page, with its problems at their fields."""
        visit = self.tickets.visit(agent, form.value("ticket"))
        if visit is None:
            return self.render_refused(request, agent, error)
        refusal = Refusal.of(request.url.path.rsplit("/", 1)[-1], form, error)
        return self.return_to_member(request, agent, visit, refused=refusal)

    def render_refused(self, request: Request, agent: SignedInStaff, error: UserError) -> HTMLResponse:
        """Render a page with the problem alone, where there is no form to correct."""
        return self.render(request, agent, "refused", 400, because=text_key(error.problems[0].code))

    def access_reason(self, form: FormFields) -> AccessReason:
        """Return the reason of a look-up; raise UserError when it is missing."""
        return parse_reason(form.value("ground"), form.value("case"), LookUpReason)

    def limit_look_ups(self, agent: SignedInStaff) -> None:
        """Count a look-up; HTTP 429 over the limit."""
        if not self.look_up_throttle.allows(agent.account.name, self.page_context.now):
            raise HTTPException(429)

    def visit(self, form: FormFields, agent: SignedInStaff) -> Visit:
        """Return the look-up of a member's form; HTTP 403 without a ticket of this session."""
        visit = self.tickets.visit(agent, form.value("ticket"))
        if visit is None:
            raise HTTPException(403)
        return visit

    def visit_of_page(self, agent: SignedInStaff, ticket: str) -> Visit:
        """Return the look-up of a member's page; HTTP 404 when it has closed."""
        visit = self.tickets.visit(agent, ticket)
        if visit is None:
            raise HTTPException(404)
        return visit

    def content_of_page(self, agent: SignedInStaff, kind: str, ticket: str) -> Mapping[str, Any]:
        """Return the content of a page of a kind; HTTP 404 when it has closed."""
        content = self.tickets.read(agent, kind, ticket)
        if content is None:
            raise HTTPException(404)
        return content

    def check_session(self, agent: SignedInStaff, member_id: str) -> str:
        """Return the key of a caller check: of this member, in this session of the agent."""
        return self.page_context.context.signer.keyed_hash("caller check", agent.secret, member_id)

    def is_checked(self, agent: SignedInStaff, member_id: str) -> bool:
        """Return whether the caller was checked in this session a short while ago."""
        return caller_identity.is_checked(self.page_context.context, self.check_session(agent, member_id))

    def require_check(self, agent: SignedInStaff, member_id: str) -> None:
        """Raise UserError until the caller is checked."""
        if not self.is_checked(agent, member_id):
            message = "the caller is not checked"
            raise UserError.about(member_id, message, NO_CHECK, "check the caller first; stopping needs no check")

    def open_member(
        self, request: Request, agent: SignedInStaff, member_id: str, reason: AccessReason
    ) -> RedirectResponse:
        """Redirect to the page of a member whose look-up is in the audit log."""
        return self.redirect(request, f"/member/{self.tickets.open_visit(agent, member_id, reason)}")

    def return_to_member(
        self,
        request: Request,
        agent: SignedInStaff,
        visit: Visit,
        done_text: str = "",
        refused: Refusal = NO_REFUSAL,
    ) -> RedirectResponse:
        """Redirect to the member's page after a form; `done_text` is the text key of the change that was made."""
        outcome = {"done": done_text, "refused": refused.to_json() if refused.errors else None}
        self.tickets.end_form(agent, visit, outcome)
        return self.redirect(request, f"/member/{visit.ticket}")
