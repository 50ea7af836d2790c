"""What we hold about a member, and the rights over it: behind the session, and behind a fresh code (C-10, C-11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from audiences.access import sessions
from audiences.access.one_time_codes import Aim, Asked
from audiences.consent.consent_state import Source
from campaigns.core.clock import local_day
from campaigns.core.errors import AuthorError
from campaigns.core.model.enums import Channel
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy import erasure, requests
from campaigns.people.privacy.subject_access import hand_out
from campaigns.store.people import privacy_requests as kept
from campaigns.store.people.people_tables import Request as Filed
from campaigns.web.forms import Form, Posted
from campaigns.web.members.code_page import CodeStep
from campaigns.web.members.data_pages import FORMS, Shown
from campaigns.web.members.login import HOME
from campaigns.web.members.preference_centre import contact_row
from campaigns.web.members.send_code import Codes, asked_channel
from campaigns.web.members.session import Door, SignedIn
from campaigns.web.page_context import READ, Site

_DATA: Final = f"{HOME}/data"
_FILED_HERE: Final = (RequestKind.RESTRICT, RequestKind.OBJECT, RequestKind.CORRECT)


@dataclass(frozen=True)
class OwnData:
    """The pages of a member's own data. Nothing of it is shown, handed out or erased without a fresh code."""

    site: Site
    codes: Codes
    door: Door

    def routes(self) -> APIRouter:
        """The overview, the code and its proof, the whole, its files, requests, erasure."""
        router = APIRouter()
        router.add_api_route(_DATA, self.overview, methods=READ, response_class=HTMLResponse)
        acts: Mapping[str, Callable[..., Response]] = {
            f"{_DATA}/code": self.ask,
            f"{_DATA}/proof": self.prove,
            f"{_DATA}/whole": self.whole,
            f"{_DATA}/file": self.file,
            f"{HOME}/requests": self.request,
            f"{HOME}/erase": self.erase,
        }
        for path, act in acts.items():
            router.add_api_route(path, act, methods=["POST"], response_class=HTMLResponse)
        return router

    def overview(self, request: Request) -> HTMLResponse:
        """What can be done; for everybody else the page that asks for an address."""
        found, language = self.door.who(request), self.site.language(request)
        if found is None:
            return self.site.answer(request, "sign_in", language)
        with self.site.engine.ledger.read() as connection:
            contact = contact_row(connection, found.member_id)
            asked = kept.of_member(connection, found.member_id)
            proved = sessions.is_proved(connection, found.secret, self.site.now)
        ways = [by for by, column in (("email", "email"), ("sms", "phone")) if contact[column]]
        return self.site.answer(
            request, "data", language, proof=found.proof, proved=proved, ways=ways, asked=asked, day=self._day
        )

    def ask(self, request: Request, form: Form) -> HTMLResponse:
        """Send a fresh code to an address that is known."""
        found = self.door.demand(request, form)
        channel = asked_channel(form)
        with self.site.engine.ledger.read() as connection:
            contact = contact_row(connection, found.member_id)
        to = contact["phone" if channel is Channel.SMS else "email"] or ""
        return self._step.ask(
            request,
            lambda challenge: self.codes.to_whom_asked(Asked(challenge, found.member_id, Aim.STEP_UP), channel),
            found,
            to=to,
        )

    def prove(self, request: Request, form: Form) -> Response:
        """Open the session for a while."""
        found = self.door.demand(request, form)
        self.site.count_try(request)
        with self.site.engine.ledger.write() as connection:
            asked = self._step.redeem(connection, form, found)
            if asked is not None:
                sessions.prove(connection, found.secret, self.site.now)
        if asked is None:
            return self._step.again(request, form, found)
        return RedirectResponse(f"{_DATA}?lang={self.site.language(request).value}", 303)

    def whole(self, request: Request, form: Form) -> HTMLResponse:
        """Everything, to read."""
        found, language = self._demand_proved(request, form), self.site.language(request)
        dossier = hand_out(self.site.engine, found.member_id, "page", "member")
        sections = list(self._shown.sections(dossier, language))
        return self.site.answer(
            request, "whole", language, at=_DATA, sections=sections, made_on=self._shown.made_on(dossier)
        )

    def file(self, request: Request, form: Form) -> Response:
        """Everything, to take along."""
        found = self._demand_proved(request, form)
        wanted = form.one("form")
        if wanted not in FORMS:
            raise HTTPException(400)
        dossier = hand_out(self.site.engine, found.member_id, wanted, "member")
        return self._shown.to_take_along(dossier, wanted, self.site.language(request))

    def request(self, request: Request, form: Form) -> HTMLResponse:
        """File a request; restriction and objection hold from this moment on."""
        found = self.door.demand(request, form)
        kind = next((kind for kind in _FILED_HERE if kind == form.one("kind")), None)
        if kind is None or (kind is RequestKind.CORRECT and not form.one("words").strip()):
            raise HTTPException(400)
        filed = self._file(found.member_id, kind, form.one("words"))
        return self._say_filed(request, filed)

    def erase(self, request: Request, form: Form) -> HTMLResponse:
        """Forget the member; filed as a request when the warehouse is being written to at this moment."""
        found, language = self._demand_proved(request, form), self.site.language(request)
        if form.one("sure") != "yes":
            raise HTTPException(400)
        try:
            erasure.erase_and_tell(self.site.engine, found.member_id)
        except AuthorError:
            filed = self._file(found.member_id, RequestKind.ERASE, "")
            return self._say_filed(request, filed)
        page = self.site.answer(request, "erased", language, at=HOME)
        self.door.let_out(page, found)
        return page

    def _file(self, member_id: str, kind: RequestKind, words: str) -> Filed:
        return requests.file(self.site.engine, member_id, kind, Source.WEB, words)

    def _say_filed(self, request: Request, filed: Filed) -> HTMLResponse:
        language, at_once = self.site.language(request), filed.kind in requests.AT_ONCE
        return self.site.answer(
            request, "filed", language, at=_DATA, kind=filed.kind, due=filed.due_on, at_once=at_once
        )

    def _day(self, at: datetime) -> date:
        return local_day(at, self.site.engine.library.settings.zone)

    def _demand_proved(self, request: Request, form: Posted) -> SignedIn:
        """The member, who has typed a fresh code; HTTP 403 otherwise."""
        found = self.door.demand(request, form)
        with self.site.engine.ledger.read() as connection:
            if not sessions.is_proved(connection, found.secret, self.site.now):
                raise HTTPException(403)
        return found

    @property
    def _shown(self) -> Shown:
        return Shown(self.site.pages, self.site.engine.library.catalogue)

    @property
    def _step(self) -> CodeStep:
        return CodeStep(self.site, f"{_DATA}/proof", _DATA, frozenset({Aim.STEP_UP}))
