"""Desk pages that find and look up members: one search box, a list where several match, and the household."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from audiences.people.find_members import SearchTerm, recognise
from campaigns.core.errors import UserError
from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import AccessReason
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskTask, DeskView
from campaigns.web.desk.page_tickets import SEARCH
from campaigns.web.desk.refusals import NO_REFUSAL, Refusal
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.forms import FormFields, parse_number

_FIELDS: Final[Mapping[str, str]] = {"reason": "ground", "term": "typed"}
_KEPT: Final = ("typed", "ground", "case")


@dataclass(frozen=True)
class MemberSearchPages:
    """Search form, its results, and look-ups."""

    desk: DeskPages

    def tasks(self) -> Sequence[DeskTask]:
        """Return the tasks: find, look up, look up another member of the household."""
        return (
            DeskTask(f"{DESK_HOME}/find", Permission.LOOK_UP, self.find, self.refuse),
            DeskTask(f"{DESK_HOME}/member", Permission.LOOK_UP, self.look_up),
            DeskTask(f"{DESK_HOME}/household", Permission.LOOK_UP, self.look_up_household, needs_check=True),
        )

    def views(self) -> Sequence[DeskView]:
        """Return the only page: the results of a search, or its form again."""
        return (DeskView(f"{DESK_HOME}/found/{{ticket}}", Permission.LOOK_UP, self.show_results),)

    def find(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Open the page of the only match; list several, with few details. The audit log has each of them."""
        reason, term = (
            self.desk.access_reason(form),
            _term(form, self.desk.page_context.context.repository.settings.country),
        )
        self.desk.limit_look_ups(agent)
        self.desk.tickets.remember_reason(agent, reason)
        unmask, context = agent.may(Permission.UNMASK), self.desk.context_as(agent)
        people, more = lookup.search_members(context, term, reason, unmask=unmask)
        if len(people) == 1:
            member_id, by = people[0].member_id, lookup.search_field(term)
            lookup.look_up(context, member_id, reason, unmask=unmask, by=by)
            return self.desk.open_member(request, agent, member_id, reason)
        members = [person.member_id for person in people]
        content = {"members": members, "more": more, "field": lookup.search_field(term), "refused": None}
        return self._open_results(request, form, agent, content)

    def refuse(self, request: Request, form: FormFields, agent: SignedInStaff, error: UserError) -> Response:
        """Show the search form again with its problems."""
        refused = Refusal.of("find", form, error, _FIELDS).to_json()
        return self._open_results(request, form, agent, {"members": [], "more": False, "refused": refused})

    def show_results(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the members that a search found, or the form again."""
        content = self.desk.content_of_page(agent, SEARCH, ticket)
        refused = Refusal.from_json(content["refused"])
        contacts = lookup.contacts(self.desk.context_as(agent), content["members"], unmask=agent.may(Permission.UNMASK))
        people = [lookup.masked(person) for person in contacts]
        return self.desk.render(
            request,
            agent,
            "home",
            400 if refused.errors else 200,
            people=people,
            more=content["more"],
            searched=content.get("field", ""),
            form=content["form"],
            refused=refused,
        )

    def look_up(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Open the page of a member of a list."""
        return self._open(request, agent, form.value("member"), self.desk.access_reason(form))

    def look_up_household(self, request: Request, form: FormFields, agent: SignedInStaff) -> Response:
        """Open the page of another member of the household, by the place in its list: a look-up of its own."""
        visit, place = self.desk.visit(form, agent), parse_number(form.value("place"))
        household = lookup.reload(self.desk.context_as(agent), visit.member_id, unmask=False).household
        if place is None or place >= len(household):
            raise HTTPException(400)
        return self._open(request, agent, household[place].member_id, visit.reason)

    def _open(self, request: Request, agent: SignedInStaff, member_id: str, reason: AccessReason) -> Response:
        self.desk.limit_look_ups(agent)
        lookup.look_up(self.desk.context_as(agent), member_id, reason, unmask=agent.may(Permission.UNMASK))
        return self.desk.open_member(request, agent, member_id, reason)

    def _open_results(
        self, request: Request, form: FormFields, agent: SignedInStaff, content: Mapping[str, object]
    ) -> Response:
        typed = {name: form.value(name) for name in _KEPT}
        ticket = self.desk.tickets.open(agent, SEARCH, {**content, "form": typed})
        return self.desk.redirect(request, f"/found/{ticket}")


def show_search_form(desk: DeskPages, request: Request, agent: SignedInStaff) -> HTMLResponse:
    """Render the empty search form, with the reason of the session's last look-up preselected."""
    form = {"typed": "", "ground": desk.tickets.last_reason(agent), "case": ""}
    return desk.render(request, agent, "home", people=None, more=False, searched="", form=form, refused=NO_REFUSAL)


def _term(form: FormFields, country: str) -> SearchTerm:
    text = form.value("typed")
    if not text.strip():
        raise UserError.about("term", "there is nothing to look for", "no_term", "type what the member tells")
    return recognise(text, country)
