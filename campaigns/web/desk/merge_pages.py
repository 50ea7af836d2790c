"""Desk pages that merge two numbers of one person: both are looked up and shown before they become one (C-12)."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.people.privacy import erasure
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import Visit
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields


@dataclass(frozen=True)
class MergePages:
    """Merge form of a member's page, and its confirmation."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the only task."""
        return (DeskTask(f"{DESK_HOME}/merge", Permission.MERGE, self.merge),)

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
            erasure.merge(context, duplicate.member_id, visit.member_id)
            return self.desk.return_to_member(request, agent, visit, "done_merge")
        self.desk.limit_look_ups(agent)
        reason = AccessReason(LookUpReason.DUPLICATE)
        lookup.look_up(context, other, reason, unmask=agent.may(Permission.UNMASK))
        other_ticket = self.desk.tickets.open_visit(agent, other, reason)
        self.desk.tickets.end_form(agent, visit, {"other": other_ticket})
        return self.desk.redirect(request, f"/member/{visit.ticket}/merge")

    def compare(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the duplicate beside the member."""
        visit = self.desk.visit_of_page(agent, ticket)
        duplicate = self._duplicate(agent, visit)
        if duplicate is None:
            raise HTTPException(404)
        context, unmask = self.desk.context_as(agent), agent.may(Permission.UNMASK)
        member = lookup.contact(context, visit.member_id, unmask=unmask)
        other = lookup.contact(context, duplicate.member_id, unmask=unmask)
        return self.desk.render(request, agent, "merge", member=member, other=other, ticket=ticket)

    def _duplicate(self, agent: SignedInStaff, visit: Visit) -> Visit | None:
        """Return the look-up of the duplicate that this page asked for, if it did."""
        return self.desk.tickets.visit(agent, visit.outcome.get("other", ""))
