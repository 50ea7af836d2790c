"""Desk page for experts: purchase lines of one member, by exact criteria and for a purpose (A-25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission
from campaigns.people.desk import purchase_lines
from campaigns.people.desk.access_reasons import AccessReason, PurchaseLinesPurpose, parse_reason
from campaigns.people.desk.purchase_lines import PurchaseCriteria
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import LINES
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields

_YEARS: Final = range(1900, 2200)  # outside them, datetime arithmetic overflows


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
        criteria = PurchaseCriteria(_day(form, "first"), _day(form, "last"), store, department)
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
        content = self.desk.tickets.read(agent, LINES, ticket)
        if content is None:
            raise HTTPException(404)
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


def _day(form: FormFields, name: str) -> date:
    try:
        day = date.fromisoformat(form.value(name))
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise UserError.about(name, "this is not a day", "no_day", "such as 2018-01-31")
    return day
