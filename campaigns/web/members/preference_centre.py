"""The preference centre: a signed-in member sees and changes choices and the language of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, RowMapping, select

from audiences.consent import choices
from audiences.consent.consent_state import Source
from audiences.consent.consent_texts import UnknownWording, demand_known
from audiences.consent.opt_out import Saying
from audiences.people import contacts, self_service_changes
from audiences.tables import CONTACT
from campaigns.core.model.enums import Choice, Language
from campaigns.runs.notices import enqueue
from campaigns.web.forms import Form
from campaigns.web.members.choice_form import touched
from campaigns.web.members.choice_list import offered_items, ticked_groups
from campaigns.web.members.login import HOME
from campaigns.web.members.session import Door, SignedIn
from campaigns.web.page_context import READ, Site

_ABOVE_TICKS: Final = (Choice.RESTRICTED, Choice.NO_MARKETING)  # as long as one is on, no tick brings anything


@dataclass(frozen=True)
class Centre:
    """The pages of a member who has typed a code."""

    site: Site
    door: Door

    def routes(self) -> APIRouter:
        """The choices, and their saving."""
        router = APIRouter()
        router.add_api_route(HOME, self.show, methods=READ, response_class=HTMLResponse)
        router.add_api_route(f"{HOME}/choices", self.save, methods=["POST"], response_class=HTMLResponse)
        return router

    def show(self, request: Request) -> HTMLResponse:
        """The member's choices and contact; for everybody else the page that asks for an address."""
        found, language = self.door.who(request), self.site.language(request)
        if found is None:
            return self.site.answer(request, "sign_in", language)
        return self.page(request, found)

    def page(
        self, request: Request, found: SignedIn, status: int = 200, *, wrong: str = "", written: str = ""
    ) -> HTMLResponse:
        """The centre as it stands; `wrong` names the field in which something was `written` that is no address."""
        language = self.site.language(request)
        with self.site.engine.ledger.read() as connection:
            stance = choices.stance_of(connection, found.member_id)
            contact = contact_row(connection, found.member_id)
        return self.site.answer(
            request,
            "centre",
            language,
            status,
            at=HOME,
            proof=found.proof,
            groups=ticked_groups(self.site.pages, language, stance),
            contact=contact,
            whose=" ".join(filter(None, (contact["first_name"], contact["last_name"]))),
            standing=[choice.value for choice in _ABOVE_TICKS if choice in stance.on],
            wrong=wrong,
            written=written,
        )

    def save(self, request: Request, form: Form) -> HTMLResponse:
        """Record what the member changed on the page that they saw, each under its wording.

        A choice that changed meanwhile, by an unsubscribe in another window, is left as it is unless the member
        touched it here. HTTP 400 and no change for a form that is not one of ours.
        """
        found = self.door.demand(request, form)
        language = self.site.language(request)
        offered = offered_items(self.site.pages, language)
        with self.site.engine.ledger.write() as connection:
            stance = choices.stance_of(connection, found.member_id)
            saying = partial(Saying, self.site.now, Source.WEB, language)
            entries = list(touched(form, found.member_id, stance, offered, saying))
            try:
                demand_known(connection, entries)
            except UnknownWording as error:
                raise HTTPException(400) from error
            choices.record(connection, entries)
            enqueue.choices_changed(connection, found.member_id, entries, self.site.now)
            spoken = self._speak(connection, found.member_id, form.one("language"))
        said = [(offered[entry.choice], entry.on is offered[entry.choice].ticked_is_on) for entry in entries]
        return self.site.answer(request, "saved", language, at=HOME, said=said, spoken=spoken)

    def _speak(self, connection: Connection, member_id: str, wanted: str) -> Language | None:
        """The language that the member now wants, if it is another than before."""
        before = dict(contact_row(connection, member_id))
        if wanted not in set(Language) or before["language"] == wanted:
            return None
        change: Mapping[str, Any] = {"member_id": member_id, "language": wanted}
        self_service_changes.keep(connection, before, change, self.site.now)
        contacts.write(connection, [change], self.site.engine.library.settings.default_language.value)
        return Language(wanted)


def contact_row(connection: Connection, member_id: str) -> RowMapping:
    """The contact of a member in a session; HTTP 403 when they were erased meanwhile."""
    row = connection.execute(select(CONTACT).where(CONTACT.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        raise HTTPException(403)
    return row
