"""Signing in by a one-time code. The answers are the same whether or not anybody is known by what was typed."""

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from audiences import sessions
from audiences.codes import Aim, new_challenge, redeem
from campaigns.web.forms import Form
from campaigns.web.sending import Codes
from campaigns.web.signed_in import Door
from campaigns.web.site import Site, client

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
        if not self.site.askings.allows(client(request), self.site.now):
            raise HTTPException(429)
        challenge = new_challenge()
        page = self._code_page(request, challenge, wrong=False)
        page.background = BackgroundTask(self.codes.to_address, challenge, form.one("address").strip())
        return page

    def enter(self, request: Request, form: Form) -> Response:
        """Open a session for the member whose code was typed."""
        if not self.site.tries.allows(client(request), self.site.now):
            raise HTTPException(429)
        challenge, secret = form.one("challenge"), None
        with self.site.engine.ledger.write() as connection:
            found = redeem(connection, self.site.engine.signer, challenge, form.one("code"), self.site.now)
            if found is not None and found.aim is Aim.SIGN_IN:
                secret = sessions.begin(connection, found.member_id, self.site.now)
        if secret is None:
            return self._code_page(request, challenge, wrong=True)
        response = RedirectResponse(f"{HOME}?lang={self.site.language(request).value}", 303)
        self.door.let_in(response, secret)
        return response

    def leave(self, request: Request, form: Form) -> HTMLResponse:
        """End the session."""
        found = self.door.demand(request, form)
        page = self.site.answer(request, "signed_out", self.site.language(request), at=HOME)
        self.door.let_out(page, found)
        return page

    def _code_page(self, request: Request, challenge: str, *, wrong: bool) -> HTMLResponse:
        status = 400 if wrong else 200
        language = self.site.language(request)
        way = f"{HOME}/session"
        return self.site.answer(
            request, "code", language, status, challenge=challenge, wrong=wrong, proof=None, way=way, at=HOME
        )
