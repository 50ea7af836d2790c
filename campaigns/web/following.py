"""The links of e-mails: on to where they lead, counted; by member only where the member allows it at that moment."""

import logging
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from audiences import choices
from campaigns.dispatch.ways import PATH
from campaigns.spec.words import Choice
from campaigns.store import events, following
from campaigns.store.tables import DELIVERY
from campaigns.tokens import BadToken, Way
from campaigns.web.site import READ, Site

_LOG: Final = logging.getLogger("viesti.web")
_SILENT: Final = frozenset({Choice.RESTRICTED, Choice.NO_MARKETING, Choice.DECEASED})


@dataclass(frozen=True)
class Following:
    """Leads on at once; what there is to count is counted after the answer, and a scanner's HEAD is not counted.

    The target is signed: there is no way to anywhere that no template of ours leads to.
    """

    site: Site

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
        counting = BackgroundTask(self._count, way) if request.method == "GET" else None
        return RedirectResponse(way.target, 302, background=counting)

    def _count(self, way: Way) -> None:
        try:
            with self.site.engine.ledger.write() as connection:
                following.count(connection, way.run_number, way.target)
                if way.position is not None:
                    self._of_member(connection, way, way.position)
        except SQLAlchemyError as error:  # a count that is lost is no reason to be anything but silent
            _LOG.warning("a followed link was not counted: %s", type(error).__name__)

    def _of_member(self, connection: Connection, way: Way, position: int) -> None:
        """Keep who followed, if they allow it now: a withdrawal holds for what was sent before, too (GD-22)."""
        place = (DELIVERY.c.run_number == way.run_number, DELIVERY.c.position == position)
        member_id = connection.execute(select(DELIVERY.c.member_id).where(*place)).scalar_one_or_none()
        if member_id is None:
            return
        allowed = choices.stance_of(connection, member_id).on
        if Choice.TRACKING in allowed and not allowed & _SILENT:
            link = following.name_of(way.target)
            events.record_click(connection, (way.run_number, position), member_id, link, self.site.now)
