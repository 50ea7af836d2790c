"""Benchmark of the members' pages: `python -m benchmarks.member_pages URL`, an empty database.

Inserts members and three plans for some of them, and measures the database's lookups (`lookups`). A server answers in
a process of its own; beside it one process sends a run and another stages plans while requests come at a fixed rate:
alternately the page of a settings link and a one-click POST, each timed from the moment at which it was due. Export and
erasure are measured by `benchmarks.rights`.
"""

import argparse
import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from time import perf_counter, sleep

import aiohttp
from sqlalchemy import update

from benchmarks.ledger_traffic import NOW, claim_and_record, insert_plan
from benchmarks.lookups import measure_lookups
from benchmarks.member_generator import insert_members
from benchmarks.timing import cpu_seconds, percentile, print_figure, time_work
from campaigns.runs.engine import Engine
from campaigns.store.admin import schema
from campaigns.store.admin.database_url import URL_VARIABLE
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import RUN
from campaigns.web.server import create_server, listening_socket
from campaigns.workspace.paths import Workspace

_ONE_CLICK = {"List-Unsubscribe": "One-Click"}
_PAGE, _POST = "preference page", "one-click POST"


@dataclass
class ResponseTimes:
    """Milliseconds of each kind of request, and the number of unexpected answers."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {_PAGE: [], _POST: []})
    wrong: int = 0


def serve(root: Path, url: str, port: int) -> None:
    """Serve the workspace until the process is ended."""
    os.environ[URL_VARIABLE] = url
    engine = Engine.open(Workspace(root), "benchmark")
    create_server(engine).run(sockets=[listening_socket("127.0.0.1", port)])


def stage_plans(root: Path, url: str, members: int, stopped: Event) -> None:
    """Stage one plan after the other until stopped."""
    engine = Engine.open(Workspace(root), "benchmark")
    with closing(Ledger(url)) as ledger:
        for number in range(1, 10_000):
            if stopped.is_set():
                return
            insert_plan(engine, ledger, members, NOW + timedelta(days=number))


def send_runs(root: Path, url: str, due: list[datetime], stopped: Event) -> None:
    """Send the inserted runs one after the other: claim and record without a provider."""
    with closing(Ledger(url)) as ledger, ledger.read() as connection:
        names = [run.run_id for run in runs.list_recent(connection) if run.due_at in due]
    for name in names:
        if not stopped.is_set():
            claim_and_record(root, url, name)


@contextmanager
def background_processes(*jobs: tuple[object, tuple[object, ...]]) -> Iterator[list[int]]:
    """Run processes until the block ends; yield their ids."""
    context = get_context("spawn")
    processes = [context.Process(target=work, args=arguments) for work, arguments in jobs]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    try:
        yield [process.pid or 0 for process in processes]
    finally:
        for process in processes:
            process.terminate()
            process.join()


async def send_requests(address: str, link_pairs: list[tuple[str, str]], rate: int) -> ResponseTimes:
    """Send requests in order, `rate` a second, regardless of the response times."""
    response_times, start = ResponseTimes(), perf_counter()
    timeout, connector = aiohttp.ClientTimeout(total=30), aiohttp.TCPConnector(limit=0)

    async def send_request(session: aiohttp.ClientSession, number: int, page: str, post: str) -> None:
        due = start + number / rate
        await asyncio.sleep(max(due - perf_counter(), 0))
        is_post = number % 2 == 1
        request = session.post(address + post, data=_ONE_CLICK) if is_post else session.get(address + page)
        async with request as response:
            await response.read()
        response_times.wrong += response.status != 200
        response_times.milliseconds[_POST if is_post else _PAGE].append((perf_counter() - due) * 1000)

    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await asyncio.gather(
            *(send_request(session, number, *link_pair) for number, link_pair in enumerate(link_pairs))
        )
    return response_times


def insert_data(engine: Engine, ledger: Ledger, members: int, messages: int, due: list[datetime]) -> int:
    """Insert all members, and runs that send to some of them; return the number of the first run."""
    schema.prepare(ledger)
    duration, _ = time_work(lambda: insert_members(ledger, members))
    print_figure("members inserted", f"{members:,} in {duration:.0f} s")
    number, *_ = [insert_plan(engine, ledger, messages, due_at) for due_at in due]
    with ledger.write() as connection:
        connection.execute(update(RUN).values(planned_at=NOW))
    return number


def measure_pages(root: Path, url: str, members: int, messages: int, rate: int, span: int) -> None:
    """Measure the pages while a run is sent and plans are staged."""
    os.environ[URL_VARIABLE] = url
    engine = Engine.open(Workspace(root), "benchmark")
    due = [NOW - timedelta(days=day) for day in (3, 2, 1)]
    with closing(Ledger(url)) as ledger:
        number = insert_data(engine, ledger, members, messages, due)
        measure_lookups(ledger, members, number, messages)
    signer = engine.context.signer
    links = [
        (
            f"/p/{signer.link_token('preferences', number, position)}",
            f"/u/{signer.link_token('unsubscribe', number, position)}",
        )
        for position in Random(1).sample(range(1, messages + 1), rate * (span + 1))  # noqa: S311 - nothing secret
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    stopped = get_context("spawn").Event()
    jobs = (
        (serve, (root, url, port)),
        (stage_plans, (root, url, messages, stopped)),
        (send_runs, (root, url, due[1:], stopped)),
    )
    with background_processes(*jobs) as (server, *_):
        wait_for(port)
        # Warm up: the first pages compile their templates.
        asyncio.run(send_requests(f"http://127.0.0.1:{port}", links[:rate], rate))
        before = cpu_seconds(server)
        response_times = asyncio.run(send_requests(f"http://127.0.0.1:{port}", links[rate:], rate))
        cpu = cpu_seconds(server) - before
        stopped.set()
    print_figure(f"requests, {rate} a second; unexpected answers", f"{len(links) - rate:,}; {response_times.wrong}")
    print_figure("cpu of the server a request", f"{cpu / (len(links) - rate) * 1000:.1f} ms")
    for kind, times in response_times.milliseconds.items():
        shares = ", ".join(f"{percentile(times, share):,.0f}" for share in (0.5, 0.95, 0.99))
        print_figure(f"{kind}: p50, p95, p99", f"{shares} ms")


def wait_for(port: int) -> None:
    """Wait until a server answers at a port."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            sleep(0.1)
        else:
            return


def main() -> None:
    """Measure the pages over one ledger."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.member_pages", description=__doc__)
    parser.add_argument("url", help="URL of an empty database")
    parser.add_argument("--members", type=int, default=3_600_000)
    parser.add_argument("--messages", type=int, default=150_000, help="messages of each run and of each staged plan")
    parser.add_argument("--rate", type=int, default=100, help="requests a second")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--workspace", type=Path, default=Path())
    options = parser.parse_args()
    measure_pages(options.workspace, options.url, options.members, options.messages, options.rate, options.seconds)


if __name__ == "__main__":
    main()
