"""Who is signed in: the cookie, the session behind it, and the proof that a form is our own."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.responses import Response

from audiences.access import sessions
from campaigns.web.forms import Posted
from campaigns.web.page_context import Site


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A member in a session."""

    member_id: str
    secret: str = field(repr=False)
    proof: str = field(repr=False)


@dataclass(frozen=True)
class Door:
    """Lets members in and out. The cookie holds a random secret, of which the ledger knows the hash."""

    site: Site

    @property
    def cookie(self) -> str:
        """The name of the cookie; with https the one that no other host can set."""
        return "__Host-viesti" if self._encrypted else "viesti"

    def who(self, request: Request) -> SignedIn | None:
        """The member whose browser asks, if any."""
        secret = request.cookies.get(self.cookie)
        if not secret:
            return None
        with self.site.engine.ledger.read() as connection:
            member = sessions.member_of(connection, secret, self.site.now)
        return None if member is None else SignedIn(member, secret, self.site.engine.signer.opaque("form", secret))

    def demand(self, request: Request, form: Posted) -> SignedIn:
        """The member who sent one of our forms; HTTP 403 when nobody is signed in or the form is not ours (CSRF)."""
        found = self.who(request)
        if found is None or not hmac.compare_digest(form.one("proof").encode(), found.proof.encode()):
            raise HTTPException(403)
        return found

    def let_in(self, response: Response, secret: str) -> None:
        """Give the browser its session."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(sessions.LIFE.total_seconds()),
            path="/",
            secure=self._encrypted,
            httponly=True,
            samesite="strict",
        )

    def let_out(self, response: Response, found: SignedIn) -> None:
        """End the session, in the ledger and in the browser."""
        with self.site.engine.ledger.write() as connection:
            sessions.end(connection, found.secret)
        response.delete_cookie(self.cookie, path="/", secure=self._encrypted, httponly=True, samesite="strict")

    @property
    def _encrypted(self) -> bool:
        return self.site.engine.library.settings.public_url.scheme == "https"
