"""The desk's way to a member: found, looked up, and made one with a duplicate."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.people.find_members import By
from campaigns.core.model.roles import Act
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import Ground, Why
from campaigns.people.privacy import erasure
from campaigns.web.desk.desk_pages import HOME, Counter, Refusal, Task
from campaigns.web.desk.staff_session import AgentIn
from campaigns.web.forms import Posted


@dataclass(frozen=True)
class Members:
    """Looking, and merging."""

    counter: Counter

    def tasks(self) -> Sequence[Task]:
        """Finding, looking up, coming back, and the two steps of a merge."""
        return (
            Task(f"{HOME}/find", Act.LOOK_UP, self.find),
            Task(f"{HOME}/member", Act.LOOK_UP, self.look_up),
            Task(f"{HOME}/again", Act.LOOK_UP, self.again),
            Task(f"{HOME}/merge", Act.MERGE, self.merge),
        )

    def find(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Those who fit what was typed, with little about each; every one of them is noted."""
        by, typed = form.one("by"), form.one("typed")
        if by not in set(By):
            raise HTTPException(400)
        reason = self.counter.reason(form)
        self.counter.count_look(agent)
        unmask, engine = agent.may(Act.UNMASK), self.counter.engine(agent)
        people, more = lookup.found(engine, By(by), typed, form.one("postal_code").strip(), reason, unmask=unmask)
        return self.counter.page(
            request, agent, "found", people=people, more=more, reason=reason, refused=Refusal("", form)
        )

    def look_up(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """One member."""
        reason = self.counter.reason(form)
        self.counter.count_look(agent)
        engine = self.counter.engine(agent)
        member = lookup.look_up(engine, form.one("member"), reason, unmask=agent.may(Act.UNMASK))
        return self.counter.show(request, agent, member)

    def again(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """The member who was looked up in this session: back from a page about them, or in another language."""
        return self.counter.member_page(request, agent, self.counter.member_id(form, agent))

    def merge(self, request: Request, form: Posted, agent: AgentIn) -> HTMLResponse:
        """Show the duplicate beside the member first; when that is confirmed, make them one."""
        into, other = self.counter.member_id(form, agent), form.one("other").strip()
        engine, unmask = self.counter.engine(agent), agent.may(Act.UNMASK)
        if form.one("confirmed"):
            self._demand_seen(form, agent, other)
            erasure.merge(engine, other, into)
            return self.counter.member_page(request, agent, into, "done_merge")
        self.counter.count_look(agent)
        kept = lookup.seen_again(engine, into, unmask=unmask)
        duplicate = lookup.look_up(engine, other, Why(Ground.DUPLICATE), unmask=unmask)
        return self.counter.page(
            request,
            agent,
            "merge",
            kept=kept.person,
            other=duplicate.person,
            ticket=form.one("ticket"),
            other_ticket=self.counter.ticket(agent, duplicate.person.member_id),
        )

    def _demand_seen(self, form: Posted, agent: AgentIn, other: str) -> None:
        """HTTP 403 unless the duplicate was looked at, too."""
        self.counter.member_id(Posted({"member": [other], "ticket": form.every("other_ticket")}), agent)
