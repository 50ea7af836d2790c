"""Member sessions: cookie, session row, and the CSRF token of forms."""

import hmac
from dataclasses import dataclass, field

from fastapi import HTTPException, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from audiences.access import sessions
from campaigns.web.forms import FormFields
from campaigns.web.host_cookie import HostCookie
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
    def cookie(self) -> HostCookie:
        """Return the cookie with a session's secret."""
        return self.page_context.cookie("viesti")

    def current(self, request: Request) -> SignedInMember | None:
        """Return the member's session of a request, if there is one."""
        secret = self.cookie.value(request)
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
        sessions.end_session(connection, self.cookie.value(request))

    def start(self, response: Response, secret: str) -> None:
        """Set the session cookie."""
        self.cookie.set(response, secret, sessions.SESSION_LIFETIME)

    def end(self, response: Response, session: SignedInMember) -> None:
        """End the session in the ledger and in the browser."""
        with self.page_context.context.ledger.write() as connection:
            sessions.end_session(connection, session.secret)
        self.cookie.delete(response)
