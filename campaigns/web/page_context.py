"""State that member pages and desk pages share: engine, page renderer, language of a request, throttles."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from fastapi import HTTPException, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select

from audiences.consent.opt_out import MessageKind
from audiences.people.contacts import allows_purchase_detail
from audiences.tables import CONTACT
from campaigns.core.locked_cached_property import LockedCachedProperty
from campaigns.core.model.enums import Language
from campaigns.core.tokens import InvalidTokenError
from campaigns.runs.engine import Engine
from campaigns.store.runs.linked_message import PlannedMessage, find_message
from campaigns.web.client_network import client_key, network_key
from campaigns.web.host_cookie import HostCookie
from campaigns.web.network_pace import PACE_LIMIT, DelaySlots
from campaigns.web.page_renderer import PageRenderer
from campaigns.web.throttling import ProcessThrottle, SharedThrottle
from campaigns.workspace.context import Context

READ_METHODS: Final = ["GET", "HEAD"]


@dataclass(frozen=True, slots=True)
class LinkedMessage:
    """Message named by the link of a request, and the language of the page."""

    message: PlannedMessage
    language: Language
    member_exists: bool  # the member still exists and was not erased meanwhile
    names_purchases: bool  # the member's purchases may still be used, so that a page may name them

    @property
    def kind(self) -> MessageKind:
        """Return the kind of the message."""
        message = self.message
        return MessageKind(message.purpose, message.channel, message.partner is not None, message.newsletter)


@dataclass(frozen=True)
class PageContext:
    """Context of all pages in one process."""

    engine: Engine
    invalid_link_throttle: ProcessThrottle = field(default_factory=lambda: ProcessThrottle(300, timedelta(minutes=1)))
    delay_slots: DelaySlots = field(default_factory=DelaySlots)

    @property
    def context(self) -> Context:
        """Context of the engine."""
        return self.engine.context

    @LockedCachedProperty
    def code_request_throttle(self) -> SharedThrottle:
        """Counter of messages that one network has sent to addresses."""
        return SharedThrottle(self.context.ledger, self.context.signer, "asking", PACE_LIMIT)

    @LockedCachedProperty
    def attempt_throttle(self) -> SharedThrottle:
        """Counter of codes and passwords typed in one network."""
        return SharedThrottle(self.context.ledger, self.context.signer, "typing", PACE_LIMIT)

    @LockedCachedProperty
    def renderer(self) -> PageRenderer:
        """Return the page renderer."""
        return PageRenderer(self.context.repository.settings)

    @property
    def is_https(self) -> bool:
        """Return whether members reach the pages by https: cookies are then `Secure`."""
        return self.context.repository.settings.public_url.scheme == "https"

    def cookie(self, name: str, same_site: Literal["lax", "strict"] = "strict") -> HostCookie:
        """Return a cookie of the pages."""
        return HostCookie(name, self.is_https, same_site)

    @property
    def now(self) -> datetime:
        """Return the workspace's current time."""
        return self.context.clock.now()

    def render(
        self, request: Request, name: str, language: Language, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Render a template. Its other languages are linked at `at`, by default the request's own path."""
        path = str(values.pop("at", request.url.path))
        return self.renderer.render(name, language, path, status, **values)

    def linked_message(self, request: Request, scope: str, token: str) -> LinkedMessage:
        """Return the message of a link; HTTP 404 for an invalid link, 429 for too many of them from one network.

        Valid links are never counted: mailbox providers post many of them from few addresses.
        """
        try:
            link = self.context.signer.read_link(scope, token)
        except InvalidTokenError:
            raise self.invalid_link_error(request) from None
        with self.context.ledger.read() as connection:
            message = find_message(connection, link.run_number, link.position)
            if message is None:
                raise self.invalid_link_error(request)
            contact = select(CONTACT.c.language).where(CONTACT.c.member_id == message.member_id)
            code = connection.execute(contact).scalar_one_or_none()
            names_purchases = allows_purchase_detail(connection, message.member_id)
        stored = Language(code) if code else self.context.repository.settings.default_language
        language = requested_language(request) or stored
        return LinkedMessage(message, language, member_exists=code is not None, names_purchases=names_purchases)

    def limit_code_requests(self, request: Request) -> None:
        """Count a request that sends something to an address; many of one network are answered more slowly."""
        self._count(request, self.code_request_throttle)

    def limit_attempts(self, request: Request) -> None:
        """Count a typed code or password; many of one network are answered more slowly."""
        self._count(request, self.attempt_throttle)

    def invalid_link_error(self, request: Request) -> HTTPException:
        """Return the HTTP error for an invalid link: 404, or 429 over the limit."""
        return HTTPException(404 if self.invalid_link_throttle.allows(_network_key(request), self.now) else 429)

    def _count(self, request: Request, throttle: SharedThrottle) -> None:
        network = _network_key(request)
        self.delay_slots.delay_answer(request, network, throttle.count(network, self.now).number)

    def language(self, request: Request) -> Language:
        """Return the language of a page without a message: requested, else the browser's, else the organisation's."""
        return (
            requested_language(request)
            or _browser_language(request)
            or self.context.repository.settings.default_language
        )

    def message_path(self, scope: str, path: str, message: PlannedMessage) -> str:
        """Return the path of another page of the same message."""
        return f"/{path}/{self.context.signer.link_token(scope, message.run_number, message.position)}"


def request_client_key(request: Request) -> str:
    """Return a key for the requesting client."""
    return client_key(None if request.client is None else request.client.host)


def _network_key(request: Request) -> str:
    return network_key(None if request.client is None else request.client.host)


def requested_language(request: Request) -> Language | None:
    """Return the language requested in the query string."""
    code = request.query_params.get("lang", "")
    return Language(code) if code in set(Language) else None


def _browser_language(request: Request) -> Language | None:
    """Return the first supported language of Accept-Language."""
    codes = (part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(","))
    return next((Language(code) for code in codes if code in set(Language)), None)
