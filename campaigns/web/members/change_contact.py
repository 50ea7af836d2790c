"""Change of e-mail address or telephone number, confirmed by a code sent to the new one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from audiences import addresses
from audiences.access.code_allowances import signed_in_member
from audiences.access.one_time_codes import CodeAim, CodeRequest
from audiences.people import contacts, self_service_changes
from audiences.people.contact_changes import ChangeOrigin, NewChange
from campaigns.core.model.phone_countries import takes_text_messages
from campaigns.people.privacy import contact_proofs
from campaigns.store.people import audit
from campaigns.web.forms import FormBody
from campaigns.web.members.code_page import CodePage
from campaigns.web.members.login import MEMBER_HOME
from campaigns.web.members.preference_centre import PreferenceCentre, contact_row
from campaigns.web.members.send_code import OneTimeCodes
from campaigns.web.members.session import MemberSessions
from campaigns.web.page_context import PageContext

_FAULTS: Final = {CodeAim.EMAIL: "no_address", CodeAim.PHONE: "no_number"}


@dataclass(frozen=True)
class ChangeContactPage:
    """The two steps to a new address, both within a session."""

    page_context: PageContext
    codes: OneTimeCodes
    sessions: MemberSessions
    centre: PreferenceCentre

    def add_routes(self, router: APIRouter) -> None:
        """Add the two forms: send a code, confirm it."""
        router.add_api_route(f"{MEMBER_HOME}/contact", self.send_code, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{MEMBER_HOME}/contact/code", self.confirm, methods=["POST"], response_class=HTMLResponse)

    def send_code(self, request: Request, form: FormBody) -> HTMLResponse:
        """Send a code to the new address; nothing changes yet."""
        session = self.sessions.require(request, form)
        aim = CodeAim.PHONE if form.value("kind") == "phone" else CodeAim.EMAIL
        text, country = form.value("address").strip(), self.page_context.context.repository.settings.country
        address = addresses.normalise_phone(text, country) if aim is CodeAim.PHONE else addresses.normalise_email(text)
        if address is None:
            return self.centre.page(
                request, session, 400, wrong=aim.value, written=form.value("address"), fault=_FAULTS[aim]
            )
        countries = self.page_context.context.repository.settings.sms_countries
        if aim is CodeAim.PHONE and not takes_text_messages(address, countries):
            written = form.value("address")
            return self.centre.page(request, session, 400, wrong=aim.value, written=written, fault="number_not_served")
        requester = signed_in_member(self.page_context.context.signer, session.member_id, address.lower())
        return self._code_page.send_and_show(
            request,
            requester,
            lambda challenge: self.codes.send_to_new_address(
                CodeRequest(challenge, session.member_id, aim, address), requester
            ),
            session,
            to=address,
        )

    def confirm(self, request: Request, form: FormBody) -> HTMLResponse:
        """Use the address whose code was typed, and notify the former one."""
        session = self.sessions.require(request, form)
        self.page_context.limit_attempts(request)
        with self.page_context.context.ledger.write() as connection:
            code_request = self._code_page.redeem(connection, form, session)
            former = None if code_request is None else self._use(connection, code_request)
        if code_request is None:
            return self._code_page.show_again(request, form, session)
        kind, address = code_request.aim.value, code_request.address
        return self.page_context.render(
            request,
            "changed",
            self.page_context.language(request),
            at=MEMBER_HOME,
            kind=kind,
            address=address,
            former=former,
        )

    def _use(self, connection: Connection, code_request: CodeRequest) -> str | None:
        """Store the new address; return the former one, if any."""
        before = dict(contact_row(connection, code_request.member_id))
        former: str | None = before[code_request.aim.value]
        change: Mapping[str, Any] = {"member_id": code_request.member_id, code_request.aim.value: code_request.address}
        self_service_changes.record_change(connection, before, change, self.page_context.now)
        contacts.upsert_contacts(
            connection, [change], self.page_context.context.repository.settings.default_language.value
        )
        subject = audit.subject_of_member(self.page_context.context.signer, code_request.member_id)
        audit.record(
            connection, self.page_context.now, "member", "change_contact", subject, {"field": code_request.aim.value}
        )
        if former != code_request.address:
            new = NewChange(
                code_request.member_id,
                code_request.aim.value,
                former,
                code_request.address,
                ChangeOrigin.WEB,
                proven=True,  # by the code that was typed
            )
            contact_proofs.record_and_tell(connection, new, self.page_context.now)
        return former

    @property
    def _code_page(self) -> CodePage:
        return CodePage(
            self.page_context, f"{MEMBER_HOME}/contact/code", MEMBER_HOME, frozenset({CodeAim.EMAIL, CodeAim.PHONE})
        )
