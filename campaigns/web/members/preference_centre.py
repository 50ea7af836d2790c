"""Preference centre: a signed-in member sees and changes choices and the language of messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, RowMapping, select

from audiences.consent import choices
from audiences.consent.consent_state import ConsentSource
from audiences.consent.consent_texts import UnknownConsentTextError, require_known_texts
from audiences.consent.opt_out import ConsentContext
from audiences.people import contacts, self_service_changes
from audiences.tables import CONTACT
from campaigns.core.model.enums import Choice, Language
from campaigns.runs.notices import enqueue
from campaigns.web.forms import FormBody
from campaigns.web.members.choice_form import changed_choices
from campaigns.web.members.choice_list import choice_groups_with_ticks, choice_items
from campaigns.web.members.contact_state import contact_state
from campaigns.web.members.login import MEMBER_HOME, show_sign_in
from campaigns.web.members.session import MemberSessions, SignedInMember
from campaigns.web.page_context import READ_METHODS, PageContext

_OVERRIDING: Final = (Choice.RESTRICTED, Choice.NO_MARKETING)  # while one is on, ticks have no effect


@dataclass(frozen=True)
class PreferenceCentre:
    """Pages of a member who has typed a code."""

    page_context: PageContext
    sessions: MemberSessions

    def add_routes(self, router: APIRouter) -> None:
        """Add the choices page and its form."""
        router.add_api_route(MEMBER_HOME, self.show, methods=READ_METHODS, response_class=HTMLResponse)
        router.add_api_route(f"{MEMBER_HOME}/choices", self.save, methods=["POST"], response_class=HTMLResponse)

    def show(self, request: Request) -> HTMLResponse:
        """Show the member's choices and contact; to anyone without a session, the sign-in page."""
        session = self.sessions.current(request)
        if session is None:
            return show_sign_in(self.page_context, request)
        return self.page(request, session)

    def page(
        self,
        request: Request,
        session: SignedInMember,
        status: int = 200,
        *,
        wrong: str = "",
        written: str = "",
        fault: str = "",
    ) -> HTMLResponse:
        """Render the current choices; `wrong` names the field whose value `written` has a `fault`, a text key."""
        language = self.page_context.language(request)
        with self.page_context.context.ledger.read() as connection:
            consent = choices.consent_state_of(connection, session.member_id)
            contact = contact_row(connection, session.member_id)
            state = contact_state(connection, self.page_context, session.member_id, language)
        return self.page_context.render(
            request,
            "centre",
            language,
            status,
            at=MEMBER_HOME,
            proof=session.csrf_token,
            groups=choice_groups_with_ticks(self.page_context.renderer, language, consent),
            contact=contact,
            whose=" ".join(filter(None, (contact["first_name"], contact["last_name"]))),
            standing=[choice.value for choice in _OVERRIDING if choice in consent.on],
            wrong=wrong,
            written=written,
            fault=fault,
            **state,
        )

    def save(self, request: Request, form: FormBody) -> HTMLResponse:
        """Record the choices that the member changed on this page, each under its text version.

        A choice that changed meanwhile, such as by an unsubscribe in another window, stays unless it was changed here.
        HTTP 400 and no change for an invalid form.
        """
        session = self.sessions.require(request, form)
        language = self.page_context.language(request)
        items = choice_items(self.page_context.renderer, language)
        with self.page_context.context.ledger.write() as connection:
            consent = choices.consent_state_of(connection, session.member_id)
            context_of = partial(ConsentContext, self.page_context.now, ConsentSource.WEB, language)
            entries = list(changed_choices(form, session.member_id, consent, items, context_of))
            try:
                require_known_texts(connection, entries)
            except UnknownConsentTextError as error:
                raise HTTPException(400) from error
            choices.record_choices(connection, entries)
            enqueue.choices_changed(connection, session.member_id, entries, self.page_context.now)
            new_language = self._change_language(connection, session.member_id, form.value("language"))
        changes = [(items[entry.choice], entry.on is items[entry.choice].ticked_is_on) for entry in entries]
        return self.page_context.render(request, "saved", language, at=MEMBER_HOME, said=changes, spoken=new_language)

    def _change_language(self, connection: Connection, member_id: str, wanted: str) -> Language | None:
        """Change the member's language; return it when it differs from before."""
        before = dict(contact_row(connection, member_id))
        if wanted not in set(Language) or before["language"] == wanted:
            return None
        change: Mapping[str, Any] = {"member_id": member_id, "language": wanted}
        self_service_changes.record_change(connection, before, change, self.page_context.now)
        contacts.upsert_contacts(
            connection, [change], self.page_context.context.repository.settings.default_language.value
        )
        return Language(wanted)


def contact_row(connection: Connection, member_id: str) -> RowMapping:
    """Return the contact of a member in a session; HTTP 403 when they were erased meanwhile."""
    row = connection.execute(select(CONTACT).where(CONTACT.c.member_id == member_id)).mappings().one_or_none()
    if row is None:
        raise HTTPException(403)
    return row
