"""Sign-in by one-time code. Responses do not reveal whether an address is known."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from audiences.access import sessions
from audiences.access.one_time_codes import CodeAim
from campaigns.web.forms import FormBody
from campaigns.web.members.code_page import CodePage, settings_link
from campaigns.web.members.send_code import OneTimeCodes
from campaigns.web.members.session import MemberSessions
from campaigns.web.page_context import PageContext

MEMBER_HOME = "/me"


@dataclass(frozen=True)
class MemberLoginPages:
    """Sign-in in two steps (request a code, type it), and sign-out."""

    page_context: PageContext
    codes: OneTimeCodes
    sessions: MemberSessions

    def routes(self) -> APIRouter:
        """Return the forms, all POST; the first page is `PreferenceCentre.show`."""
        router = APIRouter()
        router.add_api_route(f"{MEMBER_HOME}/code", self.send_code, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{MEMBER_HOME}/session", self.sign_in, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{MEMBER_HOME}/out", self.sign_out, methods=["POST"], response_class=HTMLResponse)
        return router

    def send_code(self, request: Request, form: FormBody) -> HTMLResponse:
        """Send codes to an address, if it is known."""
        address = form.value("address").strip()
        return sign_in_code_page(self.page_context).send_and_show(
            request, lambda challenge: self.codes.send_to_address(challenge, address)
        )

    def sign_in(self, request: Request, form: FormBody) -> Response:
        """Open a session for the member whose code was typed."""
        self.page_context.limit_attempts(request)
        page, secret = sign_in_code_page(self.page_context, settings_link(self.page_context, form)), None
        with self.page_context.context.ledger.write() as connection:
            code_request = page.redeem(connection, form)
            if code_request is not None:
                secret = sessions.open_session(connection, code_request.member_id, self.page_context.now)
        if secret is None:
            return page.show_again(request, form)
        response = RedirectResponse(f"{MEMBER_HOME}?lang={self.page_context.language(request).value}", 303)
        self.sessions.start(response, secret)
        return response

    def sign_out(self, request: Request, form: FormBody) -> HTMLResponse:
        """End the session."""
        session = self.sessions.require(request, form)
        page = self.page_context.render(request, "signed_out", self.page_context.language(request), at=MEMBER_HOME)
        self.sessions.end(page, session)
        return page


def sign_in_code_page(site: PageContext, link: str = "") -> CodePage:
    """Return the code page that opens a session, for every way to request a code; `link` is that of a message."""
    return CodePage(site, f"{MEMBER_HOME}/session", MEMBER_HOME, frozenset({CodeAim.SIGN_IN}), link)
