"""Agents who are in, for tests that begin after the door, and what they do at the desk."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from audiences.consent.choices import consent_state_of
from campaigns.core.model.enums import Choice
from campaigns.core.model.roles import Role
from campaigns.store.people import accounts
from campaigns.web.desk.desk_pages import DeskPages, DeskTask
from campaigns.web.desk.routes import desk_tasks
from campaigns.web.desk.staff_session import StaffSessions
from campaigns.web.page_context import PageContext
from tests.support.page_walk import hidden_fields
from tests.support.web_client import AINO, WebWorkspace

NAME = "helmi"


@dataclass
class DeskSession:
    """An agent at the desk, in English."""

    web_workspace: WebWorkspace
    web: httpx.AsyncClient
    proof: str = ""
    ticket: str = ""

    async def post(self, path: str, **fields: object) -> httpx.Response:
        """Send a form of the desk, with the proof of the session."""
        return await self.web.post(f"/desk{path}?lang=en", data={"proof": self.proof, **fields})

    async def open_member(self, member: str = AINO, ground: str = "call", **more: str) -> httpx.Response:
        """Look a member up, and keep the ticket that gives."""
        answer = await self.post("/member", member=member, ground=ground, **more)
        self.ticket = hidden_fields(answer.text).get("ticket", [""])[0]
        return answer

    async def do_task(self, path: str, member: str = AINO, **fields: object) -> httpx.Response:
        """Send one of the forms of the member's page."""
        return await self.post(path, ticket=self.ticket, member=member, **{"source": "phone", **fields})

    def audit_notes(self) -> list[tuple[str, str, str, dict[str, object]]]:
        """The rows of the audit log since the town was built: actor, action, subject, detail."""
        return [tuple(row[2:6]) for row in self.web_workspace.ledger_dump()["audit"] if row[2] == NAME]


async def open_desk_session(web_workspace: WebWorkspace, web: httpx.AsyncClient, *roles: Role) -> DeskSession:
    """Somebody with these roles, in a session of their own."""
    with web_workspace.engine.context.ledger.write() as connection:
        accounts.add(connection, NAME, roles, "no password is this", web_workspace.clock.time)
        secret = accounts.open_session(connection, NAME, web_workspace.clock.time)
    web.cookies.set("viesti-desk", secret)
    page = await web.get("/desk?lang=en")
    return DeskSession(web_workspace, web, hidden_fields(page.text)["proof"][0])


def allowed_choices(web_workspace: WebWorkspace, member: str = AINO) -> frozenset[Choice]:
    """The choices of a member that are on now."""
    with web_workspace.engine.context.ledger.read() as connection:
        return consent_state_of(connection, member).on


def every_task(web_workspace: WebWorkspace) -> Sequence[DeskTask]:
    """Every form of the desk that demands a role."""
    site = PageContext(web_workspace.engine)
    return desk_tasks(DeskPages(site, StaffSessions(site)))
