"""Page of a member at the desk: the whole member at a glance, and the forms that change something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from fastapi import Request
from fastapi.responses import HTMLResponse

from audiences.people import contact_changes
from campaigns.core.clock import local_day
from campaigns.core.model.privacy_rights import RequestKind
from campaigns.core.model.roles import Permission
from campaigns.people.desk import caller_identity, lookup
from campaigns.people.desk.access_reasons import PurchaseLinesPurpose
from campaigns.people.desk.caller_identity import IdentityDocument
from campaigns.people.desk.changes import DESK_MARKS
from campaigns.people.desk.lookup import MemberRecord
from campaigns.people.desk.purchase_lines import MAX_PERIOD
from campaigns.people.privacy import merging, requests
from campaigns.rendering.choice_labels import choice_label, is_label_enabled
from campaigns.web.desk.desk_pages import DESK_HOME, NO_CHECK, DeskPages, DeskView
from campaigns.web.desk.page_tickets import Visit
from campaigns.web.desk.recent_messages import recent_messages
from campaigns.web.desk.refusals import Refusal, text_key
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.members.choice_list import choice_groups, choice_groups_with_ticks


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
        """Show the member, with the outcome of the last form; status 400 where that form was refused.

        Before the caller is checked this is the page of the check.
        """
        visit, context = self.desk.visit_of_page(agent, ticket), self.desk.context_as(agent)
        member = lookup.reload(context, visit.member_id, unmask=agent.may(Permission.UNMASK))
        refused = Refusal.from_json(visit.outcome.get("refused"))
        if not self.desk.is_checked(agent, visit.member_id):
            return self._show_check(request, agent, visit, member, refused)
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
            messages=recent_messages(
                context,
                member.messages,
                language,
                explain=agent.may(Permission.EXPLAIN),
                names_purchases=member.names_purchases,
            ),
            groups=choice_groups_with_ticks(renderer, language, member.consent_state),
            kinds=[kind.value for kind in RequestKind],
            purposes=[purpose.value for purpose in PurchaseLinesPurpose],
            most_days=MAX_PERIOD.days,
            name_of=partial(choice_label, language=language, settings=renderer.settings),
            comes=is_label_enabled,
            unproven=self._unproven(visit.member_id),
            merges=self._merges(agent, visit.member_id),
        )

    def confirm_death(self, request: Request, ticket: str, agent: SignedInStaff) -> HTMLResponse:
        """Ask whether a death shall be recorded."""
        visit = self.desk.visit_of_page(agent, ticket)
        self.desk.require_check(agent, visit.member_id)
        context, unmask = self.desk.context_as(agent), agent.may(Permission.UNMASK)
        person = lookup.contact(context, visit.member_id, unmask=unmask)
        return self.desk.render(request, agent, "death", person=person, ticket=ticket)

    def _show_check(
        self, request: Request, agent: SignedInStaff, visit: Visit, member: MemberRecord, refused: Refusal
    ) -> HTMLResponse:
        """Show the check of a caller, over a card that shows nothing that a caller should know."""
        context, member_id = self.desk.context_as(agent), visit.member_id
        renderer, language = self.desk.page_context.renderer, self.desk.page_context.language(request)
        may_read = agent.may(Permission.READ_LINES)
        questions = caller_identity.draw_questions(context, member_id, with_purchases=may_read)
        destinations = caller_identity.code_destinations(context, member_id)
        is_locked_form = text_key(NO_CHECK) in refused.errors.values()
        return self.desk.render(
            request,
            agent,
            "caller_check",
            403 if is_locked_form else 400 if refused.errors else 200,
            person=lookup.masked(member.person),
            member_marks=[choice.value for choice in DESK_MARKS if choice in member.consent_state.on],
            ticket=visit.ticket,
            reason=visit.reason,
            said=visit.outcome.get("done", ""),
            refused=refused,
            questions=[question.name for question in questions],
            destinations={channel.value: masked for channel, masked in destinations.items()},
            documents=[document.value for document in IdentityDocument] if visit.is_at_the_desk else [],
            groups=choice_groups(renderer, language),
        )

    def _merges(self, agent: SignedInStaff, member_id: str) -> Sequence[tuple[str, date]]:
        """Return the merges into a member that the agent may undo."""
        if not agent.may(Permission.APPROVE_MERGE):
            return ()
        zone = self.desk.page_context.context.repository.settings.zone
        merges = merging.list_merges(self.desk.page_context.context, member_id)
        return [(merged_id, local_day(at, zone)) for merged_id, at in merges]

    def _unproven(self, member_id: str) -> Mapping[str, bool]:
        """Return the fields of a member that are not proven, each with whether a refusal blocks it."""
        with self.desk.page_context.context.ledger.read() as connection:
            unproven = contact_changes.unproven_changes(connection, member_id)
        return {name: change.refused_at is not None for name, change in unproven.items()}
