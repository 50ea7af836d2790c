"""Page where a one-time code is typed; the code opens only its declared aims."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from audiences.access.code_allowances import Requester, take
from audiences.access.one_time_codes import (
    CODE_LIFETIME,
    CodeAim,
    CodeRequest,
    IssuedCode,
    TypedCode,
    redeem_code,
)
from campaigns.core.clock import local_day
from campaigns.core.model.enums import Language
from campaigns.core.tokens import InvalidTokenError
from campaigns.rendering.templates.filters import template_filters
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.web.forms import FormFields
from campaigns.web.members.browser_cookies import BrowserCookies
from campaigns.web.members.session import SignedInMember
from campaigns.web.page_context import PageContext
from campaigns.web.visitor_forms import VisitorForms

_UNKNOWN: Final = "unknown"  # whether anything is sent is not said, or not known

_CLOCKS: Final = {Language.FI: "klo {:%H.%M}", Language.SV: "kl. {:%H.%M}", Language.EN: "{:%H:%M}"}

SETTINGS_SCOPE: Final = "preferences"


@dataclass(frozen=True)
class CodePage:
    """Code page: its form posts to `form_action`, its other languages are at `return_path`, its codes serve `aims`.

    `link` is the token of the settings link that it was reached by: it leads back there, where no address is asked for.
    """

    page_context: PageContext
    form_action: str
    return_path: str
    aims: frozenset[CodeAim]
    link: str = ""

    @property
    def visitor_forms(self) -> VisitorForms:
        """Return the forms of members who are not signed in."""
        return VisitorForms(self.page_context, "member")

    def send_and_show(
        self,
        request: Request,
        requester: Requester,
        send: Callable[[str], IssuedCode | None],
        session: SignedInMember | None = None,
        language: Language | None = None,
        to: str = "",
    ) -> HTMLResponse:
        """Render the empty page, and call `send` with its challenge unless the requester's allowance is used up.

        Within a session the code is sent before the response, and the page tells what happened. Otherwise it is sent
        after it, so that its timing does not reveal whether an address is known. `to` is the recipient, when the client
        may know it.
        """
        self.page_context.limit_code_requests(request)
        cookies, carrier = BrowserCookies(self.page_context), Response()
        challenge = cookies.challenge(request, carrier, self.form_action)
        language, now = language or self.page_context.language(request), self.page_context.now
        with self.page_context.context.ledger.write() as connection:
            next_at = take(connection, requester.keys, now)
        issued = send(challenge) if session is not None and next_at is None else None
        page = self._page(
            request,
            challenge,
            session,
            language,
            to=to,
            state=_UNKNOWN if issued is None else issued.value,
            until=self._time(now + CODE_LIFETIME, language),
            next_at="" if next_at is None else self._time(next_at, language),
        )
        page.raw_headers.extend(header for header in carrier.raw_headers if header[0] == b"set-cookie")
        if session is None and next_at is None:
            page.background = BackgroundTask(send, challenge)
        return page

    def redeem(
        self, connection: Connection, form: FormFields, session: SignedInMember | None = None
    ) -> CodeRequest | None:
        """Return the request of a valid code; None unless it is valid here, and for the member of the session."""
        member_id = None if session is None else session.member_id
        typed = TypedCode(form.value("challenge"), form.value("code"), self.aims, member_id)
        return redeem_code(connection, self.page_context.context.signer, typed, self.page_context.now)

    def show_again(self, request: Request, form: FormFields, session: SignedInMember | None = None) -> HTMLResponse:
        """Render the page again, saying that the code was wrong."""
        return self._page(request, form.value("challenge"), session, self.page_context.language(request), wrong=True)

    def _page(
        self,
        request: Request,
        challenge: str,
        session: SignedInMember | None,
        language: Language,
        *,
        to: str = "",
        wrong: bool = False,
        state: str = _UNKNOWN,
        until: str = "",
        next_at: str = "",
    ) -> HTMLResponse:
        visitor = self.visitor_forms.visitor(request) if session is None else None
        page = self.page_context.render(
            request,
            "code",
            language,
            400 if wrong else 200,
            challenge=challenge,
            wrong=wrong,
            to=to,
            state=state,
            until=until,
            next_at=next_at,
            proof=None if session is None else session.csrf_token,
            form_token=None if visitor is None else visitor.form_token,
            way=self.form_action,
            link=self.link,
            again=self._origin,
            at=self._origin,
        )
        if visitor is not None:
            self.visitor_forms.remember(page, visitor)
        return page

    @property
    def _origin(self) -> str:
        return f"/{LINK_PATHS[SETTINGS_SCOPE]}/{self.link}" if self.link else self.return_path

    def _time(self, moment: datetime, language: Language) -> str:
        """Return the local time, with the day unless it is today."""
        settings = self.page_context.context.repository.settings
        local, today = moment.astimezone(settings.zone), local_day(self.page_context.now, settings.zone)
        clock = _CLOCKS[language].format(local)
        if local.date() == today:
            return clock
        return f"{template_filters(language, settings.currency)['date'](local.date())} {clock}"


def settings_link(page_context: PageContext, form: FormFields) -> str:
    """Return the token of the settings link that a posted code page names; empty unless it is valid."""
    token = form.value("link")
    try:
        page_context.context.signer.read_link(SETTINGS_SCOPE, token)
    except InvalidTokenError:
        return ""
    return token
