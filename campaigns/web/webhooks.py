"""What providers tell: vouched for before it is read, on disk before it is answered, no cookie and no form of ours.

No routes of the pages' application: a text message brings a POST for each of its statuses, and what FastAPI does for a
page costs more than everything here.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Final, Self
from urllib.parse import parse_qs

from fastapi import HTTPException, Request
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from campaigns.channels import sendgrid_events, twilio_events
from campaigns.channels.events import Event
from campaigns.channels.sendgrid_events import EventKey
from campaigns.channels.twilio import DELIVERY, STATUS_PATH, TOKEN
from campaigns.core.errors import AuthorError
from campaigns.results.feedback.ingest_queue import Intake
from campaigns.runs.composing.template_context import root_of
from campaigns.runs.engine import Engine

SENDGRID_PATH: Final = "/webhooks/sendgrid"
REPLY_PATH: Final = "/webhooks/twilio/reply"
PATHS: Final = frozenset({SENDGRID_PATH, STATUS_PATH, REPLY_PATH})
_LOG: Final = logging.getLogger("viesti")
_FIELDS: Final = 200
_SILENCE: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # TwiML: nothing is answered to the member


@dataclass(frozen=True)
class Webhooks:
    """The webhooks of one process, with the secrets of its environment; without one, its provider is told to wait."""

    engine: Engine
    intake: Intake
    sendgrid_key: EventKey | None
    twilio_token: str = field(repr=False)

    @classmethod
    def of(cls, engine: Engine, environment: Mapping[str, str] = os.environ) -> Self:
        """The webhooks of an engine; AuthorError for a key that is none."""
        written = environment.get(sendgrid_events.PUBLIC_KEY)
        try:
            key = EventKey.of(written) if written else None
        except ValueError as error:
            hint = "copy it from beside the setting of the signed Event Webhook"
            raise AuthorError.about(sendgrid_events.PUBLIC_KEY, str(error), "bad_key", hint) from error
        return cls(engine, Intake(engine), key, environment.get(TOKEN, ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for one of `PATHS`; all of them take a POST."""
        request = Request(scope, receive)
        if request.method != "POST":
            response = Response(status_code=405, headers={"Allow": "POST"})
        else:
            try:
                response = await self._answers[scope["path"]](request)
            except HTTPException as error:
                response = Response(status_code=error.status_code)
        await response(scope, receive, send)

    @cached_property
    def _answers(self) -> Mapping[str, Callable[[Request], Awaitable[Response]]]:
        return {SENDGRID_PATH: self.sendgrid, STATUS_PATH: self.twilio_status, REPLY_PATH: self.twilio_reply}

    async def sendgrid(self, request: Request) -> Response:
        """SendGrid's signed Event Webhook: a batch of events (SG-11, SG-12)."""
        raw = await request.body()
        if self.sendgrid_key is None:
            return _refused("sendgrid", raw, 503, f"{sendgrid_events.PUBLIC_KEY} is not set in the environment")
        signature = request.headers.get(sendgrid_events.SIGNATURE, "")
        timestamp = request.headers.get(sendgrid_events.TIMESTAMP, "")
        if not self.sendgrid_key.vouches_for(raw, signature, timestamp, self.engine.clock.read()):
            return _refused("sendgrid", raw, 403, "forged, or stale")
        try:
            events = await asyncio.to_thread(sendgrid_events.events_of, raw)
        except (ValueError, RecursionError):
            return _refused("sendgrid", raw, 400, "not understood")
        return await self._kept("sendgrid", raw, events, Response(status_code=204))

    async def twilio_status(self, request: Request) -> Response:
        """What became of one text message (TW-14)."""
        delivery, now = request.query_params.get(DELIVERY, ""), self.engine.clock.now()
        return await self._twilio(
            request, lambda form: twilio_events.status_event(form, delivery, now), Response(status_code=204)
        )

    async def twilio_reply(self, request: Request) -> Response:
        """What a member answered to a text message (TW-06); nothing is answered to that."""
        now = self.engine.clock.now()
        silence = Response(_SILENCE, media_type="text/xml")
        return await self._twilio(request, lambda form: twilio_events.reply_event(form, now), silence)

    async def _twilio(
        self, request: Request, event_of: Callable[[twilio_events.Form], Event], answer: Response
    ) -> Response:
        raw = await request.body()
        if not self.twilio_token:
            return _refused("twilio", raw, 503, f"{TOKEN} is not set in the environment")
        try:
            form = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=_FIELDS)
        except ValueError:
            return _refused("twilio", raw, 400, "no form")
        signature = request.headers.get(twilio_events.SIGNATURE, "")
        if not twilio_events.vouched_for(self.twilio_token, self._public_url(request), form, signature):
            return _refused("twilio", raw, 403, "forged")
        return await self._kept("twilio", raw, [event_of(form)], answer)

    def _public_url(self, request: Request) -> str:
        """The address as Twilio was told it: what a proxy made of host and scheme does not count (TW-13)."""
        query = request.scope["query_string"].decode("latin-1")
        return f"{root_of(self.engine.library.settings)}{request.scope['path']}{'?' if query else ''}{query}"

    async def _kept(self, provider: str, raw: bytes, events: Sequence[Event], answer: Response) -> Response:
        """The answer, when the events are on disk."""
        try:
            await self.intake.keep(events)
        except SQLAlchemyError as error:
            return _refused(provider, raw, 503, f"the ledger: {type(error).__name__}")
        return answer


def _refused(provider: str, raw: bytes, status: int, why: str) -> Response:
    """The answer to what is not taken, with a line in the log: what it was, by its hash."""
    _LOG.warning("webhook of %s, body %s: refused, %s", provider, sha256(raw).hexdigest()[:16], why)
    return Response(status_code=status)
