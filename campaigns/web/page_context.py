"""What the members' pages share: the engine, the writer of pages, the language of a request, who may try how often."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from audiences.consent.opt_out import Kind
from audiences.tables import CONTACT
from campaigns.core.model.enums import Language
from campaigns.core.tokens import BadToken
from campaigns.runs.engine import Engine
from campaigns.store.runs.linked_message import Linked, linked
from campaigns.web.page_renderer import Pages
from campaigns.web.throttling import Rate, SharedRate, stranger

READ: Final = ["GET", "HEAD"]
_QUARTER: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Received:
    """A message that a link came with, and the language that it was written in."""

    message: Linked
    language: Language
    known: bool  # the member is still there: not erased meanwhile

    @property
    def kind(self) -> Kind:
        """What kind of message it was."""
        message = self.message
        return Kind(message.purpose, message.channel, message.partner is not None, message.newsletter)


@dataclass(frozen=True)
class Site:
    """One process's members' pages."""

    engine: Engine
    misses: Rate = field(default_factory=lambda: Rate(30, timedelta(minutes=1)))

    @cached_property
    def askings(self) -> SharedRate:
        """How often a stranger may have something sent to an address."""
        return SharedRate(self.engine.ledger, self.engine.signer, "asking", 10, _QUARTER)

    @cached_property
    def tries(self) -> SharedRate:
        """How often a stranger may type a code or a password."""
        return SharedRate(self.engine.ledger, self.engine.signer, "typing", 30, _QUARTER)

    @cached_property
    def pages(self) -> Pages:
        """The writer of the pages."""
        return Pages(self.engine.library.settings)

    @property
    def now(self) -> datetime:
        """The workspace's present."""
        return self.engine.clock.now()

    def answer(
        self, request: Request, name: str, language: Language, status: int = 200, **values: object
    ) -> HTMLResponse:
        """The page of a template, whose other languages are at `at`, or at the request's own path."""
        path = str(values.pop("at", request.url.path))
        return self.pages.answer(name, language, path, status, **values)

    def received(self, request: Request, scope: str, token: str) -> Received:
        """The message of a link; HTTP 404 for a link that is not ours, 429 for too many of them from one stranger.

        A link that is ours is never counted: mailbox providers post many of them from few addresses.
        """
        try:
            link = self.engine.signer.read(scope, token)
        except BadToken:
            raise self.missed(request) from None
        with self.engine.ledger.read() as connection:
            message = linked(connection, link.run_number, link.position)
            if message is None:
                raise self.missed(request)
            contact = select(CONTACT.c.language).where(CONTACT.c.member_id == message.member_id)
            spoken = connection.execute(contact).scalar_one_or_none()
        written = Language(spoken) if spoken else self.engine.library.settings.default_language
        return Received(message, asked_language(request) or written, known=spoken is not None)

    def count_asking(self, request: Request) -> None:
        """HTTP 429 for a stranger who has more sent to addresses than anybody needs."""
        self._count(request, self.askings)

    def count_try(self, request: Request) -> None:
        """HTTP 429 for a stranger who types more codes and passwords than anybody mistypes."""
        self._count(request, self.tries)

    def missed(self, request: Request) -> HTTPException:
        """The answer to a link that leads nowhere."""
        return HTTPException(404 if self.misses.allows(client(request), self.now) else 429)

    def _count(self, request: Request, rate: SharedRate) -> None:
        if not rate.allows(client(request), self.now):
            raise HTTPException(429)

    def language(self, request: Request) -> Language:
        """The language of a page that no message led to: the asked one, the browser's, the organisation's."""
        return asked_language(request) or _accepted(request) or self.engine.library.settings.default_language

    def link(self, scope: str, path: str, message: Linked) -> str:
        """The way to another page of the same message."""
        return f"/{path}/{self.engine.signer.link(scope, message.run_number, message.position)}"


def client(request: Request) -> str:
    """Who asks, as far as that can be told."""
    return stranger(None if request.client is None else request.client.host)


def asked_language(request: Request) -> Language | None:
    """The language that the address asks for."""
    asked = request.query_params.get("lang", "")
    return Language(asked) if asked in set(Language) else None


def _accepted(request: Request) -> Language | None:
    """The first of our languages that the browser names."""
    named = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((Language(name) for name in named if name in set(Language)), None)
