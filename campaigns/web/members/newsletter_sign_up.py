"""Newsletter sign-up for people who are not members, with double opt-in (GD-05, FI-01)."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from audiences import addresses
from audiences.consent.consent_texts import UnknownConsentTextError
from audiences.people import sign_ups
from audiences.people.sign_ups import SignUpRequest
from campaigns.core.model.enums import NEWSLETTER_PREFIX
from campaigns.core.tokens import InvalidTokenError
from campaigns.runs.notices import enqueue
from campaigns.runs.notices.sender import SIGN_UP_PATH
from campaigns.store.people import audit
from campaigns.web.forms import Form
from campaigns.web.members.choice_list import offered_items
from campaigns.web.page_context import READ, Site

_PATH: Final = f"/{SIGN_UP_PATH}"


@dataclass(frozen=True)
class Joining:
    """Sign-up form and confirmation page; no response reveals whether an address is known."""

    site: Site

    def routes(self) -> APIRouter:
        """Return the sign-up form and the confirmation page."""
        router = APIRouter()
        router.add_api_route(_PATH, self.show, methods=READ, response_class=HTMLResponse)
        router.add_api_route(_PATH, self.ask, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{_PATH}/{{token}}", self.look, methods=READ, response_class=HTMLResponse)
        router.add_api_route(f"{_PATH}/{{token}}", self.confirm, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request) -> HTMLResponse:
        """Show every newsletter with an empty box."""
        return self._form(request)

    def ask(self, request: Request, form: Form) -> HTMLResponse:
        """Send a confirmation link to the address; nothing else is sent until it is confirmed."""
        language = self.site.language(request)
        address, chosen = addresses.normalise_email(form.one("address").strip()), sorted(set(form.every("on")))
        items = offered_items(self.site.pages, language)
        if not all(choice.startswith(NEWSLETTER_PREFIX) and choice in items for choice in chosen):
            raise HTTPException(400)
        if address is None or not chosen:
            return self._form(request, 400, no_address=address is None, ticked=chosen, written=form.one("address"))
        self.site.count_asking(request)
        sign_up = SignUpRequest(address, language, {choice: items[choice].wording for choice in chosen})
        page = self.site.answer(request, "join_asked", language, at=_PATH)
        page.background = BackgroundTask(self._send, sign_up)
        return page

    def look(self, request: Request, token: str) -> HTMLResponse:
        """Show a confirmation button: a link scanner that opens the page confirms nothing."""
        number = self._number(request, token)
        with self.site.engine.ledger.read() as connection:
            sign_up = sign_ups.pending_request(connection, number, self.site.now)
        language = self.site.language(request)
        if sign_up is None:
            return self.site.answer(request, "join_late", language)
        items = offered_items(self.site.pages, language)
        titles = [items[choice].title for choice in sign_up.wordings if choice in items]
        return self.site.answer(request, "join_confirm", language, titles=titles)

    def confirm(self, request: Request, token: str) -> HTMLResponse:
        """Subscribe; a second press gets the same response."""
        number, engine = self._number(request, token), self.site.engine
        with engine.ledger.write() as connection:
            try:
                member_id = sign_ups.confirm_request(connection, number, self.site.now)
            except UnknownConsentTextError as error:
                raise HTTPException(400) from error
            if member_id is not None:
                subject = audit.subject_of_member(engine.signer, member_id)
                audit.record(connection, self.site.now, "member", "sign_up", subject)
        return self.site.answer(request, "joined", self.site.language(request), at=_PATH)

    def _number(self, request: Request, token: str) -> int:
        try:
            return self.site.engine.signer.read_link(SIGN_UP_PATH, token).position
        except InvalidTokenError:
            raise self.site.missed(request) from None

    def _send(self, sign_up: SignUpRequest) -> None:
        with self.site.engine.ledger.write() as connection:
            number = sign_ups.store_request(connection, sign_up, self.site.now)
            if number is None:
                return
            if sign_ups.is_member_address(connection, sign_up.address):
                enqueue.already_a_member(connection, sign_up.address, sign_up.language, self.site.now)
            else:
                names = [choice.removeprefix(NEWSLETTER_PREFIX) for choice in sign_up.wordings]
                enqueue.sign_up(connection, number, sign_up.address, sign_up.language, names, self.site.now)

    def _form(
        self,
        request: Request,
        status: int = 200,
        *,
        no_address: bool = False,
        ticked: list[str] | None = None,
        written: str = "",
    ) -> HTMLResponse:
        language = self.site.language(request)
        items = [item for item in offered_items(self.site.pages, language).values() if _is_newsletter(item.choice)]
        wrong = "address" if no_address else "newsletters" if status != 200 else ""
        return self.site.answer(
            request, "join", language, status, at=_PATH, items=items, wrong=wrong, ticked=ticked or [], written=written
        )


def _is_newsletter(choice: str) -> bool:
    return choice.startswith(NEWSLETTER_PREFIX)
