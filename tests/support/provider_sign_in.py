"""Steps of a sign-in by an identity provider, for tests that change one of them."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx

from campaigns.people.accounts import staff_accounts
from campaigns.store.people.accounts import Account
from tests.support.oidc_double import OidcDouble
from tests.support.page_client import PageClient
from tests.support.web_client import WebWorkspace


async def begin(web: PageClient, provider: OidcDouble) -> Mapping[str, str]:
    """Press the button; return the query of the authorisation request."""
    answer = await web.get("/desk/provider?lang=en")
    assert answer.status_code == 303, answer.text
    query = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    provider.nonce = query["nonce"]
    return query


async def come_back(web: PageClient, query: Mapping[str, str], **changes: str) -> httpx.Response:
    """Bring the provider's answer back, with changes; an empty value leaves a field out."""
    fields = {"code": "the code", "state": query["state"], **changes}
    kept = {name: value for name, value in fields.items() if value}
    return await web.get("/desk/provider/callback", params=kept, headers={"Accept-Language": "en"})


async def sign_in(web: PageClient, provider: OidcDouble) -> httpx.Response:
    """Sign in, as the provider is scripted; return the last page."""
    return await come_back(web, await begin(web, provider))


def account(web_workspace: WebWorkspace, name: str = "maija") -> Account:
    """Return the account of a name, by default that of the provider's person."""
    return staff_accounts.require_account(web_workspace.engine.context, name)


def assert_refused(web_workspace: WebWorkspace, web: PageClient, answer: httpx.Response, status: int = 400) -> None:
    """Assert that a sign-in opened no session, and that its page names who helps."""
    assert answer.status_code == status, answer.text
    assert "it@example.org" in answer.text  # who helps
    assert "viesti-desk" not in web.cookies
    assert web_workspace.ledger_dump()["agent_session"] == []
