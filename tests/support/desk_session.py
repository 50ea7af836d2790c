"""Signed-in staff session at the desk, for tests that start after the login."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from audiences.consent.choices import consent_state_of
from campaigns.core.model.enums import Choice
from campaigns.core.model.roles import Role
from campaigns.people.desk import caller_identity
from campaigns.people.desk.caller_identity import IdentityDocument
from campaigns.store.people import accounts
from campaigns.web.desk.desk_pages import DeskPages, DeskTask, DeskView
from campaigns.web.desk.routes import desk_tasks, desk_views
from campaigns.web.desk.staff_session import StaffSessions
from campaigns.web.page_context import PageContext
from tests.support.page_walk import hidden_fields
from tests.support.web_client import AINO, WebWorkspace

NAME = "helmi"


@dataclass
class DeskSession:
    """Staff session at the desk, in English."""

    web_workspace: WebWorkspace
    web: httpx.AsyncClient
    proof: str = ""
    ticket: str = ""

    async def post(self, path: str, **fields: object) -> httpx.Response:
        """Post a form of the desk with the session's CSRF proof; follow the redirect that ends it."""
        data = {"proof": self.proof, **fields}
        return await self.web.post(f"/desk{path}?lang=en", data=data, follow_redirects=True)

    async def open_member(self, member: str = AINO, ground: str = "call", **fields: str) -> httpx.Response:
        """Look up a member, keep the ticket of the lookup, and check the caller."""
        response = await self.open_unchecked(member, ground, **fields)
        if not self.ticket:
            return response
        self.check_caller(member)
        return await self.page(f"/member/{self.ticket}")

    def check_caller(self, member: str = AINO) -> None:
        """Pass the check of the caller in this session."""
        context = self.web_workspace.engine.context.as_user(NAME)
        session = context.signer.keyed_hash("caller check", self.web.cookies["viesti-desk"], member)
        caller_identity.see_document(context, member, session, IdentityDocument.PASSPORT)

    async def open_unchecked(self, member: str = AINO, ground: str = "call", **fields: str) -> httpx.Response:
        """Look up a member, and keep the ticket of the lookup."""
        response = await self.post("/member", member=member, ground=ground, **fields)
        self.ticket = hidden_fields(response.text).get("ticket", [""])[0]
        return response

    async def do_task(self, path: str, **fields: object) -> httpx.Response:
        """Post one of the forms of the member's page."""
        return await self.post(path, **{"ticket": self.ticket, **fields})

    async def page(self, path: str) -> httpx.Response:
        """Open a page of the desk."""
        return await self.web.get(f"/desk{path}?lang=en")

    async def member_text(self) -> str:
        """Return the member's page as the session sees it now."""
        return (await self.page(f"/member/{self.ticket}")).text

    def audit_notes(self) -> list[tuple[str, str, str, dict[str, object]]]:
        """Return this session's audit rows but for checks of callers: actor, action, subject, detail."""
        return [row for row in self._audit_rows() if row[1] != "caller_check"]

    def caller_checks(self) -> list[dict[str, object]]:
        """Return the details of this session's checks of callers in the audit log."""
        return [row[3] for row in self._audit_rows() if row[1] == "caller_check"]

    def _audit_rows(self) -> list[tuple[str, str, str, dict[str, object]]]:
        return [tuple(row[2:6]) for row in self.web_workspace.ledger_dump()["audit"] if row[2] == NAME]


async def open_desk_session(web_workspace: WebWorkspace, web: httpx.AsyncClient, *roles: Role) -> DeskSession:
    """Open a session of an account with these roles."""
    with web_workspace.engine.context.ledger.write() as connection:
        accounts.add(connection, NAME, roles, "no password is this", web_workspace.clock.time)
        secret = accounts.open_session(connection, NAME, web_workspace.clock.time)
    return await _desk_session(web_workspace, web, secret)


async def open_another_session(
    web_workspace: WebWorkspace, web: httpx.AsyncClient, name: str = "kalle", role: Role = Role.DESK
) -> DeskSession:
    """Open a session of another account in the same client, or one more of an account that exists."""
    with web_workspace.engine.context.ledger.write() as connection:
        if accounts.get(connection, name) is None:
            accounts.add(connection, name, [role], "no password is this", web_workspace.clock.time)
        secret = accounts.open_session(connection, name, web_workspace.clock.time)
    return await _desk_session(web_workspace, web, secret)


def allowed_choices(web_workspace: WebWorkspace, member: str = AINO) -> frozenset[Choice]:
    """Return the choices of a member that are on."""
    with web_workspace.engine.context.ledger.read() as connection:
        return consent_state_of(connection, member).on


def every_task(web_workspace: WebWorkspace) -> Sequence[DeskTask]:
    """Return every form of the desk that requires a role."""
    return desk_tasks(_desk_pages(web_workspace))


def every_view(web_workspace: WebWorkspace) -> Sequence[DeskView]:
    """Return every page of the desk that a ticket opens."""
    return desk_views(_desk_pages(web_workspace))


def _desk_pages(web_workspace: WebWorkspace) -> DeskPages:
    page_context = PageContext(web_workspace.engine)
    return DeskPages(page_context, StaffSessions(page_context))


async def _desk_session(web_workspace: WebWorkspace, web: httpx.AsyncClient, secret: str) -> DeskSession:
    web.cookies.set("viesti-desk", secret)
    page = await web.get("/desk?lang=en")
    return DeskSession(web_workspace, web, hidden_fields(page.text)["proof"][0])
