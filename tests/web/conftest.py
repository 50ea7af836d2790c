"""A town, built once and copied for each test, and a browser without a screen that walks in it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from campaigns.core.model.roles import Role
from campaigns.web.app import application
from tests.support.browser import CHROMIUM, Visitor
from tests.support.desk_session import Desk, at_desk
from tests.support.web_client import Town, build, copy


@pytest.fixture(scope="session")
def built(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("town") / "town"
    shutil.copytree(founded, root)
    build(root)
    return root


@pytest.fixture
def town(built: Path, tmp_path: Path) -> Iterator[Town]:
    town = copy(built, tmp_path / "town")
    yield town
    town.close()


@pytest.fixture
async def web(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(town.engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


@pytest.fixture
async def desk(town: Town, web: httpx.AsyncClient) -> Desk:
    return await at_desk(town, web, Role.DESK)


@pytest.fixture
async def officer(town: Town, web: httpx.AsyncClient) -> Desk:
    return await at_desk(town, web, Role.PRIVACY_OFFICER)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Any, town: Town) -> Iterator[Visitor]:
    with Visitor.of(town, browser) as visitor:
        yield visitor
