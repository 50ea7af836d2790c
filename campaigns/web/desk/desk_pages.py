"""State and helpers that desk pages share: forms that require a role, look-up tickets, refusals."""

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from audiences.consent.consent_state import ConsentSource
from audiences.people import contact_changes
from audiences.people.find_members import SearchField
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Permission
from campaigns.people.desk import caller_identity, lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason, PurchaseLinesPurpose, parse_reason
from campaigns.people.desk.caller_identity import IdentityDocument
from campaigns.people.desk.changes import DESK_MARKS, DESK_SOURCES
from campaigns.people.desk.lookup import MemberContact, MemberRecord
from campaigns.people.desk.purchase_lines import MAX_PERIOD
from campaigns.people.privacy import merging
from campaigns.rendering.choice_labels import choice_label, is_label_enabled
from campaigns.web.desk.staff_session import SignedInStaff, StaffSessions
from campaigns.web.forms import FormBody, FormFields
from campaigns.web.members.choice_list import choice_groups, choice_groups_with_ticks
from campaigns.web.page_context import PageContext
from campaigns.web.page_renderer import page_texts
from campaigns.web.throttling import SharedThrottle
from campaigns.workspace.context import Context

DESK_HOME: Final = "/desk"
_NO_CHECK: Final = "no_caller_check"

FormHandler = Callable[[Request, FormFields, SignedInStaff], Response]


@dataclass(frozen=True, slots=True)
class DeskTask:
    """Form of the desk: path, required act, handler. All are POST, since every look-up is written to the audit log.

    `needs_check`: refused until the caller is checked in this session.
    """

    path: str
    act: Permission
    handler: FormHandler
    needs_check: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refused form: the text key of the reason in `because`, and the fields in `typed`."""

    because: str
    typed: FormFields


NO_REFUSAL: Final = Refusal("", FormFields({}))


@dataclass(frozen=True)
class DeskPages:
    """Desk pages of one process."""

    page_context: PageContext
    sessions: StaffSessions

    @LockedCachedProperty
    def look_up_throttle(self) -> SharedThrottle:
        """Throttle of members that one account may look up."""
        return SharedThrottle(
            self.page_context.context.ledger, self.page_context.context.signer, "looking", 60, timedelta(minutes=15)
        )

    def router(self, tasks: Iterable[DeskTask]) -> APIRouter:
        """Return the routes of tasks; each checks its act before anything else."""
        router = APIRouter()
        for task in tasks:
            router.add_api_route(task.path, self._guarded(task), methods=["POST"], response_class=HTMLResponse)
        return router

    def _guarded(self, task: DeskTask) -> Callable[[Request, FormFields], Response]:
        def answer(request: Request, form: FormBody) -> Response:
            agent = self.sessions.require(request, form, task.act)
            try:
                if task.needs_check:
                    self.require_check(agent, self.member_id(form, agent))
                return task.handler(request, form, agent)
            except UserError as error:
                return self.render_refusal(request, agent, form, error)

        return answer

    def context_as(self, agent: SignedInStaff) -> Context:
        """Return a context whose actor is the agent."""
        return self.page_context.context.as_user(agent.account.name)

    def render(
        self, request: Request, agent: SignedInStaff | None, name: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Render a desk page with the values that all of them need."""
        shared = {
            "agent": agent and agent.account.name,
            "proof": agent and agent.csrf_token,
            "may": {act.value: agent is not None and agent.may(act) for act in Permission},
            "grounds": [ground.value for ground in LookUpReason],
            "ways": [by.value for by in SearchField],
            "day": partial(local_day, zone=self.page_context.context.repository.settings.zone),
        }
        language = self.page_context.language(request)
        return self.page_context.render(request, f"desk/{name}", language, status, at=DESK_HOME, **{**shared, **values})

    def render_refusal(
        self, request: Request, agent: SignedInStaff, form: FormFields, error: UserError
    ) -> HTMLResponse:
        """Render a refusal over the submitted form where it can be corrected, in the agent's language.

        The browser cannot go back to the form: desk pages are not cached.
        """
        code = error.problems[0].code
        refusal = Refusal(f"refused_{code}" if f"refused_{code}" in page_texts() else "refused", form)
        if form.value("ground"):
            return self.render(request, agent, "home", 400, refused=refusal)
        if form.value("ticket"):
            try:
                return self.render_member_again(request, agent, self.member_id(form, agent), refused=refusal)
            except UserError:  # the member no longer exists
                pass
        return self.render(request, agent, "refused", 400, because=refusal.because)

    def access_reason(self, form: FormFields) -> AccessReason:
        """Return the reason of a look-up; raise UserError when it is missing."""
        return parse_reason(form.value("ground"), form.value("case"), LookUpReason)

    def limit_look_ups(self, agent: SignedInStaff) -> None:
        """Count a look-up; HTTP 429 over the limit."""
        if not self.look_up_throttle.allows(agent.account.name, self.page_context.now):
            raise HTTPException(429)

    def look_up_ticket(self, agent: SignedInStaff, member_id: str) -> str:
        """Return proof that the agent looked the member up in this session, and that the audit log has it."""
        return self.page_context.context.signer.keyed_hash("desk ticket", agent.secret, member_id)

    def member_id(self, form: FormFields, agent: SignedInStaff) -> str:
        """Return the member of a form; HTTP 403 without the ticket of the look-up."""
        member_id = form.value("member")
        if not hmac.compare_digest(form.value("ticket").encode(), self.look_up_ticket(agent, member_id).encode()):
            raise HTTPException(403)
        return member_id

    def check_session(self, agent: SignedInStaff, member_id: str) -> str:
        """Return the key of a caller check: of this member, in this session of the agent."""
        return self.page_context.context.signer.keyed_hash("caller check", agent.secret, member_id)

    def is_checked(self, agent: SignedInStaff, member_id: str) -> bool:
        """Return whether the caller was checked in this session a short while ago."""
        return caller_identity.is_checked(self.page_context.context, self.check_session(agent, member_id))

    def require_check(self, agent: SignedInStaff, member_id: str) -> None:
        """Raise UserError until the caller is checked."""
        if not self.is_checked(agent, member_id):
            message = "the caller is not checked"
            raise UserError.about(member_id, message, _NO_CHECK, "check the caller first; stopping needs no check")

    def source(self, form: FormFields) -> ConsentSource:
        """Return whether the member is at the desk or on the telephone; HTTP 400 for anything else."""
        code = form.value("source")
        if code not in {source.value for source in DESK_SOURCES}:
            raise HTTPException(400)
        return ConsentSource(code)

    def person(self, agent: SignedInStaff, member_id: str) -> MemberContact:
        """Return a member who was looked up in this session, for a confirmation page."""
        return lookup.reload(self.context_as(agent), member_id, unmask=agent.may(Permission.UNMASK)).person

    def render_member_again(
        self,
        request: Request,
        agent: SignedInStaff,
        member_id: str,
        done_text: str = "",
        refused: Refusal = NO_REFUSAL,
    ) -> HTMLResponse:
        """Render the page of a member again; `done_text` is the text key of the change that was made."""
        member = lookup.reload(self.context_as(agent), member_id, unmask=agent.may(Permission.UNMASK))
        return self.render_member(request, agent, member, done_text, refused)

    def render_member(
        self,
        request: Request,
        agent: SignedInStaff,
        member: MemberRecord,
        done_text: str = "",
        refused: Refusal = NO_REFUSAL,
    ) -> HTMLResponse:
        """Render a member's page, or before the caller is checked the page of the check."""
        if not self.is_checked(agent, member.person.member_id):
            return self._render_check(request, agent, member, done_text, refused)
        language = self.page_context.language(request)
        return self.render(
            request,
            agent,
            "member",
            400 if refused.because else 200,
            member=member,
            refused=refused,
            opened=request.url.path.rsplit("/", 1)[-1] if refused.because else "",
            ticket=self.look_up_ticket(agent, member.person.member_id),
            said=done_text,
            groups=choice_groups_with_ticks(self.page_context.renderer, language, member.consent_state),
            kinds=[kind.value for kind in RequestKind],
            purposes=[purpose.value for purpose in PurchaseLinesPurpose],
            most_days=MAX_PERIOD.days,
            name_of=partial(choice_label, language=language, settings=self.page_context.renderer.settings),
            comes=is_label_enabled,
            unproven=self._unproven(member.person.member_id),
            merges=self._merges(agent, member.person.member_id),
        )

    def _merges(self, agent: SignedInStaff, member_id: str) -> Sequence[tuple[str, date]]:
        """Return the merges into a member that the agent may undo."""
        if not agent.may(Permission.APPROVE_MERGE):
            return ()
        zone = self.page_context.context.repository.settings.zone
        merges = merging.list_merges(self.page_context.context, member_id)
        return [(merged_id, local_day(at, zone)) for merged_id, at in merges]

    def _unproven(self, member_id: str) -> Mapping[str, bool]:
        """Return the fields of a member that are not proven, each with whether a refusal blocks it."""
        with self.page_context.context.ledger.read() as connection:
            unproven = contact_changes.unproven_changes(connection, member_id)
        return {name: change.refused_at is not None for name, change in unproven.items()}

    def _render_check(
        self, request: Request, agent: SignedInStaff, member: MemberRecord, done_text: str, refused: Refusal
    ) -> HTMLResponse:
        """Render the check of a caller, over a card that shows nothing that a caller should know."""
        context, member_id = self.context_as(agent), member.person.member_id
        language = self.page_context.language(request)
        may_read = agent.may(Permission.READ_LINES)
        questions = caller_identity.draw_questions(context, member_id, with_purchases=may_read)
        status = 403 if refused.because == f"refused_{_NO_CHECK}" else 400 if refused.because else 200
        return self.render(
            request,
            agent,
            "caller_check",
            status,
            person=lookup.masked(member.person),
            marks=[choice.value for choice in DESK_MARKS if choice in member.consent_state.on],
            refused=refused,
            said=done_text,
            ticket=self.look_up_ticket(agent, member_id),
            questions=[question.name for question in questions],
            destinations={
                channel.value: masked
                for channel, masked in caller_identity.code_destinations(context, member_id).items()
            },
            documents=[document.value for document in IdentityDocument],
            groups=choice_groups(self.page_context.renderer, language),
        )
