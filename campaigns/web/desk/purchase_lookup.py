"""The expert's page: lines of one member's purchases, by exact criteria, for a purpose (A-25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from campaigns.core.errors import AuthorError
from campaigns.core.model.roles import Act
from campaigns.people.desk import purchase_lines
from campaigns.people.desk.access_reasons import LinesFor, why
from campaigns.people.desk.purchase_lines import Criteria
from campaigns.web.desk.desk_pages import HOME, Counter, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted

_YEARS: Final = range(1900, 2200)  # beyond them reckoning with instants fails


@dataclass(frozen=True)
class Expert:
    """The one page that shows what somebody bought."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """The one task."""
        return (Task(f"{HOME}/lines", Act.READ_LINES, self.read),)

    def read(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """The lines that meet the criteria."""
        member_id, engine = self.counter.member_id(form, agent), self.counter.engine(agent)
        store, department = form.one("store").strip(), form.one("department").strip()
        criteria = Criteria(_day(form.one("first")), _day(form.one("last")), store, department)
        reason = why(form.one("purpose"), form.one("case"), LinesFor, needs_case=True)
        found = purchase_lines.read(engine, member_id, criteria, reason)
        return self.counter.page(
            request,
            agent,
            "lines",
            found=found,
            criteria=criteria,
            member_id=member_id,
            ticket=form.one("ticket"),
            reason=reason,
        )


def _day(written: str) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise AuthorError.about("days", "this is no day", "no_day", "such as 2018-01-31")
    return day
