"""Signing in by a one-time code. The answers are the same whether or not anybody is known by what was typed."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from audiences.access import sessions
from audiences.access.one_time_codes import Aim
from campaigns.web.forms import Form
from campaigns.web.members.code_page import CodeStep
from campaigns.web.members.send_code import Codes
from campaigns.web.members.session import Door
from campaigns.web.page_context import Site

HOME = "/me"


@dataclass(frozen=True)
class SigningIn:
    """The two steps: ask for a code, type it; and the way out."""

    site: Site
    codes: Codes
    door: Door

    def routes(self) -> APIRouter:
        """All of them act, so none answers a GET; the first page is `Centre.show`."""
        router = APIRouter()
        router.add_api_route(f"{HOME}/code", self.ask, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/session", self.enter, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/out", self.leave, methods=["POST"], response_class=HTMLResponse)
        return router

    def ask(self, request: Request, form: Form) -> HTMLResponse:
        """Send codes to an address, if it is known."""
        written = form.one("address").strip()
        return sign_in_step(self.site).ask(request, lambda challenge: self.codes.to_address(challenge, written))

    def enter(self, request: Request, form: Form) -> Response:
        """Open a session for the member whose code was typed."""
        self.site.count_try(request)
        step, secret = sign_in_step(self.site), None
        with self.site.engine.ledger.write() as connection:
            asked = step.redeem(connection, form)
            if asked is not None:
                secret = sessions.begin(connection, asked.member_id, self.site.now)
        if secret is None:
            return step.again(request, form)
        response = RedirectResponse(f"{HOME}?lang={self.site.language(request).value}", 303)
        self.door.let_in(response, secret)
        return response

    def leave(self, request: Request, form: Form) -> HTMLResponse:
        """End the session."""
        found = self.door.demand(request, form)
        page = self.site.answer(request, "signed_out", self.site.language(request), at=HOME)
        self.door.let_out(page, found)
        return page


def sign_in_step(site: Site) -> CodeStep:
    """Where the code is typed that opens a session, however it was asked for."""
    return CodeStep(site, f"{HOME}/session", HOME, frozenset({Aim.SIGN_IN}))
