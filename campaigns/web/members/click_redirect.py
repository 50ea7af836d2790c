"""The links of e-mails: on to where they lead, counted; by member only where the member allows it at that moment."""

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
from campaigns.core.tokens import BadToken, Way
from campaigns.runs.composing.link_tracking import PATH
from campaigns.store.runs import delivery_events, link_clicks
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.web.members.bot_detection import HASTE, Hasty, says_it_is_one
from campaigns.web.page_context import READ, Site, client

SETTLING: Final = HASTE.total_seconds()
"""Seconds until a link is counted."""

_LOG: Final = logging.getLogger("viesti.web")
_SILENT: Final = frozenset({Choice.RESTRICTED, Choice.NO_MARKETING, Choice.DECEASED})


@dataclass(frozen=True)
class Following:
    """Leads on at once; what there is to count is counted after the answer, people and machines apart.

    A HEAD counts for nothing. The target is signed: there is no way to anywhere that no template of ours leads to.
    """

    site: Site
    hasty: Hasty = field(default_factory=Hasty)

    def routes(self) -> APIRouter:
        """The one route."""
        router = APIRouter()
        router.add_api_route(f"/{PATH}/{{token}}", self.follow, methods=READ, response_class=RedirectResponse)
        return router

    def follow(self, request: Request, token: str) -> RedirectResponse:
        """On to the target; HTTP 404 for a link that is not ours."""
        try:
            way = self.site.engine.signer.read_way(token)
        except BadToken:
            raise self.site.missed(request) from None
        counting = BackgroundTask(self._settle, request, way) if request.method == "GET" else None
        return RedirectResponse(way.target, 302, background=counting)

    async def _settle(self, request: Request, way: Way) -> None:
        """Count when it has shown whether who followed is in such haste as no person is."""
        at, who, is_machine = self.site.now, _who(request, way), says_it_is_one(request.headers)
        self.hasty.note(who, way.target, at)
        await asyncio.sleep(SETTLING)
        await asyncio.to_thread(self._count, way, at, is_machine=is_machine or self.hasty.was(who))

    def _count(self, way: Way, at: datetime, *, is_machine: bool) -> None:
        try:
            with self.site.engine.ledger.write() as connection:
                delivery = _delivery(connection, way)
                is_person = not is_machine and not _is_hasty(delivery, at)
                link_clicks.count(connection, way.run_number, way.target, is_person=is_person)
                if is_person and delivery:
                    _of_member(connection, way, delivery, at)
        except SQLAlchemyError as error:  # a count that is lost is no reason to be anything but silent
            _LOG.warning("a followed link was not counted: %s", type(error).__name__)


def _of_member(connection: Connection, way: Way, delivery: RowMapping, at: datetime) -> None:
    """Keep who followed, if they allow it now: a withdrawal holds for what was sent before, too (GD-22)."""
    allowed = choices.stance_of(connection, delivery["member_id"]).on
    if Choice.TRACKING in allowed and not allowed & _SILENT:
        place, link = (way.run_number, delivery["position"]), link_clicks.name_of(way.target)
        delivery_events.record_click(connection, place, delivery["member_id"], link, at)


def _is_hasty(delivery: RowMapping | None, at: datetime) -> bool:
    """Whether a link was followed at the very moment at which its message went."""
    return delivery is not None and delivery["ended_at"] is not None and at - delivery["ended_at"] <= HASTE


def _delivery(connection: Connection, way: Way) -> RowMapping | None:
    """The delivery of a link that is one member's own."""
    if way.position is None:
        return None
    query = select(DELIVERY.c.member_id, DELIVERY.c.ended_at, DELIVERY.c.position).where(
        DELIVERY.c.run_number == way.run_number, DELIVERY.c.position == way.position
    )
    return connection.execute(query).mappings().one_or_none()


def _who(request: Request, way: Way) -> str:
    """Who follows a link of which message, as closely as a link that is the same for everybody tells."""
    if way.position is not None:
        return f"{way.run_number}:{way.position}"
    return f"{way.run_number}:{client(request)}:{request.headers.get('user-agent', '')}"
