"""An identity provider that tests script, and browsers that sign in by it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from campaigns.web.app import application
from tests.support.oidc_double import OidcDouble, serve_oidc
from tests.support.page_client import PageClient
from tests.support.staff_settings import oidc, set_staff
from tests.support.web_client import WebWorkspace


@pytest.fixture
def provider(web_workspace: WebWorkspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcDouble]:
    monkeypatch.setenv("VIESTI_OIDC_CLIENT_SECRET", "the secret of a test")
    with serve_oidc() as provider:
        set_staff(
            web_workspace, f"{{{oidc(provider.issuer, roles='viesti-desk: [desk], officers: [privacy_officer]')}}}"
        )
        yield provider


@pytest.fixture
async def browser_of(web_workspace: WebWorkspace, provider: OidcDouble) -> AsyncIterator[Any]:
    """Another browser at each call, of one and the same application."""
    transport = httpx.ASGITransport(application(web_workspace.engine))
    clients: list[PageClient] = []

    def new_browser() -> PageClient:
        clients.append(PageClient(web_workspace, transport=transport, base_url="http://localhost:8000"))
        return clients[-1]

    yield new_browser
    for client in clients:
        await client.aclose()


@pytest.fixture
def web(browser_of: Any) -> PageClient:
    return browser_of()
