"""Twilio's Messages resource as a server on the loopback: its checks, its error codes, its signed callbacks.

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
from campaigns.demo.rehearsal.doubles.faults import add_manners, manners_of
from campaigns.demo.rehearsal.doubles.web import WebDouble, serve_for_ever

_MOBILE = re.compile(r"\+\d{8,15}")
_LANDLINE = re.compile(r"\+3589\d+")
_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[0-9A-Za-z &+_-]{1,11}")
_CODES = {400: 21620, 401: 20003, 429: 20429, 500: 20500}

# What becomes of a message to a number that ends so: its statuses, and the error of the last
FATES: dict[str, tuple[tuple[str, ...], int | None]] = {
    "0003": (("queued", "sending", "sent", "undelivered"), 30003),
    "0006": (("queued", "failed"), 30006),
    "0007": (("queued", "sent", "undelivered"), 30007),
    "0036": (("queued", "failed"), 30036),
    "": (("queued", "sending", "sent", "delivered"), None),
}

Callback = tuple[str, dict[str, str], dict[str, str]]


class Wrong(Exception):  # noqa: N818 - said as what happened
    """The request is refused with one of Twilio's codes."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


@dataclass
class TwilioDouble(WebDouble):
    """Takes messages, counts them, lists them, and calls back."""

    account: str = "AC" + "0" * 32
    token: str = "double"  # noqa: S105 - a double's
    stopped: set[str] = field(default_factory=set)
    messages: list[dict[str, Any]] = field(default_factory=list)
    callbacks: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        path = f"/2010-04-01/Accounts/{self.account}/Messages.json"
        router.add_post(path, self._create)
        router.add_get(path, self._list)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.manners.delay())
        if not self._knows(request):
            return _problem(401)
        fault = self.manners.fault()
        if fault is not None and not fault.takes:
            return await self.misbehave(request, fault, _problem)
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        try:
            self._check(form)
        except Wrong as wrong:
            return _problem(400, wrong.code)
        made = self._take(form)
        if fault is not None:
            return await self.misbehave(request, fault, _problem)
        return web.json_response(made, status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if not self._knows(request):
            return _problem(401)
        fault = self.manners.fault()
        if fault is not None:
            return await self.misbehave(request, fault, _problem)
        wanted = request.query.get("To")
        since = datetime.fromisoformat(request.query.get("DateSent>", "2000-01-01")).replace(tzinfo=UTC)
        found = [
            each
            for each in reversed(self.messages)
            if wanted in (None, each["to"]) and parsedate_to_datetime(each["date_created"]) >= since
        ]
        size, page = int(request.query.get("PageSize", 50)), int(request.query.get("Page", 0))
        after = f"{request.path}?{urlencode({**request.query, 'Page': page + 1})}"
        return web.json_response(
            {
                "messages": found[page * size : (page + 1) * size],
                "page": page,
                "page_size": size,
                "uri": request.path_qs,
                "next_page_uri": after if len(found) > (page + 1) * size else None,
            }
        )

    def _knows(self, request: web.Request) -> bool:
        known = b64encode(f"{self.account}:{self.token}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {known}"

    def _check(self, form: Mapping[str, str]) -> None:
        number, text = form.get("To", ""), form.get("Body", "")
        _demand(_MOBILE.fullmatch(number) is not None, 21211)
        _demand(_LANDLINE.fullmatch(number) is None, 21614)
        _demand(text != "", 21602)
        _demand(len(text) <= 1600, 21617)
        _check_sender(form)
        _demand(1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000, 21620)
        _check_callback(form.get("StatusCallback", "https://example.org"))
        _demand(number not in self.stopped, 21610)

    def _take(self, form: Mapping[str, str]) -> dict[str, Any]:
        callback = form.get("StatusCallback", "")
        self.mailboxes.put(form["To"], dict(parse_qsl(urlsplit(callback).query)).get("delivery", ""))
        made = {
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
            self.messages.append(made)
            self.callbacks += [(callback, told) for told in _statuses(made)]
        return made

    def signed(self, url: str, form: dict[str, str]) -> Callback:
        """One POST of a webhook: its URL, form and headers. Signed here by the description, not by Twilio's package."""
        said = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        mac = hmac.new(self.token.encode(), said.encode(), sha1).digest()
        return url, form, {"X-Twilio-Signature": b64encode(mac).decode()}

    def reply(self, url: str, number: str, text: str) -> Callback:
        """What is POSTed when a member answers; STOP in English also stops this sender's messages at Twilio."""
        if text.strip().upper() in {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}:
            self.stopped.add(number)
        form = {"MessageSid": f"SM{uuid4().hex}", "From": number, "To": "+358450000000", "Body": text}
        return self.signed(url, form)

    def told(self, *, times: int = 1, seed: int = 1) -> Iterator[Callback]:
        """Every status so far as signed POSTs, each `times` times; they overtake each other when told repeatedly."""
        told = self.callbacks * times
        if times > 1:
            random.Random(seed).shuffle(told)  # noqa: S311 - the same order every time
        for url, form in told:
            yield self.signed(url, form)

    async def tell(self, *, times: int = 1) -> list[int]:
        """Call back with every status so far; what the callbacks answered."""
        statuses = []
        async with aiohttp.ClientSession() as session:
            for url, form, headers in self.told(times=times):
                async with session.post(url, data=form, headers=headers) as response:
                    statuses.append(response.status)
        return statuses


def _check_sender(form: Mapping[str, str]) -> None:
    if "MessagingServiceSid" in form:
        _demand(_SID.fullmatch(form["MessagingServiceSid"]) is not None, 21703)
        return
    sender = form.get("From", "")
    _demand(sender != "", 21603)
    _demand(bool(_MOBILE.fullmatch(sender) or _ALPHANUMERIC.fullmatch(sender)), 21212)


def _check_callback(url: str) -> None:
    parts = urlsplit(url)
    _demand(parts.scheme in ("http", "https") and bool(parts.hostname) and "_" not in str(parts.hostname), 21609)


def _demand(holds: bool, code: int) -> None:
    if not holds:
        raise Wrong(code)


def _statuses(made: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The callbacks of a message; its first status is not called back."""
    statuses, error = next(fate for end, fate in FATES.items() if str(made["to"]).endswith(end))
    for status in statuses[1:]:
        told = {"MessageSid": made["sid"], "MessageStatus": status, "To": made["to"], "AccountSid": made["account_sid"]}
        if error is not None and status == statuses[-1]:
            told["ErrorCode"] = str(error)
        yield told


def _problem(status: int, code: int | None = None) -> web.Response:
    code = code or _CODES.get(status, status)
    said = {
        "code": code,
        "message": "The double says so about '+358400000000'.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.Response(body=json.dumps(said).encode(), status=status, content_type="application/json")


async def _by_hand(arguments: argparse.Namespace) -> None:
    double = TwilioDouble(manners=manners_of(arguments), port=arguments.port, keep_requests=not arguments.count_only)
    telling = asyncio.create_task(_keep_telling(double)) if arguments.tell_status else None
    said = f"Twilio's double. TWILIO_ACCOUNT_SID={double.account} TWILIO_AUTH_TOKEN={double.token}"
    await serve_for_ever(double, lambda: f"{said}\nchannels.sms.twilio.base_url: {double.url}")
    del telling


async def _keep_telling(double: TwilioDouble) -> None:
    while True:
        await asyncio.sleep(1)
        with suppress(aiohttp.ClientError):
            await double.tell(times=2)
            double.callbacks.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m campaigns.demo.rehearsal.doubles.twilio", description=__doc__)
    add_manners(parser)
    parser.add_argument("--tell-status", action="store_true", help="call back with each status, twice, out of order")
    with suppress(KeyboardInterrupt):
        run(_by_hand(parser.parse_args()))
