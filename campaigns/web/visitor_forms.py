"""Forms of visitors who are not signed in: a token bound to a cookie of the browser that was given the form."""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import Response

from campaigns.web.forms import FormFields
from campaigns.web.host_cookie import HostCookie
from campaigns.web.page_context import PageContext

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Visitor:
    """Browser that is given a form; `secret` is in its cookie, `form_token` in the form."""

    secret: str = field(repr=False)
    form_token: str = field(repr=False)
    is_new: bool = False


@dataclass(frozen=True)
class VisitorForms:
    """Sign-in forms of members or of staff: each works only in the browser that was given it."""

    page_context: PageContext
    purpose: str

    @property
    def cookie(self) -> HostCookie:
        """Return the cookie that binds the forms to a browser."""
        return self.page_context.cookie("viesti-form")

    def visitor(self, request: Request) -> Visitor:
        """Return the visitor of a request; a new one gets a cookie by `remember`."""
        known = self.cookie.value(request)
        secret = known or secrets.token_urlsafe(32)
        return Visitor(secret, self.token_of(secret), is_new=not known)

    def remember(self, response: Response, visitor: Visitor) -> None:
        """Give a new visitor the cookie; it ends with the browser, or with the sign-in."""
        if visitor.is_new:
            self.cookie.set(response, visitor.secret)

    def require(self, request: Request, form: FormFields) -> Visitor:
        """Return the visitor of a posted form; HTTP 403 when another browser was given it, or none."""
        secret = self.cookie.value(request)
        if not secret or not hmac.compare_digest(form.value(FORM_TOKEN).encode(), self.token_of(secret).encode()):
            raise HTTPException(403)
        return Visitor(secret, self.token_of(secret))

    def forget(self, response: Response) -> None:
        """Delete the cookie: forms from before the sign-in are over."""
        self.cookie.delete(response)

    def token_of(self, secret: str) -> str:
        """Return the token that the forms of a cookie carry."""
        return self.page_context.context.signer.keyed_hash("visitor form", self.purpose, secret)
