"""The page on which a one-time code is typed: sent once the page was answered, and opening no more than it may."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection
from starlette.background import BackgroundTask

from audiences.access.one_time_codes import Aim, Asked, Typed, new_challenge, redeem
from campaigns.core.model.enums import Language
from campaigns.web.forms import Posted
from campaigns.web.members.session import SignedIn
from campaigns.web.page_context import Site


@dataclass(frozen=True)
class CodeStep:
    """One such page: its form goes to `way`, its other languages are at `at`, and a code typed there opens `aims`."""

    site: Site
    way: str
    at: str
    aims: frozenset[Aim]

    def ask(
        self,
        request: Request,
        send: Callable[[str], None],
        found: SignedIn | None = None,
        language: Language | None = None,
        to: str = "",
    ) -> HTMLResponse:
        """The empty page; once it was answered, `send` is told its challenge.

        `to` is where the code goes, if whoever asks may know.
        """
        self.site.count_asking(request)
        challenge = new_challenge()
        page = self._page(request, challenge, found, language, to=to)
        page.background = BackgroundTask(send, challenge)
        return page

    def redeem(self, connection: Connection, form: Posted, found: SignedIn | None = None) -> Asked | None:
        """What the typed code was asked for; None unless it is good here, and good for the member of the session."""
        member_id = None if found is None else found.member_id
        typed = Typed(form.one("challenge"), form.one("code"), self.aims, member_id)
        return redeem(connection, self.site.engine.signer, typed, self.site.now)

    def again(self, request: Request, form: Posted, found: SignedIn | None = None) -> HTMLResponse:
        """The page once more, saying that the code was wrong."""
        return self._page(request, form.one("challenge"), found, wrong=True)

    def _page(
        self,
        request: Request,
        challenge: str,
        found: SignedIn | None,
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
            proof=None if found is None else found.proof,
            way=self.way,
            again=self.at,
            at=self.at,
        )
