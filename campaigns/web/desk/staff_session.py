"""Which agent is in: the cookie, the session behind it, and the proof that a form is our own and for their role."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.responses import Response

from campaigns.core.model.roles import Act
from campaigns.store.people import accounts
from campaigns.store.people.accounts import Account
from campaigns.web.forms import Posted
from campaigns.web.page_context import Site


@dataclass(frozen=True, slots=True)
class AgentIn:
    """An agent in a session."""

    account: Account
    secret: str = field(repr=False)
    proof: str = field(repr=False)

    def may(self, act: Act) -> bool:
        """Whether their roles permit an act."""
        return self.account.may(act)


@dataclass(frozen=True)
class AgentDoor:
    """Lets agents in and out. The cookie holds a random secret, of which the ledger knows the hash."""

    site: Site

    @property
    def cookie(self) -> str:
        """The name of the cookie; with https the one that no other host can set."""
        return "__Host-viesti-desk" if self._encrypted else "viesti-desk"

    def who(self, request: Request) -> AgentIn | None:
        """The agent whose browser asks, if any."""
        secret = request.cookies.get(self.cookie)
        if not secret:
            return None
        with self.site.engine.ledger.read() as connection:
            account = accounts.in_session(connection, secret, self.site.now)
        if account is None:
            return None
        return AgentIn(account, secret, self.site.engine.signer.opaque("desk form", secret))

    def demand(self, request: Request, form: Posted, act: Act | None) -> AgentIn:
        """The agent who sent one of our forms, the session kept awake by it.

        HTTP 403 when nobody is in, the form is not ours (CSRF), or the roles do not permit the act.
        """
        agent = self.who(request)
        if agent is None or not hmac.compare_digest(form.one("proof").encode(), agent.proof.encode()):
            raise HTTPException(403)
        if act is not None and not agent.may(act):
            raise HTTPException(403)
        with self.site.engine.ledger.write() as connection:
            accounts.seen(connection, agent.secret, self.site.now)
        return agent

    def let_in(self, response: Response, secret: str) -> None:
        """Give the browser its session; it ends with the browser, or by itself."""
        response.set_cookie(self.cookie, secret, path="/", secure=self._encrypted, httponly=True, samesite="strict")

    def let_out(self, response: Response, agent: AgentIn) -> None:
        """End the session, in the ledger and in the browser."""
        with self.site.engine.ledger.write() as connection:
            accounts.end(connection, agent.secret)
        response.delete_cookie(self.cookie, path="/", secure=self._encrypted, httponly=True, samesite="strict")

    @property
    def _encrypted(self) -> bool:
        return self.site.engine.library.settings.public_url.scheme == "https"
