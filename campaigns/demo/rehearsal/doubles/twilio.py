"""Double of Twilio's Messages resource on the loopback: its checks, error codes and signed callbacks.

By hand: `python -m campaigns.demo.rehearsal.doubles.twilio --port 8027 --fault throttle=0.01 --tell-status`
"""

import argparse
import asyncio
import hmac
import json
import random
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha1
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import aiohttp
from aiohttp import web

from campaigns.core.event_loop import run
from campaigns.demo.rehearsal.doubles.faults import add_fault_options, fault_plan_of
from campaigns.demo.rehearsal.doubles.web import WebDouble, serve_forever

_MOBILE = re.compile(r"\+\d{8,15}")
_LANDLINE = re.compile(r"\+3589\d+")
_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[0-9A-Za-z &+_-]{1,11}")
_CODES = {400: 21620, 401: 20003, 429: 20429, 500: 20500}

# Statuses of a message, by the end of its number, and the error code of the last one
STATUSES_BY_NUMBER: dict[str, tuple[tuple[str, ...], int | None]] = {
    "0003": (("queued", "sending", "sent", "undelivered"), 30003),
    "0006": (("queued", "failed"), 30006),
    "0007": (("queued", "sent", "undelivered"), 30007),
    "0036": (("queued", "failed"), 30036),
    "": (("queued", "sending", "sent", "delivered"), None),
}

SignedPost = tuple[str, dict[str, str], dict[str, str]]


class TwilioRefusalError(Exception):
    """Twilio's refusal of a request, with one of its error codes."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


@dataclass
class TwilioDouble(WebDouble):
    """Double of Twilio: accepts messages, counts and lists them, and sends status callbacks."""

    account: str = "AC" + "0" * 32
    token: str = "double"  # noqa: S105 - a double's
    opted_out_numbers: set[str] = field(default_factory=set)
    messages: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        path = f"/2010-04-01/Accounts/{self.account}/Messages.json"
        router.add_post(path, self._create)
        router.add_get(path, self._list)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.fault_plan.next_delay())
        if not self._is_authorised(request):
            return _problem(401)
        fault = self.fault_plan.next_fault()
        if fault is not None and not fault.delivers:
            return await self.answer_with_fault(request, fault, _problem)
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        try:
            self._check(form)
        except TwilioRefusalError as error:
            return _problem(400, error.code)
        message = self._take(form)
        if fault is not None:
            return await self.answer_with_fault(request, fault, _problem)
        return web.json_response(message, status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if not self._is_authorised(request):
            return _problem(401)
        fault = self.fault_plan.next_fault()
        if fault is not None:
            return await self.answer_with_fault(request, fault, _problem)
        recipient = request.query.get("To")
        since = datetime.fromisoformat(request.query.get("DateSent>", "2000-01-01")).replace(tzinfo=UTC)
        messages = [
            message
            for message in reversed(self.messages)
            if recipient in (None, message["to"]) and parsedate_to_datetime(message["date_created"]) >= since
        ]
        size, page = int(request.query.get("PageSize", 50)), int(request.query.get("Page", 0))
        after = f"{request.path}?{urlencode({**request.query, 'Page': page + 1})}"
        return web.json_response(
            {
                "messages": messages[page * size : (page + 1) * size],
                "page": page,
                "page_size": size,
                "uri": request.path_qs,
                "next_page_uri": after if len(messages) > (page + 1) * size else None,
            }
        )

    def _is_authorised(self, request: web.Request) -> bool:
        known = b64encode(f"{self.account}:{self.token}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {known}"

    def _check(self, form: Mapping[str, str]) -> None:
        number, text = form.get("To", ""), form.get("Body", "")
        _require(_MOBILE.fullmatch(number) is not None, 21211)
        _require(_LANDLINE.fullmatch(number) is None, 21614)
        _require(text != "", 21602)
        _require(len(text) <= 1600, 21617)
        _check_sender(form)
        _require(1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000, 21620)
        _check_callback(form.get("StatusCallback", "https://example.org"))
        _require(number not in self.opted_out_numbers, 21610)

    def _take(self, form: Mapping[str, str]) -> dict[str, Any]:
        callback = form.get("StatusCallback", "")
        self.mailboxes.deliver(form["To"], dict(parse_qsl(urlsplit(callback).query)).get("delivery", ""))
        message = {
            "sid": f"SM{uuid4().hex}",
            "account_sid": self.account,
            "to": form["To"],
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": form["Body"],
            "status": "accepted" if "MessagingServiceSid" in form else "queued",
            "num_segments": "0" if "MessagingServiceSid" in form else "1",
            "num_media": "0",
            "direction": "outbound-api",
            "date_created": format_datetime(datetime.now(UTC)),  # noqa: TID251 - this stands for Twilio's clock
            "date_updated": None,
            "date_sent": None,
            "error_code": None,
            "error_message": None,
            "price": None,
            "price_unit": "EUR",
            "api_version": "2010-04-01",
        }
        if self.keep_requests:
            self.requests.append(dict(form))
            self.messages.append(message)
            self.callbacks += [(callback, status) for status in _statuses(message)]
        return message

    def sign_post(self, url: str, form: dict[str, str]) -> SignedPost:
        """Return the URL, form and headers of one webhook POST, signed as Twilio documents it, not by its package."""
        signed_text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        mac = hmac.new(self.token.encode(), signed_text.encode(), sha1).digest()
        return url, form, {"X-Twilio-Signature": b64encode(mac).decode()}

    def reply(self, url: str, number: str, text: str) -> SignedPost:
        """Return the POST of a member's reply; STOP in English also stops this sender's messages at Twilio."""
        if text.strip().upper() in {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}:
            self.opted_out_numbers.add(number)
        form = {"MessageSid": f"SM{uuid4().hex}", "From": number, "To": "+358450000000", "Body": text}
        return self.sign_post(url, form)

    def signed_posts(self, *, times: int = 1, seed: int = 1) -> Iterator[SignedPost]:
        """Generate signed POSTs of all statuses so far, each `times` times, shuffled if repeated."""
        callbacks = self.callbacks * times
        if times > 1:
            random.Random(seed).shuffle(callbacks)  # noqa: S311 - the same order every time
        for url, form in callbacks:
            yield self.sign_post(url, form)

    async def post_statuses(self, *, times: int = 1) -> list[int]:
        """POST every status so far to its callback; return the status codes."""
        statuses = []
        async with aiohttp.ClientSession() as session:
            for url, form, headers in self.signed_posts(times=times):
                async with session.post(url, data=form, headers=headers) as response:
                    statuses.append(response.status)
        return statuses


def _check_sender(form: Mapping[str, str]) -> None:
    if "MessagingServiceSid" in form:
        _require(_SID.fullmatch(form["MessagingServiceSid"]) is not None, 21703)
        return
    sender = form.get("From", "")
    _require(sender != "", 21603)
    _require(bool(_MOBILE.fullmatch(sender) or _ALPHANUMERIC.fullmatch(sender)), 21212)


def _check_callback(url: str) -> None:
    parts = urlsplit(url)
    _require(parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in str(parts.hostname), 21609)


def _require(holds: bool, code: int) -> None:
    if not holds:
        raise TwilioRefusalError(code)


def _statuses(message: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Generate the callbacks of a message; its first status has none."""
    statuses, error = next(outcome for end, outcome in STATUSES_BY_NUMBER.items() if str(message["to"]).endswith(end))
    for status in statuses[1:]:
        form = {
            "MessageSid": message["sid"],
            "MessageStatus": status,
            "To": message["to"],
            "AccountSid": message["account_sid"],
        }
        if error is not None and status == statuses[-1]:
            form["ErrorCode"] = str(error)
        yield form


def _problem(status: int, code: int | None = None) -> web.Response:
    code = code or _CODES.get(status, status)
    problem = {
        "code": code,
        "message": "The double says so about '+358400000000'.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.Response(body=json.dumps(problem).encode(), status=status, content_type="application/json")


async def _main(arguments: argparse.Namespace) -> None:
    double = TwilioDouble(
        fault_plan=fault_plan_of(arguments), port=arguments.port, keep_requests=not arguments.count_only
    )
    posting = asyncio.create_task(_keep_posting_statuses(double)) if arguments.tell_status else None
    text = f"Twilio's double. TWILIO_ACCOUNT_SID={double.account} TWILIO_AUTH_TOKEN={double.token}"
    await serve_forever(double, lambda: f"{text}\nchannels.sms.twilio.base_url: {double.url}")
    del posting


async def _keep_posting_statuses(double: TwilioDouble) -> None:
    while True:
        await asyncio.sleep(1)
        with suppress(aiohttp.ClientError):
            await double.post_statuses(times=2)
            double.callbacks.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m campaigns.demo.rehearsal.doubles.twilio", description=__doc__)
    add_fault_options(parser)
    parser.add_argument(
        "--tell-status", action="store_true", help="POST each status to its callback, twice and out of order"
    )
    with suppress(KeyboardInterrupt):
        run(_main(parser.parse_args()))
