"""Sign-in by one-time code. Responses do not reveal whether an address is known."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from audiences.access import sessions
from audiences.access.one_time_codes import CodeAim
from campaigns.web.forms import Form
from campaigns.web.members.code_page import CodeStep
from campaigns.web.members.send_code import Codes
from campaigns.web.members.session import Door
from campaigns.web.page_context import Site

HOME = "/me"


@dataclass(frozen=True)
class SigningIn:
    """Sign-in in two steps (request a code, type it), and sign-out."""

    site: Site
    codes: Codes
    door: Door

    def routes(self) -> APIRouter:
        """Return the forms, all POST; the first page is `PreferenceCentre.show`."""
        router = APIRouter()
        router.add_api_route(f"{HOME}/code", self.send_code, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/session", self.enter, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/out", self.leave, methods=["POST"], response_class=HTMLResponse)
        return router

    def send_code(self, request: Request, form: Form) -> HTMLResponse:
        """Send codes to an address, if it is known."""
        address = form.one("address").strip()
        return sign_in_step(self.site).ask(request, lambda challenge: self.codes.to_address(challenge, address))

    def enter(self, request: Request, form: Form) -> Response:
        """Open a session for the member whose code was typed."""
        self.site.count_try(request)
        page, secret = sign_in_step(self.site), None
        with self.site.engine.ledger.write() as connection:
            code_request = page.redeem(connection, form)
            if code_request is not None:
                secret = sessions.open_session(connection, code_request.member_id, self.site.now)
        if secret is None:
            return page.again(request, form)
        response = RedirectResponse(f"{HOME}?lang={self.site.language(request).value}", 303)
        self.door.let_in(response, secret)
        return response

    def leave(self, request: Request, form: Form) -> HTMLResponse:
        """End the session."""
        session = self.door.demand(request, form)
        page = self.site.answer(request, "signed_out", self.site.language(request), at=HOME)
        self.door.let_out(page, session)
        return page


def sign_in_step(site: Site) -> CodeStep:
    """Return the code page that opens a session, for every way to request a code."""
    return CodeStep(site, f"{HOME}/session", HOME, frozenset({CodeAim.SIGN_IN}))
