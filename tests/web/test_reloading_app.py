"""The pages follow the workspace's files while the server runs, and outlive what is wrong with them."""

import logging

import httpx
import pytest

from campaigns.web.reloading_app import ReloadingApp
from tests.support.web_client import WebWorkspace

FOOD = "newsletters:\n"


async def newsletters(answering: ReloadingApp, web_workspace: WebWorkspace) -> tuple[int, bool]:
    """How the preference page answers, and whether it offers a newsletter about tea."""
    transport = httpx.ASGITransport(answering)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        page = await web.get(web_workspace.link("letters", scope="preferences"))
    return page.status_code, "Te och kakor" in page.text


async def test_what_is_written_is_offered_and_what_is_wrong_is_not(
    web_workspace: WebWorkspace, caplog: pytest.LogCaptureFixture
) -> None:
    answering, settings = ReloadingApp(web_workspace.engine), web_workspace.root / "config" / "settings.yaml"
    text = settings.read_text("utf-8")
    assert await newsletters(answering, web_workspace) == (200, False)
    settings.write_text(text.replace(FOOD, f"{FOOD}  tea: {{fi: Tee", 1), "utf-8")
    with caplog.at_level(logging.ERROR):
        answering.reload_if_changed()
        answering.reload_if_changed()
    assert await newsletters(answering, web_workspace) == (200, False)
    assert [f"{settings}:" in each.getMessage() for each in caplog.records] == [True]  # said once, with its place
    tea = "  tea: {fi: Teetä ja keksejä, sv: Te och kakor, en: Tea and biscuits}\n"
    settings.write_text(text.replace(FOOD, FOOD + tea, 1), "utf-8")
    assert await newsletters(answering, web_workspace) == (200, False)
    answering.reload_if_changed()
    assert await newsletters(answering, web_workspace) == (200, True)
