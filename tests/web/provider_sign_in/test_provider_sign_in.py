"""Sign-in of staff by an identity provider, also one that is set up wrongly or is not there: it fails closed."""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from threading import Event
from typing import Any

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from campaigns.core.model.roles import Role
from campaigns.people.accounts import staff_accounts
from campaigns.people.accounts.provider_client import ProviderError
from campaigns.web.app import application
from campaigns.web.desk.provider_sign_in import MAX_ANSWERS
from tests.support.page_client import PageClient
from tests.support.page_walk import hidden_fields
from tests.support.provider_sign_in import account, assert_refused, begin, come_back, sign_in
from tests.support.staff_settings import oidc, set_staff

pytestmark = pytest.mark.loopback
PASSWORD = "neljä sanaa on hyvä"


async def test_a_person_with_a_role_signs_in_and_gets_an_account(web_workspace, web, provider):
    assert "Sign in with your organisation" in (await web.get("/desk?lang=en")).text
    query = await begin(web, provider)
    answer = await come_back(web, query, iss=provider.issuer)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/desk?lang=en">' in answer.text
    assert "Find a member" in (await web.get("/desk?lang=en")).text
    assert (account(web_workspace).roles, account(web_workspace).issuer) == ({Role.DESK}, provider.issuer)
    actions = [(row[2], row[3], row[4]) for row in web_workspace.ledger_dump()["audit"] if row[2] == "maija"]
    assert actions == [("maija", "add_agent", "maija"), ("maija", "log_in", "maija")]
    assert "viesti-provider" not in web.cookies


async def test_the_request_carries_pkce_state_and_nonce(web_workspace, web, provider):
    query = await begin(web, provider)
    assert query["response_type"] == "code"
    assert query["redirect_uri"] == "http://localhost:8000/desk/provider/callback"
    assert query["scope"] == "openid profile groups"
    assert query["code_challenge_method"] == "S256"
    await come_back(web, query)
    (form,) = provider.requests
    assert create_s256_code_challenge(form["code_verifier"]) == query["code_challenge"]
    assert len(form["code_verifier"]) >= 43
    assert len({query["state"], query["nonce"], form["code_verifier"]}) == 3
    again = await begin(web, provider)
    assert not {again["state"], again["nonce"]} & {query["state"], query["nonce"]}


BAD_METADATA: Mapping[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "keys over http elsewhere": {"jwks_uri": "http://id.example.org/keys"},
    "tokens over http elsewhere": {"token_endpoint": "http://id.example.org/token"},
    "a login page over http elsewhere": {"authorization_endpoint": "http://id.example.org/a"},
    "a login page that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "a login page with a user in it": {"authorization_endpoint": "https://id.example.org@evil.example/"},
    "userinfo over http elsewhere": {"userinfo_endpoint": "http://id.example.org/me"},
    "a logout page over http elsewhere": {"end_session_endpoint": "http://id.example.org/out"},
    "no token endpoint": {"token_endpoint": None},
    "addresses that are numbers": {"jwks_uri": 7},
}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", BAD_METADATA)
async def test_a_provider_is_unusable_with(web_workspace, web, provider, kind):
    provider.metadata_changes = BAD_METADATA[kind]
    answer = await web.get("/desk/provider?lang=en")
    assert_refused(web_workspace, web, answer, 503)
    assert "location" not in answer.headers


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["no secret", "a wrong secret", "an answer 500", "nobody there"])
async def test_sign_in_fails_closed_with(web_workspace, web, provider, monkeypatch, kind, caplog):
    caplog.set_level(logging.WARNING)
    query = await begin(web, provider) if kind != "nobody there" else {"state": "x"}
    if kind == "no secret":
        monkeypatch.delenv("VIESTI_OIDC_CLIENT_SECRET")
    elif kind == "a wrong secret":
        monkeypatch.setenv("VIESTI_OIDC_CLIENT_SECRET", "another")
    elif kind == "an answer 500":
        provider.token_status = 500
    else:
        provider.metadata_changes = {"issuer": None}
    answer = await come_back(web, query)
    assert_refused(web_workspace, web, answer, 503 if kind in {"no secret", "an answer 500"} else 400)
    assert "the secret of a test" not in caplog.text


@pytest.mark.hostile
async def test_a_flood_of_invented_answers_leaves_threads_to_members(web_workspace, web, provider, monkeypatch):
    """One attempt of a stranger is enough for a flood, and a provider can be slow."""
    is_over, flood = Event(), MAX_ANSWERS + 10

    def exchange(*_: object) -> None:
        is_over.wait(60)
        raise ProviderError("it refuses the code")

    monkeypatch.setattr("campaigns.people.accounts.provider_client.exchange_code", exchange)
    query = await begin(web, provider)
    answers = [asyncio.create_task(come_back(web, query, code=f"{number}")) for number in range(flood)]
    try:
        while sum(answer.done() for answer in answers) < 10:  # noqa: ASYNC110 - nothing tells that they are refused
            await asyncio.sleep(0.01)
        assert (await web.get("/me")).status_code == 200
    finally:
        is_over.set()
    assert Counter([(await answer).status_code for answer in answers]) == {400: MAX_ANSWERS, 429: 10}


async def test_without_a_provider_there_is_no_button_and_no_page(web_workspace):
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        assert "/desk/provider" not in (await web.get("/desk")).text
        assert (await web.get("/desk/provider")).status_code == 404
        assert (await web.get("/desk/provider/callback")).status_code == 404


@pytest.mark.hostile
async def test_with_passwords_off_no_password_signs_in_until_an_emergency_is_declared(web_workspace, monkeypatch):
    context = web_workspace.engine.context
    staff_accounts.add(context, "helmi", [Role.DESK], PASSWORD)
    staff_accounts.add(context, "oiva", [Role.DESK], PASSWORD)
    set_staff(web_workspace, f"{{passwords: off, {oidc('https://id.example.org')}}}")
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with PageClient(web_workspace, transport=transport, base_url="http://localhost:8000") as web:
        assert 'name="password"' not in (await web.get("/desk")).text
        form = {"name": "helmi", "password": PASSWORD}
        assert (await web.post("/desk/session", data=form)).status_code == 400
        staff_accounts.allow_password(web_workspace.engine.context, "helmi", timedelta(hours=4))
        assert 'name="password"' in (await web.get("/desk")).text
        assert (await web.post("/desk/session", data=form | {"name": "oiva"})).status_code == 400
        assert (await web.post("/desk/session", data=form)).status_code == 303
        web_workspace.clock.time += timedelta(hours=4, seconds=1)
        web.cookies.clear()
        assert (await web.post("/desk/session", data=form)).status_code == 400
        assert 'name="password"' not in (await web.get("/desk")).text


async def test_signing_out_leads_to_the_providers_own_sign_out(web_workspace, web, provider):
    await sign_in(web, provider)
    home = await web.get("/desk?lang=en")
    page = await web.post("/desk/out?lang=en", data={"proof": hidden_fields(home.text)["proof"][0]})
    assert f'href="{provider.issuer}/end_session?client_id=viesti&amp;post_logout_redirect_uri=' in page.text
    assert web_workspace.ledger_dump()["agent_session"] == []


async def test_logs_hold_no_token_code_or_state(web_workspace, web, provider, caplog):
    caplog.set_level(logging.WARNING, logger="viesti")
    query = await begin(web, provider)
    provider.claims = {"aud": "another client"}
    await come_back(web, query, code="secret-code")
    assert "sign-in by the identity provider" in caplog.text
    for secret in ("secret-code", query["state"], query["nonce"], "access", provider.requests[0]["code_verifier"]):
        assert secret not in caplog.text
