"""Webhooks of SendGrid and Twilio: signature checked before parsing, events on disk before the response.

No FastAPI routes: each text message brings a POST per status, and FastAPI's overhead exceeds everything done here.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Final, Self
from urllib.parse import parse_qs

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import Receive, Scope, Send

from campaigns.channels import sendgrid_events, twilio_events
from campaigns.channels.events import Event
from campaigns.channels.sendgrid_events import WebhookKey
from campaigns.channels.twilio import DELIVERY_PARAMETER, STATUS_PATH, TOKEN_VARIABLE
from campaigns.core.errors import UserError
from campaigns.core.metrics import count_unreadable_events
from campaigns.results.feedback.ingest_queue import IngestQueue
from campaigns.runs.composing.template_context import public_base_url
from campaigns.workspace.context import Context

SENDGRID_PATH: Final = "/webhooks/sendgrid"
REPLY_PATH: Final = "/webhooks/twilio/reply"
WEBHOOK_PATHS: Final = frozenset({SENDGRID_PATH, STATUS_PATH, REPLY_PATH})
_LOG: Final = logging.getLogger("viesti")
_MAX_FIELDS: Final = 200
_EMPTY_TWIML: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'  # TwiML: no reply to the member


@dataclass(frozen=True)
class Webhooks:
    """Webhooks of one process, with the secrets of its environment.

    Without a secret, its provider gets HTTP 503 and retries.
    """

    context: Context
    ingest_queue: IngestQueue
    sendgrid_key: WebhookKey | None
    twilio_token: str = field(repr=False)

    @classmethod
    def from_environment(cls, context: Context, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the webhooks of an engine; raise UserError when a key is invalid."""
        key_text = environment.get(sendgrid_events.PUBLIC_KEY_VARIABLE)
        try:
            key = WebhookKey.from_base64(key_text) if key_text else None
        except ValueError as error:
            hint = "copy it from beside the setting of the signed Event Webhook"
            raise UserError.about(sendgrid_events.PUBLIC_KEY_VARIABLE, str(error), "bad_key", hint) from error
        return cls(context, IngestQueue(context), key, environment.get(TOKEN_VARIABLE, ""))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request for one of `WEBHOOK_PATHS`; all of them take POST only."""
        request = Request(scope, receive)
        if request.method != "POST":
            response = Response(status_code=405, headers={"Allow": "POST"})
        else:
            try:
                response = await self._handlers[scope["path"]](request)
            except HTTPException as error:
                response = Response(status_code=error.status_code)
        await response(scope, receive, send)

    @cached_property
    def _handlers(self) -> Mapping[str, Callable[[Request], Awaitable[Response]]]:
        return {SENDGRID_PATH: self.sendgrid, STATUS_PATH: self.twilio_status, REPLY_PATH: self.twilio_reply}

    async def sendgrid(self, request: Request) -> Response:
        """Ingest a batch of SendGrid's signed Event Webhook (SG-11, SG-12)."""
        raw = await request.body()
        if self.sendgrid_key is None:
            return _reject("sendgrid", raw, 503, f"{sendgrid_events.PUBLIC_KEY_VARIABLE} is not set in the environment")
        signature = request.headers.get(sendgrid_events.SIGNATURE_HEADER, "")
        timestamp = request.headers.get(sendgrid_events.TIMESTAMP_HEADER, "")
        if not self.sendgrid_key.verify(raw, signature, timestamp, self.context.clock.read()):
            return _reject("sendgrid", raw, 403, "signature or timestamp is invalid")
        unreadable: list[object] = []
        try:
            events = await asyncio.to_thread(sendgrid_events.parse_events, raw, unreadable)
        except (ValueError, RecursionError):
            return _reject("sendgrid", raw, 400, "not a list of events")
        if self.context.clock.shift:  # the workspace lives on another day than the provider
            events = [replace(event, at=self._workspace_time(event.at)) for event in events]
        answer = await self._ingest("sendgrid", raw, events, Response(status_code=204))
        return (
            _partly_read("sendgrid", raw, len(events), len(unreadable))
            if unreadable and answer.status_code == 204
            else answer
        )

    def _workspace_time(self, at: datetime) -> datetime:
        try:
            return at + self.context.clock.shift
        except OverflowError:
            return at

    async def twilio_status(self, request: Request) -> Response:
        """Ingest the status of one text message (TW-14)."""
        delivery, now = request.query_params.get(DELIVERY_PARAMETER, ""), self.context.clock.now()
        return await self._twilio(
            request, lambda form: twilio_events.status_event(form, delivery, now), Response(status_code=204)
        )

    async def twilio_reply(self, request: Request) -> Response:
        """Ingest a member's reply to a text message (TW-06); no text message is sent in return."""
        now = self.context.clock.now()
        no_reply = Response(_EMPTY_TWIML, media_type="text/xml")
        return await self._twilio(request, lambda form: twilio_events.reply_event(form, now), no_reply)

    async def _twilio(
        self, request: Request, event_of: Callable[[twilio_events.TwilioForm], Event], response: Response
    ) -> Response:
        raw = await request.body()
        if not self.twilio_token:
            return _reject("twilio", raw, 503, f"{TOKEN_VARIABLE} is not set in the environment")
        try:
            form = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError:
            return _reject("twilio", raw, 400, "not a form")
        signature = request.headers.get(twilio_events.SIGNATURE_HEADER, "")
        if not twilio_events.verify_signature(self.twilio_token, self._public_url(request), form, signature):
            return _reject("twilio", raw, 403, "signature is invalid")
        return await self._ingest("twilio", raw, [event_of(form)], response)

    def _public_url(self, request: Request) -> str:
        """Return the URL that was given to Twilio; host and scheme as changed by a proxy do not count (TW-13)."""
        query = request.scope["query_string"].decode("latin-1")
        return (
            f"{public_base_url(self.context.repository.settings)}{request.scope['path']}{'?' if query else ''}{query}"
        )

    async def _ingest(self, provider: str, raw: bytes, events: Sequence[Event], response: Response) -> Response:
        """Return the response once the events are on disk."""
        try:
            await self.ingest_queue.ingest(events)
        except SQLAlchemyError as error:
            return _reject(provider, raw, 503, f"cannot write the ledger: {type(error).__name__}")
        return response


def _partly_read(provider: str, raw: bytes, events: int, unreadable: int) -> Response:
    """Return the response to a request that held entries other than its stored events; count and log them."""
    count_unreadable_events(provider, unreadable)
    message = "webhook of %s, body %s: %d of %d entries are no events; the others are stored"
    _LOG.warning(message, provider, sha256(raw).hexdigest()[:16], unreadable, events + unreadable)
    return JSONResponse({"events": events, "unreadable": unreadable})


def _reject(provider: str, raw: bytes, status: int, reason: str) -> Response:
    """Return an error response, and log the hash of the rejected body."""
    _LOG.warning("webhook of %s, body %s: rejected, %s", provider, sha256(raw).hexdigest()[:16], reason)
    return Response(status_code=status)
