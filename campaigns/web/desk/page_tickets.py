"""Tickets of the desk's pages: a form ends in a redirect to a page that its ticket opens, in the same session only.

No address names a member, Back and Reload work without sending a form again, and a GET changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from campaigns.people.desk.access_reasons import AccessReason, LookUpReason
from campaigns.store.people import desk_tickets
from campaigns.web.desk.staff_session import SignedInStaff
from campaigns.web.page_context import PageContext

MEMBER: Final = "member"
SEARCH: Final = "search"
QUEUE: Final = "queue"
LINES: Final = "lines"
AUDIT: Final = "audit"
_LAST_REASON: Final = "reason"  # a name instead of a random ticket, and a kind that opens no page


@dataclass(frozen=True, slots=True)
class Visit:
    """Member's page in one session: the look-up that opened it, and how the last form on it ended."""

    ticket: str
    member_id: str
    reason: AccessReason
    outcome: Mapping[str, Any]


@dataclass(frozen=True)
class PageTickets:
    """Tickets in the ledger, for the session of an agent."""

    page_context: PageContext

    def open(self, agent: SignedInStaff, kind: str, content: Mapping[str, Any]) -> str:
        """Return the ticket of a new page."""
        with self.page_context.context.ledger.write() as connection:
            return desk_tickets.open_ticket(connection, agent.secret, {**content, "kind": kind}, self.page_context.now)

    def read(self, agent: SignedInStaff, kind: str, ticket: str) -> Mapping[str, Any] | None:
        """Return the content of a page of this session; None when there is no such page of this kind."""
        with self.page_context.context.ledger.read() as connection:
            content = desk_tickets.read_ticket(connection, agent.secret, ticket, self.page_context.now)
        return content if content is not None and content["kind"] == kind else None

    def write(self, agent: SignedInStaff, kind: str, ticket: str, content: Mapping[str, Any]) -> None:
        """Replace the content of a page."""
        with self.page_context.context.ledger.write() as connection:
            desk_tickets.write_ticket(
                connection, agent.secret, ticket, {**content, "kind": kind}, self.page_context.now
            )

    def open_visit(self, agent: SignedInStaff, member_id: str, reason: AccessReason) -> str:
        """Return the ticket of a member's page after a look-up."""
        content = {"member": member_id, "ground": reason.word.value, "case": reason.case, "outcome": {}}
        return self.open(agent, MEMBER, content)

    def visit(self, agent: SignedInStaff, ticket: str) -> Visit | None:
        """Return the look-up of a ticket; None when it opened no member's page in this session."""
        content = self.read(agent, MEMBER, ticket)
        if content is None:
            return None
        reason = AccessReason(LookUpReason(content["ground"]), content["case"])
        return Visit(ticket, content["member"], reason, content["outcome"])

    def end_form(self, agent: SignedInStaff, visit: Visit, outcome: Mapping[str, Any]) -> None:
        """Keep how a form on a member's page ended, for the page that follows it."""
        content = {"member": visit.member_id, "ground": visit.reason.word.value, "case": visit.reason.case}
        self.write(agent, MEMBER, visit.ticket, {**content, "outcome": outcome})

    def remember_reason(self, agent: SignedInStaff, reason: AccessReason) -> None:
        """Keep the reason of the session's last look-up, which the search form preselects."""
        self.write(agent, _LAST_REASON, _LAST_REASON, {"ground": reason.word.value})

    def last_reason(self, agent: SignedInStaff) -> str:
        """Return the reason of the session's last look-up; empty before the first: the agent has to choose one."""
        content = self.read(agent, _LAST_REASON, _LAST_REASON)
        return "" if content is None else str(content["ground"])
