"""Desk page for experts: purchase lines of one member, by exact criteria and for a purpose (A-25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from campaigns.core.model.roles import Permission
from campaigns.people.desk import purchase_lines
from campaigns.people.desk.access_reasons import AccessReason, PurchaseLinesPurpose, parse_reason
from campaigns.people.desk.purchase_lines import PurchaseCriteria
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import LINES
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields, parse_day


@dataclass(frozen=True)
class PurchaseLookupPage:
    """The only page that shows purchases."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the only task."""
        return (DeskTask(f"{DESK_HOME}/lines", Permission.READ_LINES, self.ask, needs_check=True),)

    def views(self) -> Sequence[DeskView]:
        """Return the page with the lines of one query."""
        return (DeskView(f"{DESK_HOME}/lines/{{ticket}}", Permission.READ_LINES, self.show),)

    def ask(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Write the query into the audit log and open its page."""
        visit = self.desk.visit(form, agent)
        store, department = form.value("store").strip(), form.value("department").strip()
        first, last = (parse_day(form.value(name), name) for name in ("first", "last"))
        criteria = PurchaseCriteria(first, last, store, department)
        reason = parse_reason(form.value("purpose"), form.value("case"), PurchaseLinesPurpose, needs_case=True)
        purchase_lines.note_query(self.desk.context_as(agent), visit.member_id, criteria, reason)
        content = {
            "member": visit.member_id,
            "page": visit.ticket,
            "criteria": criteria.detail,
            "purpose": reason.word.value,
            "case": reason.case,
        }
        return self.desk.redirect(request, f"/lines/{self.desk.tickets.open(agent, LINES, content)}")

    def show(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the lines that match the criteria of a query in the audit log."""
        content = self.desk.content_of_page(agent, LINES, ticket)
        self.desk.require_check(agent, content["member"])
        stored = content["criteria"]
        first, last = (date.fromisoformat(stored[name]) for name in ("first", "last"))
        criteria = PurchaseCriteria(first, last, stored["store"], stored["department"])
        return self.desk.render(
            request,
            agent,
            "lines",
            lines=purchase_lines.read_lines(self.desk.context_as(agent), content["member"], criteria),
            criteria=criteria,
            member_id=content["member"],
            ticket=content["page"],
            reason=AccessReason(PurchaseLinesPurpose(content["purpose"]), content["case"]),
        )
