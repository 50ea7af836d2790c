"""Sign-in of staff by a real identity provider, Canaille, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from campaigns.core.model.roles import Role
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.operations.doctor.staff_sign_in import check_staff_sign_in
from campaigns.people.accounts import staff_accounts
from campaigns.web.app import application
from tests.support.canaille_process import pass_login, serve_canaille
from tests.support.canaille_server import CLIENT_SECRET, PASSWORD
from tests.support.page_client import PageClient
from tests.support.page_walk import hidden_fields
from tests.support.staff_settings import oidc, set_staff
from tests.support.web_client import WebWorkspace

pytestmark = pytest.mark.server_process
BASE = "http://localhost:8000"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve_canaille(BASE, tmp_path_factory.mktemp("provider") / "log") as issuer:
        yield issuer


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIESTI_OIDC_CLIENT_SECRET", CLIENT_SECRET)


@pytest.fixture
def web_client(web_workspace: WebWorkspace, issuer: str, secret: None) -> PageClient:
    set_staff(web_workspace, f"{{passwords: off, {oidc(issuer, name_claim='sub')}}}")
    transport = httpx.ASGITransport(application(web_workspace.engine))
    return PageClient(web_workspace, transport=transport, base_url=BASE)


async def test_a_person_of_the_group_signs_in_works_and_signs_out(web_workspace, web_client, issuer):
    async with web_client as web, httpx.AsyncClient() as provider:
        began = await web.get("/desk/provider?lang=sv")
        back = await pass_login(provider, began.headers["location"], "maija", PASSWORD)
        assert parse_qs(urlsplit(back).query)["iss"] == [issuer]
        answer = await web.get(back)
        assert answer.status_code == 200
        assert "/desk?lang=sv" in answer.text
        home = await web.get("/desk?lang=en")
        assert "Find a member" in home.text
        account = staff_accounts.require_account(web_workspace.engine.context, "maija")
        assert (account.roles, account.issuer) == ({Role.DESK}, issuer)
        page = await web.post("/desk/out?lang=en", data={"proof": hidden_fields(home.text)["proof"][0]})
        assert f'href="{issuer}/oauth/end_session?client_id=viesti' in page.text
        assert "Find a member" not in (await web.get("/desk?lang=en")).text


@pytest.mark.hostile
async def test_a_person_outside_the_group_is_told_whom_to_ask(web_workspace, web_client):
    async with web_client as web, httpx.AsyncClient() as provider:
        began = await web.get("/desk/provider?lang=en")
        back = await pass_login(provider, began.headers["location"], "vieras", PASSWORD)
        answer = await web.get(back)
        assert answer.status_code == 403
        assert "it@example.org" in answer.text
        assert web_workspace.ledger_dump()["agent"] == []


@pytest.mark.hostile
async def test_a_code_that_was_used_is_refused_by_the_provider(web_workspace, web_client):
    async with web_client as web, httpx.AsyncClient() as provider:
        began = await web.get("/desk/provider")
        cookie = web.cookies["viesti-provider"]
        back = await pass_login(provider, began.headers["location"], "maija", PASSWORD)
        assert (await web.get(back)).status_code == 200
        web.cookies.set("viesti-provider", cookie, domain="localhost.local")
        assert (await web.get(back)).status_code == 400


@pytest.mark.hostile
async def test_a_code_of_one_browser_is_refused_in_another(web_workspace, web_client):
    async with web_client as web, httpx.AsyncClient() as provider:
        attackers = (await web.get("/desk/provider")).headers["location"]
        back = await pass_login(provider, attackers, "maija", PASSWORD)
        web.cookies.clear()
        began = await web.get("/desk/provider")  # the victim has begun a sign-in, too
        assert (await web.get(back)).status_code == 400
        code = parse_qs(urlsplit(back).query)["code"][0]
        state = parse_qs(urlsplit(began.headers["location"]).query)["state"][0]
        web.cookies.clear()
        began = await web.get("/desk/provider")
        state = parse_qs(urlsplit(began.headers["location"]).query)["state"][0]
        injected = await web.get("/desk/provider/callback", params={"code": code, "state": state})
        assert injected.status_code == 400  # PKCE: the code belongs to another verifier
        assert web_workspace.ledger_dump()["agent_session"] == []


def test_doctor_finds_the_provider_ready(web_workspace, issuer, secret):
    set_staff(web_workspace, f"{{passwords: off, {oidc(issuer)}}}")
    environment = {"VIESTI_OIDC_CLIENT_SECRET": CLIENT_SECRET}
    findings = list(check_staff_sign_in(web_workspace.engine.context, environment))
    assert [finding.level for finding in findings] == [FindingLevel.WARN, *[FindingLevel.OK] * 3]
    assert "knows us and our redirect URI" in findings[-1].said


@pytest.mark.parametrize("wrong", ["an unknown client", "an unregistered redirect URI"])
def test_doctor_names_what_to_register_for(web_workspace: WebWorkspace, issuer: str, secret: None, wrong: str) -> None:
    text = oidc(issuer)
    if wrong == "an unknown client":
        text = text.replace("client_id: viesti", "client_id: unknown")
    else:
        path: Path = web_workspace.root / "config" / "settings.yaml"
        path.write_text(path.read_text("utf-8").replace(BASE, "http://localhost:8001"), "utf-8")
    set_staff(web_workspace, f"{{{text}}}")
    *_, finding = check_staff_sign_in(web_workspace.engine.context, {"VIESTI_OIDC_CLIENT_SECRET": CLIENT_SECRET})
    assert finding.level is FindingLevel.WARN
    assert "register the client" in finding.step
