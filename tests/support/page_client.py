"""HTTP client that posts forms as a browser does: with the cookie and the hidden token that the form was given."""

from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from campaigns.web.app import application
from campaigns.web.page_context import PageContext
from campaigns.web.visitor_forms import FORM_TOKEN, VisitorForms
from tests.support.web_client import WebWorkspace

VISITOR_FORMS: Final = {
    "/me/code": "member",
    "/me/session": "member",
    "/desk/session": "staff",
    "/desk/second-step": "staff",
}
"""Purpose of the forms at each path that works without a session."""


class PageClient(httpx.AsyncClient):
    """Client with the token of the sign-in forms; a test that gives its own token, or none, uses another client."""

    def __init__(self, web_workspace: WebWorkspace, **options: Any) -> None:
        super().__init__(**options)
        self._web_workspace = web_workspace

    async def post(self, url: Any, **options: Any) -> httpx.Response:
        """Post a form, with the hidden token where the form has one."""
        purpose, data = VISITOR_FORMS.get(urlsplit(str(url)).path), options.get("data")
        if purpose is not None and isinstance(data, dict):
            token = {FORM_TOKEN: visitor_token(self._web_workspace, self, purpose)}
            options["data"] = token | data
        return await super().post(url, **options)


def browser_from(
    web_workspace: WebWorkspace, host: str = "127.0.0.1", app: ASGIApp | None = None, **headers: str
) -> PageClient:
    """Return a browser without cookies, at an address of the network."""
    transport = httpx.ASGITransport(app or application(web_workspace.engine), client=(host, 4321))
    return PageClient(web_workspace, transport=transport, base_url="http://localhost:8000", headers=headers)


def visitor_token(web_workspace: WebWorkspace, web: httpx.AsyncClient, purpose: str) -> str:
    """Return the token of a sign-in form for this client, which gets the cookie of a visitor if it has none."""
    forms = VisitorForms(PageContext(web_workspace.engine), purpose)
    secret = web.cookies.get(forms.cookie.name) or "visitor of a test"
    host = web.base_url.host
    web.cookies.set(forms.cookie.name, secret, domain=host if "." in host else f"{host}.local")
    return str(forms.token_of(secret))
