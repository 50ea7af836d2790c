"""Page where a one-time code is typed. The code is sent after the response, and opens only its declared aims."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from audiences.access.one_time_codes import CodeAim, CodeRequest, TypedCode, new_challenge, redeem_code
from campaigns.core.model.enums import Language
from campaigns.web.forms import Posted
from campaigns.web.members.session import SignedIn
from campaigns.web.page_context import Site


@dataclass(frozen=True)
class CodeStep:
    """Code page: its form posts to `form_action`, its other languages are at `return_path`, its codes serve `aims`."""

    site: Site
    way: str
    at: str
    aims: frozenset[CodeAim]

    def ask(
        self,
        request: Request,
        send: Callable[[str], None],
        session: SignedIn | None = None,
        language: Language | None = None,
        to: str = "",
    ) -> HTMLResponse:
        """Render the empty page, and call `send` with its challenge after the response.

        `to` is the recipient, when the client may know it.
        """
        self.site.count_asking(request)
        challenge = new_challenge()
        page = self._page(request, challenge, session, language, to=to)
        page.background = BackgroundTask(send, challenge)
        return page

    def redeem(self, connection: Connection, form: Posted, session: SignedIn | None = None) -> CodeRequest | None:
        """Return the request of a valid code; None unless it is valid here, and for the member of the session."""
        member_id = None if session is None else session.member_id
        typed = TypedCode(form.one("challenge"), form.one("code"), self.aims, member_id)
        return redeem_code(connection, self.site.engine.signer, typed, self.site.now)

    def again(self, request: Request, form: Posted, session: SignedIn | None = None) -> HTMLResponse:
        """Render the page again, saying that the code was wrong."""
        return self._page(request, form.one("challenge"), session, wrong=True)

    def _page(
        self,
        request: Request,
        challenge: str,
        session: SignedIn | None,
        language: Language | None = None,
        *,
        to: str = "",
        wrong: bool = False,
    ) -> HTMLResponse:
        return self.site.answer(
            request,
            "code",
            language or self.site.language(request),
            400 if wrong else 200,
            challenge=challenge,
            wrong=wrong,
            to=to,
            proof=None if session is None else session.proof,
            way=self.way,
            again=self.at,
            at=self.at,
        )
