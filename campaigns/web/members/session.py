"""Member sessions: cookie, session row, and the CSRF token of forms."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from audiences.access import sessions
from campaigns.web.forms import FormFields
from campaigns.web.page_context import PageContext


@dataclass(frozen=True, slots=True)
class SignedInMember:
    """Session of a signed-in member."""

    member_id: str
    secret: str = field(repr=False)
    csrf_token: str = field(repr=False)


@dataclass(frozen=True)
class MemberSessions:
    """Member sessions by cookie. The cookie holds a random secret; the ledger stores its hash."""

    page_context: PageContext

    @property
    def cookie_name(self) -> str:
        """Return the cookie name; with https the `__Host-` name, which no other host can set."""
        return "__Host-viesti" if self.page_context.is_https else "viesti"

    def current(self, request: Request) -> SignedInMember | None:
        """Return the member's session of a request, if there is one."""
        secret = request.cookies.get(self.cookie_name)
        if not secret:
            return None
        with self.page_context.context.ledger.read() as connection:
            member = sessions.member_of_session(connection, secret, self.page_context.now)
        return (
            None
            if member is None
            else SignedInMember(member, secret, self.page_context.context.signer.keyed_hash("form", secret))
        )

    def require(self, request: Request, form: FormFields) -> SignedInMember:
        """Return the session of a posted form; HTTP 403 without a session or with a wrong CSRF token."""
        session = self.current(request)
        if session is None or not hmac.compare_digest(form.value("proof").encode(), session.csrf_token.encode()):
            raise HTTPException(403)
        return session

    def end_former(self, connection: Connection, request: Request) -> None:
        """End the session that the browser had before a sign-in."""
        sessions.end_session(connection, request.cookies.get(self.cookie_name, ""))

    def start(self, response: Response, secret: str) -> None:
        """Set the session cookie."""
        response.set_cookie(
            self.cookie_name,
            secret,
            max_age=int(sessions.SESSION_LIFETIME.total_seconds()),
            path="/",
            secure=self.page_context.is_https,
            httponly=True,
            samesite="strict",
        )

    def end(self, response: Response, session: SignedInMember) -> None:
        """End the session in the ledger and in the browser."""
        with self.page_context.context.ledger.write() as connection:
            sessions.end_session(connection, session.secret)
        response.delete_cookie(
            self.cookie_name, path="/", secure=self.page_context.is_https, httponly=True, samesite="strict"
        )
