"""Desk pages that find members and look them up."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse

from audiences.people.find_members import SearchField
from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, Refusal
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields


@dataclass(frozen=True)
class MemberSearchPages:
    """Search and look-up forms."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: find, look up, show again."""
        return (
            DeskTask(f"{DESK_HOME}/find", Permission.LOOK_UP, self.find),
            DeskTask(f"{DESK_HOME}/member", Permission.LOOK_UP, self.look_up),
            DeskTask(f"{DESK_HOME}/again", Permission.LOOK_UP, self.again),
        )

    def find(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """List members who match the search, with few details; the audit log has each of them."""
        by, typed = form.value("by"), form.value("typed")
        if by not in set(SearchField):
            raise HTTPException(400)
        reason = self.desk.access_reason(form)
        self.desk.limit_look_ups(agent)
        unmask, context = agent.may(Permission.UNMASK), self.desk.context_as(agent)
        people, more = lookup.search_members(
            context, SearchField(by), typed, form.value("postal_code").strip(), reason, unmask=unmask
        )
        return self.desk.render(
            request, agent, "search_results", people=people, more=more, reason=reason, refused=Refusal("", form)
        )

    def look_up(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Show one member."""
        reason = self.desk.access_reason(form)
        self.desk.limit_look_ups(agent)
        context = self.desk.context_as(agent)
        member = lookup.look_up(context, form.value("member"), reason, unmask=agent.may(Permission.UNMASK))
        return self.desk.render_member(request, agent, member)

    def again(self, request: Request, form: FormFields, agent: SignedInStaff) -> HTMLResponse:
        """Show the member looked up in this session again: back from a page about them, or in another language."""
        return self.desk.render_member_again(request, agent, self.desk.member_id(form, agent))
