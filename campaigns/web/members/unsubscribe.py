"""The links that end the messages they came with: RFC 8058's one click, and the page with the one button."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.consent.consent_state import Source
from audiences.consent.opt_out import Saying, end_for_address
from campaigns.runs.composing.template_context import LINKS
from campaigns.web.forms import Form
from campaigns.web.members.choice_list import name_of
from campaigns.web.page_context import READ, Received, Site

_FIELD: Final = "List-Unsubscribe"
_ONE_CLICK: Final = "One-Click"
_FROM_PAGE: Final = "page"


@dataclass(frozen=True)
class Unsubscribing:
    """The pages of one kind of link: `unsubscribe` of an e-mail or a letter, `stop` of a text message."""

    site: Site
    scope: str

    def routes(self) -> APIRouter:
        """GET asks and changes nothing; POST acts."""
        router, path = APIRouter(), f"/{LINKS[self.scope]}/{{token}}"
        router.add_api_route(path, self.ask, methods=READ, response_class=HTMLResponse)
        router.add_api_route(path, self.stop, methods=["POST"], response_class=HTMLResponse)
        return router

    def ask(self, request: Request, token: str) -> HTMLResponse:
        """The page with the one button."""
        received = self.site.received(request, self.scope, token)
        return self._page(request, "stop", received)

    def stop(self, request: Request, token: str, form: Form) -> HTMLResponse:
        """End what the message was one of, for all who share the address; the same answer however often it is asked.

        No cookie, no redirect, no second question (E-21, E-22); any other body changes nothing.
        """
        received = self.site.received(request, self.scope, token)
        if form.one(_FIELD) != _ONE_CLICK:
            raise HTTPException(400)
        source = Source.WEB if form.one(_FROM_PAGE) else Source.ONE_CLICK
        if received.known:
            saying = Saying(self.site.now, source, received.language)
            with self.site.engine.ledger.write() as connection:
                end_for_address(connection, received.kind, received.message.member_id, saying)
        return self._page(request, "stopped", received)

    def _page(self, request: Request, name: str, received: Received) -> HTMLResponse:
        choice, message = received.kind.ended_by, received.message
        return self.site.answer(
            request,
            "nothing_to_stop" if choice is None else name,
            received.language,
            what="" if choice is None else name_of(self.site.pages, choice, received.language),
            purpose=message.purpose.value,
            preferences=self.site.link("preferences", LINKS["preferences"], message),
            why=self.site.link("why", LINKS["why"], message),
        )
