"""Member sessions: cookie, session row, and the CSRF token of forms."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.responses import Response

from audiences.access import sessions
from campaigns.web.forms import Posted
from campaigns.web.page_context import Site


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Session of a signed-in member."""

    member_id: str
    secret: str = field(repr=False)
    proof: str = field(repr=False)


@dataclass(frozen=True)
class Door:
    """Member sessions by cookie. The cookie holds a random secret; the ledger stores its hash."""

    site: Site

    @property
    def cookie(self) -> str:
        """Return the cookie name; with https the `__Host-` name, which no other host can set."""
        return "__Host-viesti" if self._is_https else "viesti"

    def who(self, request: Request) -> SignedIn | None:
        """Return the member's session of a request, if there is one."""
        secret = request.cookies.get(self.cookie)
        if not secret:
            return None
        with self.site.engine.ledger.read() as connection:
            member = sessions.member_of_session(connection, secret, self.site.now)
        return None if member is None else SignedIn(member, secret, self.site.engine.signer.keyed_hash("form", secret))

    def demand(self, request: Request, form: Posted) -> SignedIn:
        """Return the session of a posted form; HTTP 403 without a session or with a wrong CSRF token."""
        session = self.who(request)
        if session is None or not hmac.compare_digest(form.one("proof").encode(), session.proof.encode()):
            raise HTTPException(403)
        return session

    def let_in(self, response: Response, secret: str) -> None:
        """Set the session cookie."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(sessions.SESSION_LIFETIME.total_seconds()),
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="strict",
        )

    def let_out(self, response: Response, session: SignedIn) -> None:
        """End the session in the ledger and in the browser."""
        with self.site.engine.ledger.write() as connection:
            sessions.end_session(connection, session.secret)
        response.delete_cookie(self.cookie, path="/", secure=self._is_https, httponly=True, samesite="strict")

    @property
    def _is_https(self) -> bool:
        return self.site.engine.library.settings.public_url.scheme == "https"
