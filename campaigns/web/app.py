"""The ASGI application: health checks, images, member pages, the service desk, and provider webhooks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from audiences.access import undeclared_proxies
from audiences.consent import consent_texts
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.operations.doctor.stores import check_stores
from campaigns.runs.engine import Engine
from campaigns.web.desk.routes import add_desk_routes
from campaigns.web.error_pages import add_error_handlers
from campaigns.web.members.change_contact import ChangeContactPage
from campaigns.web.members.choice_list import all_consent_texts
from campaigns.web.members.click_redirect import ClickRedirect
from campaigns.web.members.contact_links import ContactLinkPages
from campaigns.web.members.login import MemberLoginPages
from campaigns.web.members.message_settings import MessageSettingsPages
from campaigns.web.members.my_data import MyDataPages
from campaigns.web.members.newsletter_sign_up import NewsletterSignUpPages
from campaigns.web.members.preference_centre import PreferenceCentre
from campaigns.web.members.send_code import OneTimeCodes
from campaigns.web.members.session import MemberSessions
from campaigns.web.members.unsubscribe import UnsubscribePages
from campaigns.web.members.why_received import WhyPage
from campaigns.web.network_pace import DelayedAnswers
from campaigns.web.page_context import PageContext
from campaigns.web.request_origin import RequestOrigin
from campaigns.web.security_middleware import SecurityMiddleware
from campaigns.web.static_files import STATIC, STATIC_PATH, BrandedFiles, CachedFiles
from campaigns.web.trusted_proxies import TrustedProxies
from campaigns.web.webhooks import WEBHOOK_PATHS, Webhooks
from campaigns.workspace.context import Context

_MAX_THREADS: Final = 120
"""Requests answered at a time: enough that readers still get a thread while others wait to write."""


def application(engine: Engine) -> ASGIApp:
    """Return the ASGI application of one engine, inside its middleware."""
    settings = engine.context.repository.settings
    pages = DelayedAnswers(pages_app(engine))
    secured = SecurityMiddleware(
        _WebhookRouter(Webhooks.from_environment(engine.context), pages),
        encrypted=settings.public_url.scheme == "https",
    )
    return TrustedProxies(secured, settings.trusted_proxies, partial(_record_proxy, engine.context))


def _record_proxy(context: Context, address: str) -> None:
    with context.ledger.write() as connection:
        undeclared_proxies.record(connection, address, context.clock.now())


@dataclass(frozen=True, slots=True)
class _WebhookRouter:
    """Routes webhooks, which come thousands of times a second, past FastAPI; everything else goes to the pages."""

    webhooks: Webhooks
    pages: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_webhook = scope["type"] == "http" and scope["path"] in WEBHOOK_PATHS
        await (self.webhooks if is_webhook else self.pages)(scope, receive, send)


def pages_app(engine: Engine) -> FastAPI:
    """Return the FastAPI application of all pages; webhooks are not in it. Publishes the consent texts first (C-13)."""
    app = FastAPI(
        title="Viesti",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        dependencies=[Depends(RequestOrigin.of_public_url(engine.context.repository.settings.public_url))],
    )
    page_context = PageContext(engine)
    with engine.context.ledger.write() as connection:
        consent_texts.publish_texts(connection, all_consent_texts(page_context.renderer), page_context.now)
    _add_health_checks(app, engine.context)
    _add_member_pages(app.router, page_context)
    add_desk_routes(app.router, page_context)
    add_error_handlers(app, page_context)
    if engine.context.workspace.images.is_dir():
        app.mount("/images", CachedFiles(directory=engine.context.workspace.images))
    look = page_context.renderer.look
    app.mount(STATIC_PATH, BrandedFiles(STATIC, (look.style, look.icon)))
    return app


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = _MAX_THREADS
    yield


def _add_health_checks(app: FastAPI, context: Context) -> None:
    @app.get("/healthz")
    def healthz() -> JSONResponse:
        """Return whether the process answers and can read its ledger."""
        try:
            with context.ledger.read() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"ledger": "unreachable"}, status_code=503)
        return JSONResponse({"ledger": "ok", "now": context.clock.now().isoformat()})

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        """Return whether the process can work: ledger schema of this version, complete warehouse, free disk space."""
        findings = check_stores(context)
        failed = any(finding.level is FindingLevel.FAIL for finding in findings)
        return JSONResponse({finding.check: finding.level for finding in findings}, status_code=503 if failed else 200)


def _add_member_pages(router: APIRouter, page_context: PageContext) -> None:
    codes, sessions = OneTimeCodes(page_context), MemberSessions(page_context)
    centre = PreferenceCentre(page_context, sessions)
    page_groups = (
        UnsubscribePages(page_context, "unsubscribe"),
        UnsubscribePages(page_context, "stop"),
        MessageSettingsPages(page_context, codes),
        WhyPage(page_context),
        ContactLinkPages(page_context),
        ClickRedirect(page_context),
        NewsletterSignUpPages(page_context),
        MemberLoginPages(page_context, codes, sessions),
        centre,
        ChangeContactPage(page_context, codes, sessions, centre),
        MyDataPages(page_context, codes, sessions),
    )
    for group in page_groups:
        group.add_routes(router)  # a router that is included has each of its routes analysed twice
