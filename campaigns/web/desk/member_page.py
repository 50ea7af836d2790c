"""Page of a member at the desk: all of them at a glance, and the forms that change something."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse

from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Permission
from campaigns.people.desk import lookup
from campaigns.people.desk.access_reasons import PurchaseLinesPurpose
from campaigns.people.desk.purchase_lines import MAX_PERIOD
from campaigns.people.privacy import requests
from campaigns.rendering.choice_labels import choice_label, is_label_enabled
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages, DeskView
from campaigns.web.desk.recent_messages import recent_messages
from campaigns.web.desk.refusals import Refusal
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.members.choice_list import choice_groups_with_ticks


@dataclass(frozen=True)
class MemberPage:
    """Pages about one member, which a look-up opened."""

    desk: DeskPages

    def views(self) -> Sequence[DeskView]:
        """Return the member's page and the confirmation of a death."""
        return (
            DeskView(f"{DESK_HOME}/member/{{ticket}}", Permission.LOOK_UP, self.show),
            DeskView(f"{DESK_HOME}/member/{{ticket}}/death", Permission.CHANGE, self.confirm_death),
        )

    def show(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Show the member, with the outcome of the last form; status 400 where that form was refused."""
        visit, context = self.desk.visit_of_page(agent, ticket), self.desk.context_as(agent)
        member = lookup.reload(context, visit.member_id, unmask=agent.may(Permission.UNMASK))
        refused = Refusal.from_json(visit.outcome.get("refused"))
        renderer, language = self.desk.page_context.renderer, self.desk.page_context.language(request)
        today = requests.today(context)
        return self.desk.render(
            request,
            agent,
            "member",
            400 if refused.errors else 200,
            member=member,
            ticket=ticket,
            reason=visit.reason,
            said=visit.outcome.get("done", ""),
            refused=refused,
            open_requests=[(row, (row.due_on - today).days) for row in member.requests if row.closed_at is None],
            messages=recent_messages(context, member.messages, language, explain=agent.may(Permission.EXPLAIN)),
            groups=choice_groups_with_ticks(renderer, language, member.consent_state),
            kinds=[kind.value for kind in RequestKind],
            purposes=[purpose.value for purpose in PurchaseLinesPurpose],
            most_days=MAX_PERIOD.days,
            name_of=partial(choice_label, language=language, settings=renderer.settings),
            comes=is_label_enabled,
        )

    def confirm_death(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Ask whether a death shall be recorded."""
        visit = self.desk.visit_of_page(agent, ticket)
        context, unmask = self.desk.context_as(agent), agent.may(Permission.UNMASK)
        person = lookup.contact(context, visit.member_id, unmask=unmask)
        return self.desk.render(request, agent, "death", person=person, ticket=ticket)
