"""The desk's door: an account's name and password, and the page that comes after them."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from campaigns.people.accounts import staff_accounts
from campaigns.web.desk.desk_pages import HOME, NOTHING_REFUSED, Counter
from campaigns.web.forms import Form
from campaigns.web.page_context import READ


@dataclass(frozen=True)
class Entrance:
    """In and out."""

    counter: Counter

    def routes(self) -> APIRouter:
        """The first page, and the two forms that need no role."""
        router = APIRouter()
        router.add_api_route(HOME, self.show, methods=READ, response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/session", self.enter, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/out", self.leave, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request) -> HTMLResponse:
        """Where an agent begins; for everybody else the page that asks who they are."""
        agent = self.counter.door.who(request)
        if agent is None:
            return self.counter.page(request, None, "sign_in", wrong=False)
        return self.counter.page(request, agent, "home", refused=NOTHING_REFUSED)

    def enter(self, request: Request, form: Form) -> Response:
        """Open a session for whoever knows the password; one answer to everything that is wrong."""
        site = self.counter.site
        site.count_try(request)
        secret = staff_accounts.log_in(site.engine, form.one("name"), form.one("password"))
        if secret is None:
            return self.counter.page(request, None, "sign_in", 400, wrong=True)
        response = RedirectResponse(f"{HOME}?lang={site.language(request).value}", 303)
        self.counter.door.let_in(response, secret)
        return response

    def leave(self, request: Request, form: Form) -> HTMLResponse:
        """End the session."""
        agent = self.counter.door.demand(request, form, None)
        page = self.counter.page(request, None, "sign_in", wrong=False)
        self.counter.door.let_out(page, agent)
        return page
