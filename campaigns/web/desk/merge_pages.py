"""Desk pages that merge two ids of one person: both are looked up and compared first, and a supervisor can undo it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from audiences.people.merge_facts import MemberFacts
from campaigns.core.clock import local_day
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.privacy import merging
from campaigns.rendering.choice_labels import choice_label
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import Visit
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields


@dataclass(frozen=True)
class MergePages:
    """Forms that merge two ids of one person, and undo that; the page between them compares both (C-12)."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: merge, undo."""
        return (
            DeskTask(f"{DESK_HOME}/merge", Permission.MERGE, self.merge, needs_check=True),
            DeskTask(f"{DESK_HOME}/unmerge", Permission.APPROVE_MERGE, self.unmerge, needs_check=True),
        )

    def views(self) -> Sequence[DeskView]:
        """Return the page that shows both members."""
        return (DeskView(f"{DESK_HOME}/member/{{ticket}}/merge", Permission.MERGE, self.compare),)

    def merge(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Look the duplicate up and show both; merge them once that is confirmed."""
        visit, other = self.desk.visit(form, agent), form.value("other").strip()
        context = self.desk.context_as(agent)
        if form.value("confirmed"):
            duplicate = self._duplicate(agent, visit)
            if duplicate is None:
                raise HTTPException(403)
            if other != duplicate.member_id:  # the page is an old one, of another comparison
                message = "another id was compared with this one meanwhile"
                raise UserError.about(other, message, "other_compared", "compare the two again")
            approved = agent.may(Permission.APPROVE_MERGE) and form.value("approved") == "yes"
            merging.merge(context, duplicate.member_id, visit.member_id, approved=approved)
            return self.desk.return_to_member(request, agent, visit, "done_merge")
        self.desk.limit_look_ups(agent)
        reason = AccessReason(LookUpReason.DUPLICATE)
        lookup.look_up(context, other, reason, unmask=agent.may(Permission.UNMASK))
        merging.compare(context, other, visit.member_id)
        other_ticket = self.desk.tickets.open_visit(agent, other, reason)
        self.desk.tickets.end_form(agent, visit, {"other": other_ticket})
        return self.desk.redirect(request, f"/member/{visit.ticket}/merge")

    def compare(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the duplicate beside the member, and what agrees."""
        visit = self.desk.visit_of_page(agent, ticket)
        self.desk.require_check(agent, visit.member_id)
        duplicate = self._duplicate(agent, visit)
        if duplicate is None:
            raise HTTPException(404)
        may_approve = agent.may(Permission.APPROVE_MERGE)
        comparison = merging.compare(self.desk.context_as(agent), duplicate.member_id, visit.member_id)
        member = self._side(request, agent, visit.member_id, comparison.target, masked=False)
        other = self._side(request, agent, duplicate.member_id, comparison.duplicate, masked=not may_approve)
        return self.desk.render(
            request,
            agent,
            "merge",
            member=member["person"],
            other=other["person"],
            sides=[member, other],
            facts=comparison.agreement.facts,
            conflict=comparison.agreement.conflict,
            is_enough=comparison.agreement.is_enough,
            may_approve=may_approve,
            ticket=ticket,
        )

    def unmerge(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Undo a merge into the member."""
        visit = self.desk.visit(form, agent)
        merging.unmerge_from(self.desk.context_as(agent), form.value("merged"), visit.member_id)
        return self.desk.return_to_member(request, agent, visit, "done_unmerge")

    def _duplicate(self, agent: SignedInStaff, visit: Visit) -> Visit | None:
        """Return the look-up of the duplicate that this page asked for, if it did."""
        return self.desk.tickets.visit(agent, visit.outcome.get("other", ""))

    def _side(
        self, request: Request, agent: SignedInStaff, member_id: str, facts: MemberFacts, *, masked: bool
    ) -> Mapping[str, object]:
        """Return one column; the caller was checked for the other id, so this one's contact is masked for an agent."""
        context = self.desk.context_as(agent)
        member = lookup.reload(context, member_id, unmask=agent.may(Permission.UNMASK))
        language, settings = self.desk.page_context.language(request), self.desk.page_context.renderer.settings
        consent = member.consent_state
        names = [*(f"newsletter:{name}" for name in sorted(consent.newsletters)), *sorted(consent.on)]
        return {
            "person": lookup.masked(member.person) if masked else member.person,
            "is_masked": masked,
            "birth_year": facts.birth_year,
            "household": facts.contact["household_id"],
            "last_purchase": facts.last_purchase and local_day(facts.last_purchase, context.repository.settings.zone),
            "choices": [choice_label(name, language, settings) for name in names],
        }
