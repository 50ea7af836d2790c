"""Sign-in by one-time code. Responses do not reveal whether an address is known."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from audiences.access import sessions
from audiences.access.one_time_codes import CodeAim
from audiences.people.contacts import contact_of
from campaigns.core.model.enums import Channel
from campaigns.core.model.phone_countries import takes_text_messages
from campaigns.web.forms import FormBody
from campaigns.web.members.browser_cookies import BrowserCookies
from campaigns.web.members.code_page import CodePage, settings_link
from campaigns.web.members.send_code import OneTimeCodes, typed_address
from campaigns.web.members.session import MemberSessions
from campaigns.web.page_context import PageContext

MEMBER_HOME = "/me"


@dataclass(frozen=True)
class MemberLoginPages:
    """Sign-in in two steps (request a code, type it), and sign-out."""

    page_context: PageContext
    codes: OneTimeCodes
    sessions: MemberSessions

    @property
    def cookies(self) -> BrowserCookies:
        """Cookies of the visitor's browser."""
        return BrowserCookies(self.page_context)

    def add_routes(self, router: APIRouter) -> None:
        """Add the forms, all POST; the first page is `PreferenceCentre.show`."""
        router.add_api_route(f"{MEMBER_HOME}/code", self.send_code, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{MEMBER_HOME}/session", self.sign_in, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{MEMBER_HOME}/out", self.sign_out, methods=["POST"], response_class=HTMLResponse)

    def send_code(self, request: Request, form: FormBody) -> HTMLResponse:
        """Send codes to an address, if it is known."""
        page = sign_in_code_page(self.page_context)
        page.visitor_forms.require(request, form)
        text = form.value("address").strip()
        address = typed_address(text, self.page_context.context.repository.settings.country)
        if address is not None and address.channel is Channel.SMS:
            countries = self.page_context.context.repository.settings.sms_countries
            if not takes_text_messages(address.value, countries):
                return show_sign_in(self.page_context, request, refused_number=text)
        requester = self.cookies.requester(request, text.lower() if address is None else address.value)
        return page.send_and_show(
            request,
            requester,
            lambda challenge: None if address is None else self.codes.send_to_address(challenge, address, requester),
        )

    def sign_in(self, request: Request, form: FormBody) -> Response:
        """Open a session for the member whose code was typed; the browser's former one ends."""
        page, secret = sign_in_code_page(self.page_context, settings_link(self.page_context, form)), None
        page.visitor_forms.require(request, form)
        self.page_context.limit_attempts(request)
        with self.page_context.context.ledger.write() as connection:
            code_request = page.redeem(connection, form)
            if code_request is not None:
                self.sessions.end_former(connection, request)
                secret = sessions.open_session(connection, code_request.member_id, self.page_context.now)
                contact = contact_of(connection, code_request.member_id)
        if secret is None:
            return page.show_again(request, form)
        response = RedirectResponse(f"{MEMBER_HOME}?lang={self.page_context.language(request).value}", 303)
        self.sessions.start(response, secret)
        page.visitor_forms.forget(response)
        self.cookies.forget_challenge(response)
        self.cookies.remember(request, response, [value for value in (contact["mailbox"], contact["phone"]) if value])
        return response

    def sign_out(self, request: Request, form: FormBody) -> HTMLResponse:
        """End the session."""
        session = self.sessions.require(request, form)
        page = self.page_context.render(request, "signed_out", self.page_context.language(request), at=MEMBER_HOME)
        self.sessions.end(page, session)
        return page


def show_sign_in(page_context: PageContext, request: Request, *, refused_number: str = "") -> HTMLResponse:
    """Render the page on which a code is requested, at the requested path, or again over a refused number."""
    forms = sign_in_code_page(page_context).visitor_forms
    visitor, language = forms.visitor(request), page_context.language(request)
    page = page_context.render(
        request,
        "sign_in",
        language,
        400 if refused_number else 200,
        at=MEMBER_HOME if refused_number else request.url.path,
        form_token=visitor.form_token,
        written=refused_number,
    )
    forms.remember(page, visitor)
    return page


def sign_in_code_page(site: PageContext, link: str = "") -> CodePage:
    """Return the code page that opens a session, for every way to request a code; `link` is that of a message."""
    return CodePage(site, f"{MEMBER_HOME}/session", MEMBER_HOME, frozenset({CodeAim.SIGN_IN}), link)
