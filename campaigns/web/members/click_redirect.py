"""Redirect of tracked links in e-mails: clicks are counted, by member only with tracking consent at that moment."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from audiences.consent import choices
from campaigns.core.model.enums import Choice
from campaigns.core.tokens import InvalidTokenError, TrackedLink
from campaigns.runs.composing.link_tracking import CLICK_PATH
from campaigns.store.runs import delivery_events, link_clicks
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.web.members.bot_detection import BURST_WINDOW, BurstDetector, is_declared_bot
from campaigns.web.page_context import READ_METHODS, PageContext, request_client_key

COUNT_DELAY: Final = BURST_WINDOW.total_seconds()
"""Seconds between a click and its count."""

_LOG: Final = logging.getLogger("viesti.web")
_NO_TRACKING: Final = frozenset({Choice.RESTRICTED, Choice.NO_MARKETING, Choice.DECEASED})


@dataclass(frozen=True)
class ClickRedirect:
    """Click redirects.

    Clicks are counted after the response, people and bots apart. A HEAD is not counted. The target is signed, so only
    targets from our templates can be reached.
    """

    page_context: PageContext
    bursts: BurstDetector = field(default_factory=BurstDetector)

    def add_routes(self, router: APIRouter) -> None:
        """Add the only route."""
        router.add_api_route(
            f"/{CLICK_PATH}/{{token}}", self.redirect, methods=READ_METHODS, response_class=RedirectResponse
        )

    def redirect(self, request: Request, token: str) -> RedirectResponse:
        """Redirect to the target; HTTP 404 for an invalid link."""
        try:
            link = self.page_context.context.signer.read_tracked_link(token)
        except InvalidTokenError:
            raise self.page_context.invalid_link_error(request) from None
        count_task = BackgroundTask(self._count_later, request, link) if request.method == "GET" else None
        return RedirectResponse(link.target, 302, background=count_task)

    async def _count_later(self, request: Request, link: TrackedLink) -> None:
        """Count the click once bursts of clicks have shown."""
        at, client_key, is_bot = self.page_context.now, _client_key(request, link), is_declared_bot(request.headers)
        self.bursts.record(client_key, link.target, at)
        await asyncio.sleep(COUNT_DELAY)
        await asyncio.to_thread(self._count, link, at, is_bot=is_bot or self.bursts.is_burst(client_key))

    def _count(self, link: TrackedLink, at: datetime, *, is_bot: bool) -> None:
        try:
            with self.page_context.context.ledger.write() as connection:
                delivery = _delivery(connection, link)
                is_person = not is_bot and not _is_immediate(delivery, at)
                link_clicks.count_click(connection, link.run_number, link.target, link.place, is_person=is_person)
                if is_person and delivery:
                    _record_member_click(connection, link, delivery, at)
        except SQLAlchemyError as error:  # a lost count must not fail anything
            _LOG.warning("click was not counted: %s", type(error).__name__)


def _record_member_click(connection: Connection, link: TrackedLink, delivery: RowMapping, at: datetime) -> None:
    """Record the member's click if they allow it now: a withdrawal also covers messages sent before it (GD-22)."""
    allowed = choices.consent_state_of(connection, delivery["member_id"]).on
    if Choice.TRACKING in allowed and not allowed & _NO_TRACKING:
        key, link_name = (link.run_number, delivery["position"]), link_clicks.link_name(link.target, link.place)
        delivery_events.record_click(connection, key, delivery["member_id"], link_name, at)


def _is_immediate(delivery: RowMapping | None, at: datetime) -> bool:
    """Return whether a link was followed within seconds of the delivery of its message."""
    return delivery is not None and delivery["ended_at"] is not None and at - delivery["ended_at"] <= BURST_WINDOW


def _delivery(connection: Connection, link: TrackedLink) -> RowMapping | None:
    """Return the delivery of a link that belongs to one member."""
    if link.position is None:
        return None
    query = select(DELIVERY.c.member_id, DELIVERY.c.ended_at, DELIVERY.c.position).where(
        DELIVERY.c.run_number == link.run_number, DELIVERY.c.position == link.position
    )
    return connection.execute(query).mappings().one_or_none()


def _client_key(request: Request, link: TrackedLink) -> str:
    """Return a key for client and message, as closely as a link shared by all recipients allows."""
    if link.position is not None:
        return f"{link.run_number}:{link.position}"
    return f"{link.run_number}:{request_client_key(request)}:{request.headers.get('user-agent', '')}"
