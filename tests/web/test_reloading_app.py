"""Pages follow changes of the workspace files while the server runs, and survive invalid ones."""

import logging

import httpx
import pytest

from campaigns.web.reloading_app import ReloadingApp
from tests.support.web_client import WebWorkspace

FOOD = "newsletters:\n"


async def preference_page(app: ReloadingApp, web_workspace: WebWorkspace) -> tuple[int, bool]:
    """Status of the preference page, and whether it offers a newsletter about tea."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        page = await web.get(web_workspace.link("letters", scope="preferences"))
    return page.status_code, "Te och kakor" in page.text


async def test_valid_changes_of_settings_are_served_and_invalid_ones_logged(
    web_workspace: WebWorkspace, caplog: pytest.LogCaptureFixture
) -> None:
    app, settings = ReloadingApp(web_workspace.engine), web_workspace.root / "config" / "settings.yaml"
    text = settings.read_text("utf-8")
    assert await preference_page(app, web_workspace) == (200, False)
    settings.write_text(text.replace(FOOD, f"{FOOD}  tea: {{fi: Tee", 1), "utf-8")
    with caplog.at_level(logging.ERROR):
        app.reload_if_changed()
        app.reload_if_changed()
    assert await preference_page(app, web_workspace) == (200, False)
    assert [f"{settings}:" in record.getMessage() for record in caplog.records] == [
        True
    ]  # logged once, with file and line
    tea = "  tea: {fi: Teetä ja keksejä, sv: Te och kakor, en: Tea and biscuits}\n"
    settings.write_text(text.replace(FOOD, FOOD + tea, 1), "utf-8")
    assert await preference_page(app, web_workspace) == (200, False)
    app.reload_if_changed()
    assert await preference_page(app, web_workspace) == (200, True)
