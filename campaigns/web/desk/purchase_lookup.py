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
from campaigns.people.desk.access_reasons import LinesFor, why
from campaigns.people.desk.purchase_lines import Criteria
from campaigns.web.desk.desk_pages import HOME, Counter, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted

_YEARS: Final = range(1900, 2200)  # outside them, datetime arithmetic overflows


@dataclass(frozen=True)
class Expert:
    """The only page that shows purchases."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """Return the only task."""
        return (Task(f"{HOME}/lines", Permission.READ_LINES, self.read),)

    def read(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Show the lines that match the criteria."""
        member_id, engine = self.counter.member_id(form, agent), self.counter.engine(agent)
        store, department = form.one("store").strip(), form.one("department").strip()
        criteria = Criteria(_day(form.one("first")), _day(form.one("last")), store, department)
        reason = why(form.one("purpose"), form.one("case"), LinesFor, needs_case=True)
        lines = purchase_lines.read(engine, member_id, criteria, reason)
        return self.counter.page(
            request,
            agent,
            "lines",
            found=lines,
            criteria=criteria,
            member_id=member_id,
            ticket=form.one("ticket"),
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
