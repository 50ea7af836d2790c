"""Double of SendGrid's mail/send and Event Webhook on the loopback: its limits, errors and signed events.

By hand: `python -m campaigns.demo.rehearsal.doubles.sendgrid --port 8025 --fault throttle=0.01 --events-to http://localhost:8000/...`
"""

import argparse
import asyncio
import json
import random
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from campaigns.core.event_loop import run
from campaigns.demo.rehearsal.doubles.faults import add_fault_options, fault_plan_of
from campaigns.demo.rehearsal.doubles.sendgrid_rules import SendGridRefusalError, check
from campaigns.demo.rehearsal.doubles.web import WebDouble, serve_forever

# Events of a message, by the start of its address
EVENTS_BY_ADDRESS: dict[str, tuple[dict[str, Any], ...]] = {
    "bounce": ({"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such user"},),
    "blocked": ({"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 content"},),
    "deferred": ({"event": "deferred", "response": "451 try again", "attempt": "1"}, {"event": "delivered"}),
    "dropped": ({"event": "dropped", "reason": "Bounced Address"},),
    "complaint": ({"event": "delivered"}, {"event": "spamreport"}),
    "": ({"event": "delivered", "response": "250 OK"},),
}


@dataclass
class SendGridDouble(WebDouble):
    """Double of SendGrid: accepts messages, counts them and sends signed events."""

    api_key: str = "SG.double"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    events: list[dict[str, Any]] = field(default_factory=list)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/v3/mail/send", self._send)

    @property
    def public_key(self) -> str:
        """Return the public key as SendGrid's settings page shows it."""
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b64encode(der).decode()

    async def _send(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.fault_plan.next_delay())
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return _problem(401)
        fault = self.fault_plan.next_fault()
        if fault is not None and not fault.delivers:
            return await self.answer_with_fault(request, fault, _problem)
        try:
            mail = check(await request.read())
        except SendGridRefusalError as error:
            return _problem(error.status, error.field)
        message_id = uuid4().hex
        if self.keep_requests:
            self.requests.append(mail)
        if mail.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return web.Response(status=200)
        self._take(mail, message_id)
        if fault is not None:
            return await self.answer_with_fault(request, fault, _problem)
        return web.Response(status=202, headers={"X-Message-Id": message_id})

    def _take(self, mail: Mapping[str, Any], message_id: str) -> None:
        for reader in mail["personalizations"]:
            names = mail.get("custom_args", {}) | reader.get("custom_args", {})
            for to in reader["to"]:
                self.mailboxes.deliver(to["email"], names.get("delivery", ""))
                if self.keep_requests:
                    self.events += _events_of(to["email"], names, message_id)

    def sign_post(self, events: list[dict[str, Any]], at: float | None = None) -> tuple[bytes, dict[str, str]]:
        """Return the body and headers of one webhook POST."""
        body = json.dumps(events).encode()
        timestamp = str(int(time.time() if at is None else at))  # noqa: TID251 - this stands for SendGrid's clock
        signature = self.key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
        return body, {
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
        }

    def signed_posts(self, *, times: int = 1, size: int = 100, seed: int = 1) -> Iterator[tuple[bytes, dict[str, str]]]:
        """Generate signed POSTs of all events so far, each `times` times, shuffled if repeated."""
        events = self.events * times
        if times > 1:
            random.Random(seed).shuffle(events)  # noqa: S311 - the same order every time
        for start in range(0, len(events), size):
            yield self.sign_post(events[start : start + size])

    async def post_events(self, url: str, *, times: int = 1) -> list[int]:
        """POST every event so far to `url`; return the status codes."""
        statuses = []
        async with aiohttp.ClientSession() as session:
            for body, headers in self.signed_posts(times=times):
                async with session.post(url, data=body, headers=headers) as response:
                    statuses.append(response.status)
        return statuses


def _events_of(address: str, names: Mapping[str, str], message_id: str) -> Iterator[dict[str, Any]]:
    events = next(events for start, events in EVENTS_BY_ADDRESS.items() if address.startswith(start))
    first = () if events[0]["event"] == "dropped" else ({"event": "processed"},)
    for event in (*first, *events):
        yield {
            "email": address,
            "timestamp": int(time.time()),  # noqa: TID251
            "smtp-id": f"<{message_id}@geopod-ismtpd-1>",
            "sg_event_id": b64encode(uuid4().bytes).decode().rstrip("="),
            "sg_message_id": f"{message_id}.recvd-canary-7f8c-1",
            **names,
            **event,
        }


def _problem(status: int, at: str | None = None) -> web.Response:
    problem = {"message": "The double says so; nobody@example.org was in it.", "field": at, "help": None}
    return web.json_response({"errors": [problem]}, status=status)


async def _main(arguments: argparse.Namespace) -> None:
    double = SendGridDouble(
        fault_plan=fault_plan_of(arguments), port=arguments.port, keep_requests=not arguments.count_only
    )
    text = f"SendGrid's double. SENDGRID_API_KEY={double.api_key}\nSENDGRID_WEBHOOK_PUBLIC_KEY={double.public_key}"
    posting = asyncio.create_task(_keep_posting_events(double, arguments.events_to)) if arguments.events_to else None
    await serve_forever(double, lambda: f"{text}\nchannels.email.sendgrid.base_url: {double.url}")
    del posting


async def _keep_posting_events(double: SendGridDouble, url: str) -> None:
    while True:
        await asyncio.sleep(1)
        with suppress(aiohttp.ClientError):
            if double.events:
                await double.post_events(url, times=2)
                double.events.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m campaigns.demo.rehearsal.doubles.sendgrid", description=__doc__)
    add_fault_options(parser)
    parser.add_argument("--events-to", help="URL to POST signed events to, each twice and out of order")
    with suppress(KeyboardInterrupt):
        run(_main(parser.parse_args()))
