"""Sign-in of staff: account name and password, and the desk's home page."""

from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from campaigns.people.accounts import local_login
from campaigns.people.accounts.local_login import NextStep, SecondStep
from campaigns.people.accounts.provider_client import ProviderError
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages
from campaigns.web.desk.member_search import show_search_form
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormBody
from campaigns.web.page_context import READ_METHODS
from campaigns.web.throttling import ConcurrencyLimit
from campaigns.web.visitor_forms import Visitor

MAX_PASSWORD_CHECKS: Final = 24
"""Passwords checked at a time in one process, each in a thread; beyond them, a sign-in is refused for a moment."""


@dataclass(frozen=True)
class StaffLoginPages:
    """Sign-in, sign-out and home page."""

    desk: DeskPages
    _checks: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(MAX_PASSWORD_CHECKS), init=False)

    def add_routes(self, router: APIRouter) -> None:
        """Add the home page and the forms that need no role."""
        router.add_api_route(DESK_HOME, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(f"{DESK_HOME}/session", self.sign_in, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(
            f"{DESK_HOME}/second-step", self.sign_in_with_code, methods=["POST"], response_class=HTMLResponse
        )
        router.add_api_route(f"{DESK_HOME}/out", self.sign_out, methods=["POST"], response_class=HTMLResponse)

    def show(self, request: Request) -> HTMLResponse:
        """Show the home page to a signed-in agent, the sign-in page to anyone else."""
        agent = self.desk.sessions.current(request)
        if agent is None:
            return self._sign_in_page(request)
        return show_search_form(self.desk, request, agent)

    def sign_in(self, request: Request, form: FormBody) -> Response:
        """Open a session when the password is right, or ask for the code; every failure gets the same response.

        HTTP 429 when too many passwords are being checked: a flood of them must leave threads to members.
        """
        page_context = self.desk.page_context
        visitor = self.desk.visitor_forms.require(request, form)
        page_context.limit_attempts(request)
        name = form.value("name")
        with self._checks.place():
            result = local_login.log_in(page_context.context, name, form.value("password"))
        if result is None:
            return self._sign_in_page(request, wrong=True)
        if result is NextStep.ENROLMENT:
            return self.desk.render(request, None, "enrolment", 403, account=name)
        if result is NextStep.CODE:
            step = local_login.begin_second_step(page_context.context, name, visitor.secret)
            return self._second_step_page(request, visitor, step)
        return self._open(request, result)

    def sign_in_with_code(self, request: Request, form: FormBody) -> Response:
        """Open a session when the code of the second step is right; every failure gets the same response."""
        page_context = self.desk.page_context
        visitor = self.desk.visitor_forms.require(request, form)
        page_context.limit_attempts(request)
        step = SecondStep(form.value("name"), form.value("begun_at"), visitor.secret, form.value("ticket"))
        secret = local_login.log_in_with_code(page_context.context, step, form.value("code"))
        if secret is None:
            return self._second_step_page(request, visitor, step, wrong=True)
        return self._open(request, secret)

    def _open(self, request: Request, secret: str) -> Response:
        page_context = self.desk.page_context
        self.desk.sessions.end_former(request)
        response = RedirectResponse(f"{DESK_HOME}?lang={page_context.language(request).value}", 303)
        self.desk.sessions.start(response, secret)
        self.desk.visitor_forms.forget(response)
        return response

    def sign_out(self, request: Request, form: FormBody) -> HTMLResponse:
        """End the session."""
        agent = self.desk.sessions.require(request, form, None)
        page = self._sign_in_page(request, provider_logout=self._provider_logout(agent))
        self.desk.sessions.end(page, agent)
        return page

    def _provider_logout(self, agent: SignedInStaff) -> str | None:
        """Return where the agent ends their session at the identity provider, too."""
        provider = self.desk.identity_provider
        if provider is None or agent.account.issuer is None:
            return None
        try:
            return provider.end_session_url()
        except ProviderError:
            return None

    def _sign_in_page(
        self, request: Request, *, wrong: bool = False, provider_logout: str | None = None
    ) -> HTMLResponse:
        visitor = self.desk.visitor_forms.visitor(request)
        page = self.desk.render(
            request,
            None,
            "sign_in",
            400 if wrong else 200,
            wrong=wrong,
            form_token=visitor.form_token,
            has_provider=self.desk.identity_provider is not None,
            has_passwords=local_login.are_passwords_in_use(self.desk.page_context.context),
            provider_logout=provider_logout,
        )
        self.desk.visitor_forms.remember(page, visitor)
        return page

    def _second_step_page(
        self, request: Request, visitor: Visitor, step: SecondStep, *, wrong: bool = False
    ) -> HTMLResponse:
        return self.desk.render(
            request,
            None,
            "second_step",
            400 if wrong else 200,
            wrong=wrong,
            form_token=visitor.form_token,
            step=step,
        )
