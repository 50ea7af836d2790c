"""Page where a one-time code is typed. The code is sent after the response, and opens only its declared aims."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from audiences.access.one_time_codes import CodeAim, CodeRequest, TypedCode, new_challenge, redeem_code
from campaigns.core.model.enums import Language
from campaigns.core.tokens import InvalidTokenError
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.web.forms import FormFields
from campaigns.web.members.session import SignedInMember
from campaigns.web.page_context import PageContext

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

    def send_and_show(
        self,
        request: Request,
        send: Callable[[str], None],
        session: SignedInMember | None = None,
        language: Language | None = None,
        to: str = "",
    ) -> HTMLResponse:
        """Render the empty page, and call `send` with its challenge after the response.

        `to` is the recipient, when the client may know it.
        """
        self.page_context.limit_code_requests(request)
        challenge = new_challenge()
        page = self._page(request, challenge, session, language, to=to)
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
        return self._page(request, form.value("challenge"), session, wrong=True)

    def _page(
        self,
        request: Request,
        challenge: str,
        session: SignedInMember | None,
        language: Language | None = None,
        *,
        to: str = "",
        wrong: bool = False,
    ) -> HTMLResponse:
        return self.page_context.render(
            request,
            "code",
            language or self.page_context.language(request),
            400 if wrong else 200,
            challenge=challenge,
            wrong=wrong,
            to=to,
            proof=None if session is None else session.csrf_token,
            way=self.form_action,
            link=self.link,
            again=self._origin,
            at=self._origin,
        )

    @property
    def _origin(self) -> str:
        return f"/{LINK_PATHS[SETTINGS_SCOPE]}/{self.link}" if self.link else self.return_path


def settings_link(page_context: PageContext, form: FormFields) -> str:
    """Return the token of the settings link that a posted code page names; empty unless it is valid."""
    token = form.value("link")
    try:
        page_context.context.signer.read_link(SETTINGS_SCOPE, token)
    except InvalidTokenError:
        return ""
    return token
