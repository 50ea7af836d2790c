"""A new e-mail address or telephone number: used once a code that was sent there has come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection

from audiences import addresses
from audiences.access.one_time_codes import Aim, Asked
from audiences.people import contacts, self_service_changes
from campaigns.core.model.enums import Channel
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit
from campaigns.web.forms import Form
from campaigns.web.members.code_page import CodeStep
from campaigns.web.members.login import HOME
from campaigns.web.members.preference_centre import Centre, contact_row
from campaigns.web.members.send_code import Codes
from campaigns.web.members.session import Door
from campaigns.web.page_context import Site

_READ: Final = {Aim.EMAIL: addresses.email, Aim.PHONE: addresses.phone}


@dataclass(frozen=True)
class NewAddress:
    """The two steps to another address, both within a session."""

    site: Site
    codes: Codes
    door: Door
    centre: Centre

    def routes(self) -> APIRouter:
        """Ask, and prove."""
        router = APIRouter()
        router.add_api_route(f"{HOME}/contact", self.ask, methods=["POST"], response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/contact/code", self.prove, methods=["POST"], response_class=HTMLResponse)
        return router

    def ask(self, request: Request, form: Form) -> HTMLResponse:
        """Send a code to the new address; nothing is changed yet."""
        found = self.door.demand(request, form)
        aim = Aim.PHONE if form.one("kind") == "phone" else Aim.EMAIL
        address = _READ[aim](form.one("address").strip())
        if address is None:
            return self.centre.page(request, found, 400, wrong=aim.value, written=form.one("address"))
        return self._step.ask(
            request,
            lambda challenge: self.codes.to_new_address(Asked(challenge, found.member_id, aim, address)),
            found,
            to=address,
        )

    def prove(self, request: Request, form: Form) -> HTMLResponse:
        """Use the address whose code was typed, and tell the one that was in use before."""
        found = self.door.demand(request, form)
        self.site.count_try(request)
        with self.site.engine.ledger.write() as connection:
            asked = self._step.redeem(connection, form, found)
            former = None if asked is None else self._use(connection, asked)
        if asked is None:
            return self._step.again(request, form, found)
        kind, address = asked.aim.value, asked.address
        return self.site.answer(
            request, "changed", self.site.language(request), at=HOME, kind=kind, address=address, former=former
        )

    def _use(self, connection: Connection, asked: Asked) -> str | None:
        """Use it from now on; gives the address that was in use before, if there was one."""
        before = dict(contact_row(connection, asked.member_id))
        former: str | None = before[asked.aim.value]
        change: Mapping[str, Any] = {"member_id": asked.member_id, asked.aim.value: asked.address}
        self_service_changes.keep(connection, before, change, self.site.now)
        contacts.write(connection, [change], self.site.engine.library.settings.default_language.value)
        subject = audit.of_member(self.site.engine.signer, asked.member_id)
        audit.note(connection, self.site.now, "member", "change_contact", subject, {"field": asked.aim.value})
        if former:
            channel = Channel.EMAIL if asked.aim is Aim.EMAIL else Channel.SMS
            enqueue.contact_changed(connection, asked.member_id, channel, former, self.site.now)
        return former

    @property
    def _step(self) -> CodeStep:
        return CodeStep(self.site, f"{HOME}/contact/code", HOME, frozenset(_READ))
