"""State that member pages and desk pages share: engine, page renderer, language of a request, throttles."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from audiences.consent.opt_out import MessageKind
from audiences.tables import CONTACT
from campaigns.core.model.enums import Language
from campaigns.core.tokens import InvalidTokenError
from campaigns.runs.engine import Engine
from campaigns.store.runs.linked_message import PlannedMessage, find_message
from campaigns.web.page_renderer import Pages
from campaigns.web.throttling import Rate, SharedRate, stranger

READ: Final = ["GET", "HEAD"]
_QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Received:
    """Message named by the link of a request, and the language of the page."""

    message: PlannedMessage
    language: Language
    known: bool  # the member still exists and was not erased meanwhile

    @property
    def kind(self) -> MessageKind:
        """Return the kind of the message."""
        message = self.message
        return MessageKind(message.purpose, message.channel, message.partner is not None, message.newsletter)


@dataclass(frozen=True)
class Site:
    """Context of all pages in one process."""

    engine: Engine
    misses: Rate = field(default_factory=lambda: Rate(30, timedelta(minutes=1)))

    @cached_property
    def askings(self) -> SharedRate:
        """Throttle of messages that one client may have sent to addresses."""
        return SharedRate(self.engine.ledger, self.engine.signer, "asking", 10, _QUARTER)

    @cached_property
    def tries(self) -> SharedRate:
        """Throttle of codes and passwords that one client may type."""
        return SharedRate(self.engine.ledger, self.engine.signer, "typing", 30, _QUARTER)

    @cached_property
    def pages(self) -> Pages:
        """Return the page renderer."""
        return Pages(self.engine.library.settings)

    @property
    def now(self) -> datetime:
        """Return the workspace's current time."""
        return self.engine.clock.now()

    def answer(
        self, request: Request, name: str, language: Language, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Render a template. Its other languages are linked at `at`, by default the request's own path."""
        path = str(values.pop("at", request.url.path))
        return self.pages.answer(name, language, path, status, **values)

    def received(self, request: Request, scope: str, token: str) -> Received:
        """Return the message of a link; HTTP 404 for an invalid link, 429 for too many of them from one client.

        Valid links are never counted: mailbox providers post many of them from few addresses.
        """
        try:
            link = self.engine.signer.read_link(scope, token)
        except InvalidTokenError:
            raise self.missed(request) from None
        with self.engine.ledger.read() as connection:
            message = find_message(connection, link.run_number, link.position)
            if message is None:
                raise self.missed(request)
            contact = select(CONTACT.c.language).where(CONTACT.c.member_id == message.member_id)
            code = connection.execute(contact).scalar_one_or_none()
        stored = Language(code) if code else self.engine.library.settings.default_language
        return Received(message, asked_language(request) or stored, known=code is not None)

    def count_asking(self, request: Request) -> None:
        """Count a request that sends something to an address; HTTP 429 over the limit."""
        self._count(request, self.askings)

    def count_try(self, request: Request) -> None:
        """Count a typed code or password; HTTP 429 over the limit."""
        self._count(request, self.tries)

    def missed(self, request: Request) -> HTTPException:
        """Return the HTTP error for an invalid link: 404, or 429 over the limit."""
        return HTTPException(404 if self.misses.allows(client(request), self.now) else 429)

    def _count(self, request: Request, throttle: SharedRate) -> None:
        if not throttle.allows(client(request), self.now):
            raise HTTPException(429)

    def language(self, request: Request) -> Language:
        """Return the language of a page without a message: requested, else the browser's, else the organisation's."""
        return asked_language(request) or _browser_language(request) or self.engine.library.settings.default_language

    def link(self, scope: str, path: str, message: PlannedMessage) -> str:
        """Return the path of another page of the same message."""
        return f"/{path}/{self.engine.signer.link_token(scope, message.run_number, message.position)}"


def client(request: Request) -> str:
    """Return a key for the requesting client."""
    return stranger(None if request.client is None else request.client.host)


def asked_language(request: Request) -> Language | None:
    """Return the language requested in the query string."""
    code = request.query_params.get("lang", "")
    return Language(code) if code in set(Language) else None


def _browser_language(request: Request) -> Language | None:
    """Return the first supported language of Accept-Language."""
    codes = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((Language(code) for code in codes if code in set(Language)), None)
