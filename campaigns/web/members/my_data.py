"""Pages of a member's own data and rights: behind the session, and mostly behind a fresh code (C-10, C-11)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import RowMapping

from audiences.access import sessions
from audiences.access.code_allowances import signed_in_member
from audiences.access.one_time_codes import CodeAim, CodeRequest
from audiences.consent import choices
from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel, Choice, Language
from campaigns.core.model.phone_countries import takes_text_messages
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.people.privacy import contact_proofs, erasure, requests
from campaigns.people.privacy.subject_access import export_with_audit
from campaigns.rendering.notice_writer import copy_lines
from campaigns.store.people import privacy_requests
from campaigns.store.people.people_tables import PrivacyRequest
from campaigns.web.forms import FormBody, FormFields
from campaigns.web.members.browser_cookies import BrowserCookies
from campaigns.web.members.code_page import CodePage
from campaigns.web.members.contact_state import contact_state, local_moment
from campaigns.web.members.data_pages import EXPORT_FORMATS, DataPages
from campaigns.web.members.login import MEMBER_HOME, show_sign_in
from campaigns.web.members.month_chart import month_charts
from campaigns.web.members.preference_centre import contact_row
from campaigns.web.members.send_code import OneTimeCodes, requested_channel
from campaigns.web.members.session import MemberSessions, SignedInMember
from campaigns.web.page_context import READ_METHODS, PageContext
from campaigns.web.page_renderer import translate

_DATA: Final = f"{MEMBER_HOME}/data"
_MAX_WORD: Final = 40
_REQUEST_KINDS: Final = (RequestKind.RESTRICT, RequestKind.OBJECT, RequestKind.CORRECT)


@dataclass(frozen=True)
class MyDataPages:
    """Pages of a member's own data. Data is shown, exported or erased only after a fresh code."""

    page_context: PageContext
    codes: OneTimeCodes
    sessions: MemberSessions

    def add_routes(self, router: APIRouter) -> None:
        """Add the overview, the code forms, the data page, its downloads, requests and erasure."""
        router.add_api_route(_DATA, self.overview, methods=READ_METHODS, response_class=HTMLResponse)
        acts: Mapping[str, Callable[..., Response]] = {
            f"{_DATA}/code": self.send_code,
            f"{_DATA}/proof": self.confirm,
            f"{_DATA}/whole": self.show_all,
            f"{_DATA}/file": self.file,
            f"{MEMBER_HOME}/requests": self.request,
            f"{MEMBER_HOME}/restriction": self.lift_restriction,
            f"{MEMBER_HOME}/erase": self.erase,
        }
        for path, act in acts.items():
            router.add_api_route(path, act, methods=["POST"], response_class=HTMLResponse)

    def overview(self, request: Request) -> HTMLResponse:
        """Show the options; to anyone without a session, the sign-in page."""
        session = self.sessions.current(request)
        if session is None:
            return show_sign_in(self.page_context, request)
        return self._overview(request, session)

    def _overview(
        self, request: Request, session: SignedInMember, status: int = 200, *, wrong: str = "", written: str = ""
    ) -> HTMLResponse:
        """Render the options; `wrong` names the form that was refused, with what was `written` in it."""
        language = self.page_context.language(request)
        with self.page_context.context.ledger.read() as connection:
            contact = contact_row(connection, session.member_id)
            filed_requests = privacy_requests.list_for_member(connection, session.member_id)
            proved = sessions.is_stepped_up(connection, session.secret, self.page_context.now)
            state = contact_state(connection, self.page_context, session.member_id, language)
            restricted = Choice.RESTRICTED in choices.consent_state_of(connection, session.member_id).on
            unproven = contact_changes.unproven_changes(connection, session.member_id)
        channels = {"email": Channel.EMAIL, "phone": Channel.SMS}
        usable = [channel for name, channel in channels.items() if name not in unproven]
        ways = [channel.value for channel in usable if self._code_address(contact, channel)]
        return self.page_context.render(
            request,
            "data",
            language,
            status,
            at=_DATA,
            proof=session.csrf_token,
            proved=proved,
            restricted=restricted,
            ways=ways,
            requests=filed_requests,
            day=self._day,
            **state,
            wrong=wrong,
            written=written,
        )

    def send_code(self, request: Request, form: FormBody) -> HTMLResponse:
        """Send a fresh code to a known address."""
        session = self.sessions.require(request, form)
        channel = requested_channel(form)
        with self.page_context.context.ledger.read() as connection:
            contact = contact_row(connection, session.member_id)
        to = self._code_address(contact, channel)
        if not to:  # the page offers only addresses that a code can go to
            raise HTTPException(400)
        requester = signed_in_member(self.page_context.context.signer, session.member_id)
        return self._code_page.send_and_show(
            request,
            requester,
            lambda challenge: self.codes.send_to_requester(
                CodeRequest(challenge, session.member_id, CodeAim.STEP_UP), channel, requester
            ),
            session,
            to=to,
        )

    def _code_address(self, contact: RowMapping, channel: Channel) -> str:
        """Return the address that a code can go to by a channel; empty when there is none."""
        if channel is not Channel.SMS:
            return contact["email"] or ""
        number, countries = contact["phone"] or "", self.page_context.context.repository.settings.sms_countries
        return number if takes_text_messages(number, countries) else ""

    def confirm(self, request: Request, form: FormBody) -> Response:
        """Unlock the session for a while."""
        session = self.sessions.require(request, form)
        self.page_context.limit_attempts(request)
        with self.page_context.context.ledger.write() as connection:
            code_request = self._code_page.redeem(connection, form, session)
            if code_request is not None:
                sessions.step_up(connection, session.secret, self.page_context.now)
        if code_request is None:
            return self._code_page.show_again(request, form, session)
        response = RedirectResponse(f"{_DATA}?lang={self.page_context.language(request).value}", 303)
        BrowserCookies(self.page_context).forget_challenge(response)
        return response

    def show_all(self, request: Request, form: FormBody) -> HTMLResponse:
        """Show all data."""
        session, language = self._require_fresh_code(request, form), self.page_context.language(request)
        held = self._hold(request, session, RequestKind.ACCESS)
        if held is not None:
            return held
        export = export_with_audit(self.page_context.engine.queries, session.member_id, "page", "member")
        pages = self._data_pages
        return self.page_context.render(
            request,
            "my_data",
            language,
            at=_DATA,
            sections=list(pages.readable_sections(export, language)),
            charts=month_charts(export, pages.renderer.settings, language),
            made_on=pages.made_on(export),
        )

    def file(self, request: Request, form: FormBody) -> Response:
        """Return all data as a download."""
        session = self._require_fresh_code(request, form)
        file_format = form.value("form")
        if file_format not in EXPORT_FORMATS:
            raise HTTPException(400)
        held = self._hold(request, session, RequestKind.ACCESS)
        if held is not None:
            return held
        export = export_with_audit(self.page_context.engine.queries, session.member_id, file_format, "member")
        return self._data_pages.download(export, file_format, self.page_context.language(request))

    def request(self, request: Request, form: FormBody) -> HTMLResponse:
        """File a request; restriction, which needs a fresh code, and objection take effect at once."""
        kind = next((kind for kind in _REQUEST_KINDS if kind == form.value("kind")), None)
        restricts, words = kind is RequestKind.RESTRICT, form.value("words")
        session = self._require_fresh_code(request, form) if restricts else self.sessions.require(request, form)
        if kind is None or (kind is RequestKind.CORRECT and not words.strip()):
            raise HTTPException(400)
        try:
            filed = self._file(session.member_id, kind, words)
        except UserError as error:
            if error.problems[0].code != "long_request":
                raise
            return self._overview(request, session, 400, wrong="correct", written=words)
        return self._filed_page(request, filed)

    def lift_restriction(self, request: Request, form: FormBody) -> HTMLResponse:
        """Lift the member's restriction, after a fresh code (GD-13)."""
        session = self._require_fresh_code(request, form)
        requests.lift_restriction(self.page_context.context, session.member_id)
        return self.page_context.render(request, "restriction_lifted", self.page_context.language(request), at=_DATA)

    def erase(self, request: Request, form: FormBody) -> HTMLResponse:
        """Erase the member, who typed the word for it; file a request instead while the warehouse is being written."""
        session, language = self._require_fresh_code(request, form), self.page_context.language(request)
        if form.value("word").strip().casefold() not in _erasure_words():
            return self._overview(request, session, 400, wrong="erase", written=form.value("word")[:_MAX_WORD])
        held = self._hold(request, session, RequestKind.ERASE)
        if held is not None:
            return held
        try:
            copies = erasure.erase_and_notify(self.page_context.context, session.member_id)
        except UserError:
            filed = self._file(session.member_id, RequestKind.ERASE, "")
            return self._filed_page(request, filed)
        lines = copy_lines(copies.days(), language, self.page_context.context.repository.settings)
        page = self.page_context.render(request, "erased", language, at=MEMBER_HOME, copies=lines)
        self.sessions.end(page, session)
        return page

    def _hold(self, request: Request, session: SignedInMember, kind: RequestKind) -> HTMLResponse | None:
        """Put a request on hold after a change of contact, and say until when; None when nothing waits."""
        held = contact_proofs.hold_while_waiting(self.page_context.context, session.member_id, kind)
        if held is None:
            return None
        language = self.page_context.language(request)
        opens_on, opens_hour = local_moment(self.page_context, held.opens_at, language)
        return self.page_context.render(
            request, "held", language, 403, at=_DATA, opens_on=opens_on, opens_hour=opens_hour
        )

    def _file(self, member_id: str, kind: RequestKind, words: str) -> PrivacyRequest:
        return requests.file(self.page_context.context, member_id, kind, ConsentSource.WEB, words)

    def _filed_page(self, request: Request, filed: PrivacyRequest) -> HTMLResponse:
        language, at_once = self.page_context.language(request), filed.kind in requests.IMMEDIATE_CHOICES
        return self.page_context.render(
            request, "request_filed", language, at=_DATA, kind=filed.kind, due=filed.due_on, at_once=at_once
        )

    def _day(self, at: datetime) -> date:
        return local_day(at, self.page_context.context.repository.settings.zone)

    def _require_fresh_code(self, request: Request, form: FormFields) -> SignedInMember:
        """Return the session after a fresh code; HTTP 403 otherwise."""
        session = self.sessions.require(request, form)
        with self.page_context.context.ledger.read() as connection:
            if not sessions.is_stepped_up(connection, session.secret, self.page_context.now):
                raise HTTPException(403)
        return session

    @property
    def _data_pages(self) -> DataPages:
        return DataPages(self.page_context.renderer, self.page_context.context.repository.catalogue)

    @property
    def _code_page(self) -> CodePage:
        return CodePage(self.page_context, f"{_DATA}/proof", _DATA, frozenset({CodeAim.STEP_UP}))


def _erasure_words() -> frozenset[str]:
    """Return the word that confirms an erasure, in every language: a page may have been translated."""
    return frozenset(translate("erase_word", language).casefold() for language in Language)
