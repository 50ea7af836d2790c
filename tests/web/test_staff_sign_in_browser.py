"""Staff sign in with Chromium: at a real identity provider on another site, and with an authenticator app's code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from campaigns.core.model.roles import Role
from campaigns.people.accounts import second_factor, staff_accounts
from campaigns.web.server import listening_socket, serving_in_thread
from tests.support.browser import DESKTOP_SIZE, BrowserUser, needs_browser
from tests.support.canaille_process import serve_canaille
from tests.support.canaille_server import CLIENT_SECRET
from tests.support.canaille_server import PASSWORD as PROVIDER_PASSWORD
from tests.support.staff_settings import oidc, set_staff
from tests.support.web_client import WebWorkspace

pytestmark = [*needs_browser, pytest.mark.server_process]
PASSWORD = "neljä sanaa on hyvä"


@pytest.fixture(params=["light", "dark"])
def staff_browser(
    browser: Any, web_workspace: WebWorkspace, tmp_path: Path, monkeypatch: Any, request: Any
) -> Iterator[BrowserUser]:
    """A browser at our pages, `localhost`; the provider is another site, 127.0.0.1."""
    monkeypatch.setenv("VIESTI_OIDC_CLIENT_SECRET", CLIENT_SECRET)
    with listening_socket("127.0.0.1", 0) as listener:
        address = f"http://localhost:{listener.getsockname()[1]}"
        with serve_canaille(address, tmp_path / "log") as issuer:
            path = web_workspace.root / "config" / "settings.yaml"
            path.write_text(path.read_text("utf-8").replace("http://localhost:8000", address), "utf-8")
            set_staff(web_workspace, f"{{{oidc(issuer, name_claim='sub')}}}")
            with serving_in_thread(web_workspace.engine, listener):
                user = BrowserUser(browser, address, request.param)
                yield user
                user.page.close()


def at_provider(user: BrowserUser, name: str) -> None:
    """Sign in at the provider's pages, from their first one on."""
    user.page.fill("#login", name)
    user.page.click("#loginform button")
    user.page.fill("#password", PROVIDER_PASSWORD)
    user.page.click("#passwordform button")


def test_a_person_signs_in_at_the_provider_and_lands_at_the_desk(
    web_workspace: WebWorkspace, staff_browser: BrowserUser
) -> None:
    user = staff_browser
    user.open_page("/desk?lang=fi")
    scheme = "dark" if user.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    user.keep_screenshot(f"staff-sign-in-{scheme}")
    user.tab_to("a.button")
    user.page.keyboard.press("Enter")
    user.page.wait_for_url("**/login")
    at_provider(user, "maija")
    user.page.wait_for_url(f"{user.address}/desk?lang=fi")
    user.check_page()
    assert user.heading == "Etsi asiakasomistaja"
    user.press("form[action*=out] button")
    user.keep_screenshot(f"staff-signed-out-{scheme}")
    user.page.click("main a[href*=end_session]")
    user.page.wait_for_url(lambda url: not url.startswith(user.address))


@pytest.mark.hostile
def test_a_person_without_a_role_reads_whom_to_ask(web_workspace: WebWorkspace, staff_browser: BrowserUser) -> None:
    user = staff_browser
    user.open_page("/desk?lang=sv")
    user.page.click("a.button")
    at_provider(user, "vieras")
    user.page.wait_for_url("**/desk/provider/callback*")
    user.check_page()
    assert "it@example.org" in user.page.inner_text("main")
    user.keep_screenshot("staff-no-role")
    user.page.goto(f"{user.address}/desk?lang=sv")
    assert user.page.query_selector("#password")


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_an_agent_signs_in_with_a_code_by_keyboard(
    web_workspace: WebWorkspace, visitor: BrowserUser, size: str
) -> None:
    context = web_workspace.engine.context
    staff_accounts.add(context, "helmi", [Role.DESK], PASSWORD)
    enrolment = second_factor.begin(context, "helmi")
    second_factor.confirm(context, enrolment, pyotp.TOTP(enrolment.key).now())
    if size == "desktop":
        visitor.desktop(DESKTOP_SIZE)
    visitor.open_page("/desk?lang=en")
    visitor.keep_screenshot("staff-sign-in-local")
    for selector, text in (("#name", "helmi"), ("#password", PASSWORD)):
        visitor.tab_to(selector)
        visitor.page.keyboard.type(text)
    visitor.press("main form button")
    assert visitor.heading == "One more step"
    visitor.keep_screenshot("staff-second-step")
    visitor.page.keyboard.type("000000")
    visitor.press("main form button")
    assert "wrong, used or too old" in visitor.page.inner_text("main")
    visitor.page.fill("#code", enrolment.recovery_codes[0])
    visitor.press("main form button")
    assert visitor.heading == "Find a member"
