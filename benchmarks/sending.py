"""Benchmark of whole runs: claim with the eligibility check, compose, send to a slow provider double, and record.

`python -m benchmarks.sending PATH --fraction 0.1`; providers answer in 50 ms, one in a hundred in 500.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from benchmarks.channels.__main__ import running_double
from benchmarks.plans import filled_ledger
from benchmarks.scale import FOLDER
from benchmarks.timing import print_figure
from benchmarks.world import AS_OF, World
from campaigns.core.clock import Clock
from campaigns.runs.engine import Engine
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import RUN
from campaigns.store.runs.states import RunState

_DELAYS: Final = ("--p50", "0.05", "--p99", "0.5")
_HEAD: Final = "title: {fi: Nopea, sv: Snabb, en: Fast}\nschedule: {at: '2018-01-05 10:30'}\n"
_EMAIL: Final = _HEAD + (
    "purpose: marketing\naudience: {register: [owners, customers]}\nchannels: [email]\nvariants:\n"
    "  - {name: grill, offers: {product_category: [BEEF, PORK, CHICKEN], at_most: 4}, email: weekend_grill}\n"
)
_SMS: Final = _HEAD + (
    "purpose: marketing\naudience: {register: [owners, customers]}\nchannels: [sms]\nvariants:\n"
    "  - {name: grill, offers: {product_category: [BEEF, PORK, CHICKEN], at_most: 1}, sms: weekend_grill}\n"
)
_LETTERS: Final = _HEAD + (
    "purpose: owner_post\naudience: {register: owners}\nchannels: [post]\noffers: {at_most: 4}\n"
    "content: {post: owner_post}\n"
)
_CAMPAIGNS: Final = {"sendgrid": _EMAIL, "smtp": _EMAIL, "signed": _EMAIL, "sms": _SMS, "letters": _LETTERS}
_DOUBLES: Final = {"sendgrid": "sendgrid", "smtp": "smtp", "signed": "smtp", "sms": "twilio"}


async def measure(world: World, path: str, messages: int, workers: int, database: str | None) -> None:
    """Report the speed of a planned campaign by one path, until it is sent or `messages` have gone."""
    engine = world.engine(clock=Clock.starting_at(AS_OF))
    url = database or f"sqlite:///{engine.context.workspace.ledger.resolve()}"
    if database is not None:
        engine = world.engine(clock=engine.context.clock, ledger=filled_ledger(engine.context.ledger, database))
    run_id, planned = _plan(engine, path)
    engine.close()
    print_figure(f"{path}: messages planned, sent at most", f"{planned:,}, {messages:,}")
    work = {"root": str(world.root), "url": url, "run_id": run_id, "path": path, "messages": messages // workers}
    if path not in _DOUBLES:
        await _send({**work, "port": 0}, path, workers)
        return
    async with running_double(_DOUBLES[path], *_DELAYS) as port:
        await _send({**work, "port": port}, path, workers)


def _plan(engine: Engine, path: str) -> tuple[str, int]:
    """Plan the path's campaign as a run of its own, and start it."""
    file = engine.context.workspace.campaigns / f"benchmark_{path}.yaml"
    file.write_text(_CAMPAIGNS[path], "utf-8")
    campaign, _ = engine.context.repository.campaign_definition(file.stem)
    with engine.context.ledger.read() as connection:
        earlier_runs = connection.execute(select(func.count()).select_from(RUN)).scalar_one()
    run, counts = engine.planner.plan(campaign, AS_OF + timedelta(seconds=1 + earlier_runs), lambda _: None)
    with engine.context.ledger.write() as connection:
        runs.change_state(connection, run.number or 0, [RunState.PLANNED], RunState.SENDING)
    return run.run_id, counts.sent


async def _send(work: Mapping[str, object], path: str, workers: int) -> None:
    """Send by several processes at once, and report their speed, CPU and memory."""
    command = (sys.executable, "-m", "benchmarks.sender", json.dumps(work))
    processes = [await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(workers)]
    results = [json.loads((await process.communicate())[0]) for process in processes]
    sent = sum(result["sent"] for result in results)
    seconds = max(result["ended"] for result in results) - min(result["began"] for result in results)
    print_figure(f"{path}: sent by {workers}", f"{sent:,}")
    print_figure(f"{path}: a second", f"{sent / seconds:,.0f}")
    print_figure(
        f"{path}: CPU of the dispatching process a message",
        f"{sum(result['cpu'] for result in results) / sent * 1e6:,.0f} µs",
    )
    if drawing_cpu := sum(result["drawing_cpu"] for result in results):
        print_figure(f"{path}: CPU of drawing processes a message", f"{drawing_cpu / sent * 1e6:,.0f} µs")
    print_figure(
        f"{path}: most memory of a dispatching process", f"{max(result['megabytes'] for result in results):,.0f} MB"
    )


def main() -> None:
    """Measure one path."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sending", description=__doc__)
    parser.add_argument("path", choices=_CAMPAIGNS)
    parser.add_argument("--fraction", type=float, default=0.1)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", help="URL of the database to use instead of SQLite; filled from the SQLite file")
    options = parser.parse_args()
    world = World.for_fraction(options.fraction, options.folder)
    asyncio.run(measure(world, options.path, options.messages, options.workers, options.database))


if __name__ == "__main__":
    main()
