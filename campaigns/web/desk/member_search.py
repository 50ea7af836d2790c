"""Desk pages that find, look up and merge members."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.people.find_members import SearchField
from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import Ground, Why
from campaigns.people.privacy import erasure
from campaigns.web.desk.desk_pages import HOME, Counter, Refusal, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted


@dataclass(frozen=True)
class Members:
    """Search, look-up and merge forms."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """Return the tasks: find, look up, show again, merge."""
        return (
            Task(f"{HOME}/find", Permission.LOOK_UP, self.find),
            Task(f"{HOME}/member", Permission.LOOK_UP, self.look_up),
            Task(f"{HOME}/again", Permission.LOOK_UP, self.again),
            Task(f"{HOME}/merge", Permission.MERGE, self.merge),
        )

    def find(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """List members who match the search, with few details; the audit log has each of them."""
        by, typed = form.one("by"), form.one("typed")
        if by not in set(SearchField):
            raise HTTPException(400)
        reason = self.counter.reason(form)
        self.counter.count_look(agent)
        unmask, engine = agent.may(Permission.UNMASK), self.counter.engine(agent)
        people, more = lookup.found(
            engine, SearchField(by), typed, form.one("postal_code").strip(), reason, unmask=unmask
        )
        return self.counter.page(
            request, agent, "found", people=people, more=more, reason=reason, refused=Refusal("", form)
        )

    def look_up(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Show one member."""
        reason = self.counter.reason(form)
        self.counter.count_look(agent)
        engine = self.counter.engine(agent)
        member = lookup.look_up(engine, form.one("member"), reason, unmask=agent.may(Permission.UNMASK))
        return self.counter.show(request, agent, member)

    def again(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Show the member looked up in this session again: back from a page about them, or in another language."""
        return self.counter.member_page(request, agent, self.counter.member_id(form, agent))

    def merge(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Show the duplicate beside the member; merge them once that is confirmed."""
        into, other = self.counter.member_id(form, agent), form.one("other").strip()
        engine, unmask = self.counter.engine(agent), agent.may(Permission.UNMASK)
        if form.one("confirmed"):
            self._require_looked_up(form, agent, other)
            erasure.merge(engine, other, into)
            return self.counter.member_page(request, agent, into, "done_merge")
        self.counter.count_look(agent)
        member = lookup.seen_again(engine, into, unmask=unmask)
        duplicate = lookup.look_up(engine, other, Why(Ground.DUPLICATE), unmask=unmask)
        return self.counter.page(
            request,
            agent,
            "merge",
            kept=member.person,
            other=duplicate.person,
            ticket=form.one("ticket"),
            other_ticket=self.counter.ticket(agent, duplicate.person.member_id),
        )

    def _require_looked_up(self, form: Posted, agent: AgentIn, other: str) -> None:
        """Raise HTTP 403 unless the duplicate was looked up, too."""
        self.counter.member_id(Posted({"member": [other], "ticket": form.every("other_ticket")}), agent)
