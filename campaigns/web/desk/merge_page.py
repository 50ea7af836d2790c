"""Desk page that shows two ids side by side and merges them, and the undo by a supervisor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from campaigns.core.clock import local_day
from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.desk.lookup import MemberRecord
from campaigns.people.privacy import merging
from campaigns.rendering.choice_labels import choice_label
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields


@dataclass(frozen=True)
class MergePage:
    """Forms that merge two ids of one person, and undo that."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: compare and merge, undo."""
        return (
            DeskTask(f"{DESK_HOME}/merge", Permission.MERGE, self.merge, needs_check=True),
            DeskTask(f"{DESK_HOME}/unmerge", Permission.APPROVE_MERGE, self.unmerge, needs_check=True),
        )

    def merge(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Show the duplicate beside the member; merge them once that is confirmed."""
        into, other = self.desk.member_id(form, agent), form.value("other").strip()
        context, may_approve = self.desk.context_as(agent), agent.may(Permission.APPROVE_MERGE)
        if form.value("confirmed"):
            self.desk.member_id(FormFields({"member": [other], "ticket": form.values("other_ticket")}), agent)
            approved = may_approve and form.value("approved") == "yes"
            merging.merge(context, other, into, approved=approved)
            return self.desk.render_member_again(request, agent, into, "done_merge")
        self.desk.limit_look_ups(agent)
        unmask = agent.may(Permission.UNMASK)
        member = lookup.reload(context, into, unmask=unmask)
        duplicate = lookup.look_up(context, other, AccessReason(LookUpReason.DUPLICATE), unmask=unmask)
        comparison = merging.compare(context, other, into)
        return self.desk.render(
            request,
            agent,
            "merge",
            member=member.person,
            other=duplicate.person,
            sides=[
                self._side(request, member, comparison.target, masked=False),
                self._side(request, duplicate, comparison.duplicate, masked=not may_approve),
            ],
            facts=comparison.agreement.facts,
            conflict=comparison.agreement.conflict,
            is_enough=comparison.agreement.is_enough,
            may_approve=may_approve,
            ticket=form.value("ticket"),
            other_ticket=self.desk.look_up_ticket(agent, duplicate.person.member_id),
        )

    def unmerge(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Undo a merge into the member."""
        into, merged = self.desk.member_id(form, agent), form.value("merged")
        merging.unmerge_from(self.desk.context_as(agent), merged, into)
        return self.desk.render_member_again(request, agent, into, "done_unmerge")

    def _side(self, request: Request, member: MemberRecord, facts: Any, *, masked: bool) -> Mapping[str, Any]:
        """Return one column; the caller was checked for the other id, so this one's contact is masked for an agent."""
        language = self.desk.page_context.language(request)
        settings = self.desk.page_context.renderer.settings
        zone = self.desk.page_context.context.repository.settings.zone
        consent = member.consent_state
        names = [*(f"newsletter:{name}" for name in sorted(consent.newsletters)), *sorted(consent.on)]
        return {
            "person": lookup.masked(member.person) if masked else member.person,
            "is_masked": masked,
            "birth_year": facts.birth_year,
            "household": facts.contact["household_id"],
            "last_purchase": facts.last_purchase and local_day(facts.last_purchase, zone),
            "choices": [choice_label(name, language, settings) for name in names],
        }
