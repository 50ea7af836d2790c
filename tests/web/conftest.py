"""Web workspace, built once and copied for each test, with an HTTP client, desk sessions and a headless browser."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from campaigns.core.model.roles import Role
from campaigns.web.app import application
from tests.support.browser import CHROMIUM, BrowserUser
from tests.support.desk_session import DeskSession, open_desk_session
from tests.support.page_client import PageClient, browser_from
from tests.support.web_client import WebWorkspace, add_newsletter, build_web_workspace, copy_web_workspace


@pytest.fixture(scope="session")
def base_web_workspace(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("web") / "workspace"
    shutil.copytree(base_workspace, root)
    build_web_workspace(root)
    return root


@pytest.fixture
def web_workspace(base_web_workspace: Path, tmp_path: Path) -> Iterator[WebWorkspace]:
    web_workspace = copy_web_workspace(base_web_workspace, tmp_path / "workspace")
    yield web_workspace
    web_workspace.close()


@pytest.fixture
async def web(web_workspace: WebWorkspace) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with PageClient(web_workspace, transport=transport, base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
def open_browser(web_workspace: WebWorkspace) -> Callable[..., PageClient]:
    """Another browser of one and the same application at each call, by default at 127.0.0.1."""
    return partial(browser_from, web_workspace, app=application(web_workspace.engine))


@pytest.fixture
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no network wait for its pace."""

    async def sleep(_seconds: float) -> None:
        return

    monkeypatch.setattr("campaigns.web.network_pace.asyncio.sleep", sleep)


@pytest.fixture
async def web_with_two_newsletters(web_workspace: WebWorkspace) -> AsyncIterator[httpx.AsyncClient]:
    add_newsletter(web_workspace)
    transport = httpx.ASGITransport(application(web_workspace.engine))
    async with PageClient(web_workspace, transport=transport, base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
async def desk(web_workspace: WebWorkspace, web: httpx.AsyncClient) -> DeskSession:
    return await open_desk_session(web_workspace, web, Role.DESK)


@pytest.fixture
async def officer(web_workspace: WebWorkspace, web: httpx.AsyncClient) -> DeskSession:
    return await open_desk_session(web_workspace, web, Role.PRIVACY_OFFICER)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Any, web_workspace: WebWorkspace) -> Iterator[BrowserUser]:
    with BrowserUser.of(web_workspace, browser) as visitor:
        yield visitor
