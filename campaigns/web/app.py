"""The web application: health, the pictures that messages show, the members' pages, and what providers tell."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from audiences.consent import consent_texts
from campaigns.operations.doctor.finding import Level
from campaigns.operations.doctor.stores import stores
from campaigns.runs.engine import Engine
from campaigns.web.desk.routes import desk_routes
from campaigns.web.error_pages import say_refusals
from campaigns.web.members.change_contact import NewAddress
from campaigns.web.members.choice_list import every_wording
from campaigns.web.members.click_redirect import Following
from campaigns.web.members.login import SigningIn
from campaigns.web.members.message_settings import Preferences
from campaigns.web.members.my_data import OwnData
from campaigns.web.members.newsletter_sign_up import Joining
from campaigns.web.members.preference_centre import Centre
from campaigns.web.members.send_code import Codes
from campaigns.web.members.session import Door
from campaigns.web.members.unsubscribe import Unsubscribing
from campaigns.web.members.why import Why
from campaigns.web.page_context import Site
from campaigns.web.security_middleware import Guard
from campaigns.web.webhooks import PATHS, Webhooks

_STATIC: Final = Path(__file__).with_name("static")
_THREADS: Final = 120
"""So many requests are answered at a time: those that wait to write leave room for those who only look."""


def application(engine: Engine) -> ASGIApp:
    """The application over one engine, within its guard."""
    encrypted = engine.library.settings.public_url.scheme == "https"
    return Guard(_Front(Webhooks.of(engine), pages(engine)), encrypted=encrypted)


@dataclass(frozen=True, slots=True)
class _Front:
    """Tells what providers post, thousands of times a second, from everything else."""

    webhooks: Webhooks
    pages: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_webhook = scope["type"] == "http" and scope["path"] in PATHS
        await (self.webhooks if is_webhook else self.pages)(scope, receive, send)


def pages(engine: Engine) -> FastAPI:
    """All but the webhooks. The texts that choices are offered under are kept first (C-13)."""
    app = FastAPI(
        title="Viesti", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=_with_room
    )
    site = Site(engine)
    with engine.ledger.write() as connection:
        consent_texts.publish(connection, every_wording(site.pages), site.now)
    _health(app, engine)
    _members_pages(app, site)
    app.include_router(desk_routes(site))
    say_refusals(app, site)
    if engine.workspace.images.is_dir():
        app.mount("/images", StaticFiles(directory=engine.workspace.images))
    app.mount("/static", StaticFiles(directory=_STATIC))
    return app


@asynccontextmanager
async def _with_room(_app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = _THREADS
    yield


def _health(app: FastAPI, engine: Engine) -> None:
    @app.get("/healthz")
    def healthz() -> JSONResponse:
        """Whether the process answers and its ledger can be read."""
        try:
            with engine.ledger.read() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"ledger": "unreachable"}, status_code=503)
        return JSONResponse({"ledger": "ok", "now": engine.clock.now().isoformat()})

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """Whether the process can do its work: ledger of this version, warehouse whole, room on the disk."""
        found = stores(engine)
        failed = any(each.level is Level.FAIL for each in found)
        return JSONResponse({each.check: each.level for each in found}, status_code=503 if failed else 200)


def _members_pages(app: FastAPI, site: Site) -> None:
    codes, door = Codes(site), Door(site)
    centre = Centre(site, door)
    parts = (
        Unsubscribing(site, "unsubscribe"),
        Unsubscribing(site, "stop"),
        Preferences(site, codes),
        Why(site),
        Following(site),
        Joining(site),
        SigningIn(site, codes, door),
        centre,
        NewAddress(site, codes, door, centre),
        OwnData(site, codes, door),
    )
    for part in parts:
        app.include_router(part.routes())
