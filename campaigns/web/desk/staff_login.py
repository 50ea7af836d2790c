"""Sign-in of staff: account name and password, and the desk's home page."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from campaigns.people.accounts import staff_accounts
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages
from campaigns.web.desk.member_search import search_form_values
from campaigns.web.forms import FormBody
from campaigns.web.page_context import READ_METHODS


@dataclass(frozen=True)
class StaffLoginPages:
    """Sign-in, sign-out and home page."""

    desk: DeskPages

    def routes(self) -> APIRouter:
        """Return the home page and the two forms that need no role."""
        router = APIRouter()
        router.add_api_route(DESK_HOME, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(f"{DESK_HOME}/session", self.sign_in, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{DESK_HOME}/out", self.sign_out, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request) -> HTMLResponse:
        """Show the home page to a signed-in agent, the sign-in page to anyone else."""
        agent = self.desk.sessions.current(request)
        if agent is None:
            return self.desk.render(request, None, "sign_in", wrong=False)
        return self.desk.render(request, agent, "home", 200, **search_form_values(self.desk.tickets.last_reason(agent)))

    def sign_in(self, request: Request, form: FormBody) -> Response:
        """Open a session when the password is right; every failure gets the same response."""
        page_context = self.desk.page_context
        page_context.limit_attempts(request)
        secret = staff_accounts.log_in(page_context.context, form.value("name"), form.value("password"))
        if secret is None:
            return self.desk.render(request, None, "sign_in", 400, wrong=True)
        response = RedirectResponse(f"{DESK_HOME}?lang={page_context.language(request).value}", 303)
        self.desk.sessions.start(response, secret)
        return response

    def sign_out(self, request: Request, form: FormBody) -> HTMLResponse:
        """End the session."""
        agent = self.desk.sessions.require(request, form, None)
        page = self.desk.render(request, None, "sign_in", wrong=False)
        self.desk.sessions.end(page, agent)
        return page
