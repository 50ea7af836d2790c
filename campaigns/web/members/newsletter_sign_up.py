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
from campaigns.runs.notices.notice_sender import SIGN_UP_PATH
from campaigns.store.people import audit
from campaigns.web.forms import FormBody
from campaigns.web.members.choice_list import choice_items
from campaigns.web.page_context import READ_METHODS, PageContext

_PATH: Final = f"/{SIGN_UP_PATH}"


@dataclass(frozen=True)
class NewsletterSignUpPages:
    """Sign-up form and confirmation page; no response reveals whether an address is known."""

    page_context: PageContext

    def add_routes(self, router: APIRouter) -> None:
        """Add the sign-up form and the confirmation page."""
        router.add_api_route(_PATH, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(_PATH, self.send_link, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(
            f"{_PATH}/{{token}}", self.show_confirmation, methods=READ_METHODS, response_class=HTMLResponse
        )
        router.add_api_route(f"{_PATH}/{{token}}", self.confirm, methods=["POST"], response_class=HTMLResponse)

    def show(self, request: Request) -> HTMLResponse:
        """Show every newsletter with an empty box."""
        return self._form(request)

    def send_link(self, request: Request, form: FormBody) -> HTMLResponse:
        """Send a confirmation link to the address; nothing else is sent until it is confirmed."""
        language = self.page_context.language(request)
        address, chosen = addresses.normalise_email(form.value("address").strip()), sorted(set(form.values("on")))
        items = choice_items(self.page_context.renderer, language)
        if not all(choice.startswith(NEWSLETTER_PREFIX) and choice in items for choice in chosen):
            raise HTTPException(400)
        if address is None or not chosen:
            return self._form(request, 400, no_address=address is None, ticked=chosen, written=form.value("address"))
        self.page_context.limit_code_requests(request)
        sign_up = SignUpRequest(address, language, {choice: items[choice].wording for choice in chosen})
        page = self.page_context.render(request, "join_requested", language, at=_PATH)
        page.background = BackgroundTask(self._send, sign_up)
        return page

    def show_confirmation(self, request: Request, token: str) -> HTMLResponse:
        """Show a confirmation button: a link scanner that opens the page confirms nothing."""
        number = self._number(request, token)
        with self.page_context.context.ledger.read() as connection:
            sign_up = sign_ups.pending_request(connection, number, self.page_context.now)
        language = self.page_context.language(request)
        if sign_up is None:
            return self.page_context.render(request, "join_late", language)
        items = choice_items(self.page_context.renderer, language)
        titles = [items[choice].title for choice in sign_up.wordings if choice in items]
        return self.page_context.render(request, "join_confirm", language, titles=titles)

    def confirm(self, request: Request, token: str) -> HTMLResponse:
        """Subscribe; a second press gets the same response."""
        number, engine = self._number(request, token), self.page_context.engine
        with engine.context.ledger.write() as connection:
            try:
                member_id = sign_ups.confirm_request(connection, number, self.page_context.now)
            except UnknownConsentTextError as error:
                raise HTTPException(400) from error
            if member_id is not None:
                subject = audit.subject_of_member(engine.context.signer, member_id)
                audit.record(connection, self.page_context.now, "member", "sign_up", subject)
        return self.page_context.render(request, "joined", self.page_context.language(request), at=_PATH)

    def _number(self, request: Request, token: str) -> int:
        try:
            return self.page_context.context.signer.read_link(SIGN_UP_PATH, token).position
        except InvalidTokenError:
            raise self.page_context.invalid_link_error(request) from None

    def _send(self, sign_up: SignUpRequest) -> None:
        with self.page_context.context.ledger.write() as connection:
            number = sign_ups.store_request(connection, sign_up, self.page_context.now)
            if number is None:
                return
            if sign_ups.is_member_address(connection, sign_up.address):
                enqueue.already_a_member(connection, sign_up.address, sign_up.language, self.page_context.now)
            else:
                names = [choice.removeprefix(NEWSLETTER_PREFIX) for choice in sign_up.wordings]
                enqueue.sign_up(connection, number, sign_up.address, sign_up.language, names, self.page_context.now)

    def _form(
        self,
        request: Request,
        status: int = 200,
        *,
        no_address: bool = False,
        ticked: list[str] | None = None,
        written: str = "",
    ) -> HTMLResponse:
        language = self.page_context.language(request)
        items = [
            item for item in choice_items(self.page_context.renderer, language).values() if _is_newsletter(item.choice)
        ]
        wrong = "address" if no_address else "newsletters" if status != 200 else ""
        return self.page_context.render(
            request, "join", language, status, at=_PATH, items=items, wrong=wrong, ticked=ticked or [], written=written
        )


def _is_newsletter(choice: str) -> bool:
    return choice.startswith(NEWSLETTER_PREFIX)
