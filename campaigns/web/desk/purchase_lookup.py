"""Expert page: purchase lines of one member by exact criteria, for a stated purpose (A-25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission
from campaigns.people.desk import purchase_lines
from campaigns.people.desk.access_reasons import PurchaseLinesPurpose, parse_reason
from campaigns.people.desk.purchase_lines import PurchaseCriteria
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields

_YEARS: Final = range(1900, 2200)  # outside them, datetime arithmetic overflows


@dataclass(frozen=True)
class PurchaseLookupPage:
    """The only page that shows purchases."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the only task."""
        return (DeskTask(f"{DESK_HOME}/lines", Permission.READ_LINES, self.read, needs_check=True),)

    def read(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Show the lines that match the criteria."""
        member_id, context = self.desk.member_id(form, agent), self.desk.context_as(agent)
        store, department = form.value("store").strip(), form.value("department").strip()
        criteria = PurchaseCriteria(_day(form.value("first")), _day(form.value("last")), store, department)
        reason = parse_reason(form.value("purpose"), form.value("case"), PurchaseLinesPurpose, needs_case=True)
        lines = purchase_lines.read_lines(context, member_id, criteria, reason)
        return self.desk.render(
            request,
            agent,
            "lines",
            lines=lines,
            criteria=criteria,
            member_id=member_id,
            ticket=form.value("ticket"),
            reason=reason,
        )


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise UserError.about("days", "this is not a day", "no_day", "such as 2018-01-31")
    return day
