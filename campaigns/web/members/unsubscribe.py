"""Unsubscribe links of messages: one-click POST (RFC 8058), and a page with one button."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, opt_out_address
from campaigns.runs.composing.template_context import LINK_PATHS
from campaigns.web.forms import FormBody
from campaigns.web.members.choice_list import choice_items, choice_title
from campaigns.web.members.undo_stop import StopPress
from campaigns.web.page_context import READ_METHODS, LinkedMessage, PageContext

_ONE_CLICK_FIELD: Final = "List-Unsubscribe"
_ONE_CLICK: Final = "One-Click"
_PAGE_FIELD: Final = "page"


@dataclass(frozen=True)
class UnsubscribePages:
    """Pages of one scope of link: `unsubscribe` of an e-mail or a letter, `stop` of a text message."""

    page_context: PageContext
    scope: str

    def add_routes(self, router: APIRouter) -> None:
        """Add the page (GET, changes nothing) and the opt-out (POST)."""
        path = f"/{LINK_PATHS[self.scope]}/{{token}}"
        router.add_api_route(path, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(path, self.stop, methods=["POST"], response_class=HTMLResponse)

    def show(self, request: Request, token: str) -> HTMLResponse:
        """Show the page with the one button."""
        linked_message = self.page_context.linked_message(request, self.scope, token)
        return self._page(request, "stop", linked_message)

    def stop(self, request: Request, token: str, form: FormBody) -> HTMLResponse:
        """Opt out of the message's kind, for all members who share the address; repeated calls get the same response.

        No cookie, no redirect, no second question (E-21, E-22); any other body changes nothing.
        The answer to the page's button offers the undo of that press.
        """
        linked_message = self.page_context.linked_message(request, self.scope, token)
        if form.value(_ONE_CLICK_FIELD) != _ONE_CLICK:
            raise HTTPException(400)
        source = ConsentSource.WEB if form.value(_PAGE_FIELD) else ConsentSource.ONE_CLICK
        now = self.page_context.now
        if linked_message.member_exists:
            context = ConsentContext(now, source, linked_message.language)
            with self.page_context.context.ledger.write() as connection:
                opt_out_address(connection, linked_message.kind, linked_message.message.member_id, context)
        return self._page(
            request, "stopped", linked_message, self._undo(linked_message, now) if source is ConsentSource.WEB else ""
        )

    def _undo(self, linked_message: LinkedMessage, now: datetime) -> str:
        """Return the token that undoes a press; none for a choice that the settings page no longer offers."""
        choice = linked_message.kind.opt_out_choice
        if choice is None or choice not in choice_items(self.page_context.renderer, linked_message.language):
            return ""
        return StopPress((choice,), now).token(self.page_context.context.signer, linked_message.message)

    def _page(self, request: Request, name: str, linked_message: LinkedMessage, undo: str = "") -> HTMLResponse:
        choice, message = linked_message.kind.opt_out_choice, linked_message.message
        preferences = self.page_context.message_path("preferences", LINK_PATHS["preferences"], message)
        return self.page_context.render(
            request,
            "nothing_to_stop" if choice is None else name,
            linked_message.language,
            what="" if choice is None else choice_title(self.page_context.renderer, choice, linked_message.language),
            purpose=message.purpose.value,
            preferences=preferences,
            why=self.page_context.message_path("why", LINK_PATHS["why"], message),
            undo=undo,
            undo_way=f"{preferences}/undo",
        )
