"""Staff sessions: cookie, session row, and the CSRF token and role check of forms."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.responses import Response

from campaigns.core.model.roles import Permission
from campaigns.store.people import accounts
from campaigns.store.people.accounts import Account
from campaigns.web.forms import FormFields
from campaigns.web.host_cookie import HostCookie
from campaigns.web.page_context import PageContext


@dataclass(frozen=True, slots=True)
class SignedInStaff:
    """Session of a signed-in agent."""

    account: Account
    secret: str = field(repr=False)
    csrf_token: str = field(repr=False)

    def may(self, act: Permission) -> bool:
        """Return whether the roles permit an act."""
        return self.account.may(act)


@dataclass(frozen=True)
class StaffSessions:
    """Staff sessions by cookie. The cookie holds a random secret; the ledger stores its hash."""

    page_context: PageContext

    @property
    def cookie(self) -> HostCookie:
        """Return the cookie with a session's secret."""
        return self.page_context.cookie("viesti-desk")

    def current(self, request: Request) -> SignedInStaff | None:
        """Return the agent's session of a request, if there is one."""
        secret = self.cookie.value(request)
        if not secret:
            return None
        with self.page_context.context.ledger.read() as connection:
            account = accounts.account_of_session(connection, secret, self.page_context.now)
        if account is None:
            return None
        return SignedInStaff(account, secret, self.page_context.context.signer.keyed_hash("desk form", secret))

    def require(self, request: Request, form: FormFields, act: Permission | None) -> SignedInStaff:
        """Return the session of a posted form, and record its use.

        HTTP 403 without a session, with a wrong CSRF token, or when the roles do not permit the act.
        """
        agent = self.current(request)
        if agent is None or not hmac.compare_digest(form.value("proof").encode(), agent.csrf_token.encode()):
            raise HTTPException(403)
        if act is not None and not agent.may(act):
            raise HTTPException(403)
        with self.page_context.context.ledger.write() as connection:
            accounts.touch_session(connection, agent.secret, self.page_context.now)
        return agent

    def end_former(self, request: Request) -> None:
        """End the session that the browser had before a sign-in."""
        with self.page_context.context.ledger.write() as connection:
            accounts.end_session(connection, self.cookie.value(request))

    def start(self, response: Response, secret: str) -> None:
        """Set the session cookie; it ends with the browser, or when the session expires."""
        self.cookie.set(response, secret)

    def end(self, response: Response, agent: SignedInStaff) -> None:
        """End the session in the ledger and in the browser."""
        with self.page_context.context.ledger.write() as connection:
            accounts.end_session(connection, agent.secret)
        self.cookie.delete(response)
