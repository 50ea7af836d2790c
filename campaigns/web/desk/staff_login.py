"""Sign-in of staff: account name and password, and the desk's home page."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from campaigns.people.accounts import staff_accounts
from campaigns.web.desk.desk_pages import HOME, NOTHING_REFUSED, Counter
from campaigns.web.forms import Form
from campaigns.web.page_context import READ


@dataclass(frozen=True)
class Entrance:
    """Sign-in, sign-out and home page."""

    counter: Counter

    def routes(self) -> APIRouter:
        """Return the home page and the two forms that need no role."""
        router = APIRouter()
        router.add_api_route(HOME, self.show, methods=READ, response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/session", self.enter, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/out", self.leave, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request) -> HTMLResponse:
        """Show the home page to a signed-in agent, the sign-in page to anyone else."""
        agent = self.counter.door.who(request)
        if agent is None:
            return self.counter.page(request, None, "sign_in", wrong=False)
        return self.counter.page(request, agent, "home", refused=NOTHING_REFUSED)

    def enter(self, request: Request, form: Form) -> Response:
        """Open a session when the password is right; every failure gets the same response."""
        context = self.counter.site
        context.count_try(request)
        secret = staff_accounts.log_in(context.engine, form.one("name"), form.one("password"))
        if secret is None:
            return self.counter.page(request, None, "sign_in", 400, wrong=True)
        response = RedirectResponse(f"{HOME}?lang={context.language(request).value}", 303)
        self.counter.door.let_in(response, secret)
        return response

    def leave(self, request: Request, form: Form) -> HTMLResponse:
        """End the session."""
        agent = self.counter.door.demand(request, form, None)
        page = self.counter.page(request, None, "sign_in", wrong=False)
        self.counter.door.let_out(page, agent)
        return page
