"""Benchmark of durable event ingestion: `python -m benchmarks.webhooks URL`, an empty database.

Inserts a plan of sent messages, one in a hundred of them uncertain. A server answers in a process of its own. Signed
POSTs are prepared first, then sent and timed: an event counts once it is answered, which is after its commit.
"""

import argparse
import asyncio
import os
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlencode

import aiohttp
from sqlalchemy import case, update

from benchmarks.ledger_traffic import NOW, insert_members, insert_plan
from benchmarks.timing import cpu_seconds, percentile, print_figure
from campaigns.channels.sendgrid_events import PUBLIC_KEY_VARIABLE
from campaigns.channels.twilio import DELIVERY_PARAMETER, STATUS_PATH, TOKEN_VARIABLE
from campaigns.core import event_loop
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble
from campaigns.runs.composing.template_context import public_base_url
from campaigns.runs.engine import Engine
from campaigns.store.admin import schema
from campaigns.store.admin.database_url import URL_VARIABLE
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import DELIVERY
from campaigns.web.server import create_server, listening_socket
from campaigns.web.webhooks import SENDGRID_PATH
from campaigns.workspace.paths import Workspace

_STATUSES = ("sending", "sent", "delivered")


@dataclass(frozen=True, slots=True)
class PreparedPost:
    """POST prepared before the measurement, with its number of events."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    events: int


def insert_sent_messages(root: Path, url: str, messages: int) -> tuple[Engine, int]:
    """Insert sent messages; return the engine and the run's number."""
    engine = Engine.open(Workspace(root), "benchmark")
    with closing(Ledger(url)) as ledger:
        schema.prepare(ledger)
        insert_members(ledger, messages)
        run = insert_plan(engine, ledger, messages, NOW)
        is_uncertain = DELIVERY.c.position % 100 == 0
        outcome = {
            "state": case((is_uncertain, "uncertain"), else_="accepted"),
            "reason": case((is_uncertain, "unknown_outcome")),
        }
        with ledger.write() as connection:
            connection.execute(update(DELIVERY).values(**outcome, provider="sendgrid", claimed_at=NOW, ended_at=NOW))
    return engine, run


def sendgrid_posts(
    double: SendGridDouble, engine: Engine, run: int, messages: int, size: int
) -> Iterator[PreparedPost]:
    """Generate SendGrid's POSTs: two events for each message; one in 500 is a bounce, one in 5,000 a complaint."""
    names = {position: engine.context.signer.delivery_reference(run, position) for position in range(1, messages + 1)}
    events = [
        _mail(name, position, event_name) for position, name in names.items() for event_name in _event_names(position)
    ]
    for start in range(0, len(events), size):
        body, headers = double.sign_post(events[start : start + size])
        yield PreparedPost(SENDGRID_PATH, body, headers, len(events[start : start + size]))


def _event_names(position: int) -> tuple[str, ...]:
    return ("processed", "bounce" if position % 500 == 0 else "spamreport" if position % 5000 == 1 else "delivered")


def _mail(name: str, position: int, event_name: str) -> dict[str, object]:
    return {
        "email": f"m{position:08}@example.org",
        "timestamp": 1_514_793_600,
        "smtp-id": f"<{name}@geopod-ismtpd-canary-0>",
        "event": event_name,
        "status": "5.1.1" if event_name == "bounce" else "",
        "sg_event_id": b64encode(f"{name}{event_name}".encode()).decode(),
        "sg_message_id": f"{name}.recvd-7f8c6b9f5-abcde-1-65A1B2C3-4.0",
        "response": "250 2.0.0 OK 1514793600 a1-20020a05600c000100b003ee1234567si123456wmb.42 - gsmtp",
        "delivery": name,
        "attempt": name[:16],
    }


def twilio_posts(double: TwilioDouble, engine: Engine, run: int, messages: int) -> Iterator[PreparedPost]:
    """Generate Twilio's POSTs: one for every status of every message."""
    root = public_base_url(engine.context.repository.settings)
    for position in range(1, messages + 1):
        path = f"{STATUS_PATH}?{DELIVERY_PARAMETER}={engine.context.signer.delivery_reference(run, position)}"
        for status in _STATUSES:
            form = {
                "MessageSid": f"SM{position:032x}",
                "MessageStatus": status,
                "To": f"+35840{position:07}",
                "From": "Lahde",
            }
            _, _, headers = double.sign_post(root + path, form)
            content = {"Content-Type": "application/x-www-form-urlencoded"}
            yield PreparedPost(path, urlencode(form).encode(), {**headers, **content}, 1)


def serve(root: Path, port: int, environment: Mapping[str, str]) -> None:
    """Serve the workspace until the process is ended."""
    os.environ.update(environment)
    engine = Engine.open(Workspace(root), "benchmark")
    create_server(engine).run(sockets=[listening_socket("127.0.0.1", port)])


async def send_posts(port: int, posts: Sequence[PreparedPost], concurrency: int) -> tuple[float, list[float]]:
    """Send all POSTs, `concurrency` at a time; return the total seconds, and those of each POST."""
    remaining, durations = iter(posts), []
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=aiohttp.TCPConnector(limit=0)) as session:

        async def client() -> None:
            for post in remaining:
                start = perf_counter()
                async with session.post(post.path, data=post.body, headers=post.headers) as response:
                    if response.status != 204:
                        raise RuntimeError(f"HTTP {response.status}")
                durations.append(perf_counter() - start)

        start = perf_counter()
        await asyncio.gather(*(client() for _ in range(concurrency)))
        return perf_counter() - start, durations


def measure_posts(name: str, port: int, server: int, posts: Sequence[PreparedPost], concurrency: int) -> None:
    """Send POSTs; print the speed and the server's CPU use."""
    before = cpu_seconds(server)
    total_seconds, post_seconds = event_loop.run(send_posts(port, posts, concurrency))
    cpu, events = cpu_seconds(server) - before, sum(post.events for post in posts)
    size = max(len(post.body) for post in posts) / 1024
    print_figure(
        f"{name}, {posts[0].events} in a POST of up to {size:,.0f} kB", f"{events / total_seconds:,.0f} a second"
    )
    print_figure("  by the server's cpu", f"{events / cpu:,.0f} a second")
    print_figure(
        "  a POST, p50 and p99",
        f"{percentile(post_seconds, 0.5) * 1000:,.0f} and {percentile(post_seconds, 0.99) * 1000:,.0f} ms",
    )


def _wait_for(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        sleep(0.05)


def main() -> None:
    """Measure one ledger."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--workspace", type=Path, default=Path())
    options = parser.parse_args()
    engine, run = insert_sent_messages(options.workspace, options.url, options.messages)
    sendgrid, twilio = SendGridDouble(), TwilioDouble()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {URL_VARIABLE: options.url, PUBLIC_KEY_VARIABLE: sendgrid.public_key, TOKEN_VARIABLE: twilio.token}
    server = get_context("spawn").Process(target=serve, args=(options.workspace, port, environment), daemon=True)
    server.start()
    _wait_for(port)
    pid = server.pid or 0
    measure_posts(
        "SendGrid's events", port, pid, list(sendgrid_posts(sendgrid, engine, run, options.messages, 1000)), 4
    )
    measure_posts(
        "the same again, all known", port, pid, list(sendgrid_posts(sendgrid, engine, run, options.messages, 1000)), 4
    )
    measure_posts("Twilio's statuses", port, pid, list(twilio_posts(twilio, engine, run, options.messages // 4)), 64)
    server.terminate()
    server.join()


if __name__ == "__main__":
    main()
