"""Sign-in of staff at the organisation's identity provider: there, and back to the desk."""

import logging
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from campaigns.core.model.enums import Language
from campaigns.people.accounts import provider_login
from campaigns.people.accounts.identity_provider import CALLBACK_PATH, SIGN_IN_LIFETIME, Callback, IdentityProvider
from campaigns.people.accounts.provider_client import ProviderError, UnusableProviderError
from campaigns.people.accounts.provider_login import RefusedPerson, SignInRefusal
from campaigns.web.desk.desk_pages import DESK_HOME, DeskPages
from campaigns.web.host_cookie import HostCookie
from campaigns.web.page_context import READ_METHODS
from campaigns.web.throttling import ConcurrencyLimit

MAX_ANSWERS: Final = 12
"""Answers of the provider handled at a time in one process; each asks the provider, and waits for it in a thread."""

_LOG: Final = logging.getLogger("viesti")


@dataclass(frozen=True)
class ProviderSignInPages:
    """The way to the identity provider, and the page to which it sends people back."""

    desk: DeskPages
    provider: IdentityProvider
    _answers: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(MAX_ANSWERS), init=False)

    def add_routes(self, router: APIRouter) -> None:
        """Add both routes."""
        router.add_api_route(f"{DESK_HOME}/provider", self.begin, methods=READ_METHODS)
        router.add_api_route(CALLBACK_PATH, self.finish, methods=["GET"], response_class=HTMLResponse)

    @property
    def cookie(self) -> HostCookie:
        """Return the cookie that lasts until the provider's answer, which comes from the provider's site."""
        return self.desk.page_context.cookie("viesti-provider", same_site="lax")

    def begin(self, request: Request) -> Response:
        """Send the browser to the identity provider; its cookie is needed to come back."""
        try:
            attempt, url = self.provider.begin(self.desk.page_context.language(request))
        except UnusableProviderError as error:
            return self._failure(request, error)
        response = RedirectResponse(url, 303)
        self.cookie.set(response, attempt.secret, SIGN_IN_LIFETIME)
        return response

    def finish(self, request: Request) -> Response:
        """Open a session for the person whom the provider names.

        The page that follows leads to the desk by itself: a redirect would come from the provider's site, and bring no
        session cookie, which is `SameSite=Strict`. HTTP 429 when too many answers are being handled.
        """
        cookie = self.cookie.value(request)
        language = _language(cookie)
        try:
            with self._answers.place():
                claims = self.provider.claims(cookie, _callback(request))
        except ProviderError as error:
            self.desk.page_context.limit_attempts(request)
            return self._forget_attempt(self._failure(request, error, language))
        result = provider_login.log_in(self.desk.page_context.context, self.provider.settings, claims)
        if isinstance(result, RefusedPerson):
            return self._forget_attempt(self._refusal(request, 403, result.reason, language))
        way = DESK_HOME if language is None else f"{DESK_HOME}?lang={language.value}"
        page = self.desk.render(request, None, "provider_done", language=language, way=way)
        self.desk.sessions.end_former(request)
        self.desk.sessions.start(page, result)
        self.desk.visitor_forms.forget(page)
        return self._forget_attempt(page)

    def _failure(self, request: Request, error: ProviderError, language: Language | None = None) -> HTMLResponse:
        _LOG.warning("sign-in by the identity provider: %s", error)
        if isinstance(error, UnusableProviderError):
            return self._refusal(request, 503, SignInRefusal.UNUSABLE, language)
        return self._refusal(request, 400, SignInRefusal.FAILED, language)

    def _refusal(self, request: Request, status: int, reason: SignInRefusal, language: Language | None) -> HTMLResponse:
        contact = self.provider.settings.contact
        return self.desk.render(
            request, None, "provider_refused", status, language=language, because=reason.value, contact=contact
        )

    def _forget_attempt(self, response: Response) -> Response:
        self.cookie.delete(response)
        return response


def _callback(request: Request) -> Callback:
    def value(name: str) -> str:
        values = request.query_params.getlist(name)
        return values[0] if len(values) == 1 else ""

    return Callback(value("code"), value("state"), value("iss"), value("error"))


def _language(cookie: str) -> Language | None:
    """Return the language in which the sign-in began."""
    code = cookie.rpartition(".")[2]
    return Language(code) if code in set(Language) else None
