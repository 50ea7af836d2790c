"""Whole runs: claimed with the re-read, written, said to a provider on the loopback that takes its time, and recorded.

`python -m benchmarks.sending PATH --fraction 0.1`; providers answer in 50 ms, one in a hundred in 500.
"""

import argparse
import asyncio
import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.channels.__main__ import double
from benchmarks.channels.messages import private_keys
from benchmarks.figures import peak_megabytes, tell
from benchmarks.plans import filled
from benchmarks.scale import FOLDER
from benchmarks.world import AS_OF, World
from campaigns.channels.dkim import signer
from campaigns.channels.registry import Providers
from campaigns.channels.sendgrid import SendGridEmail
from campaigns.channels.smtp import SmtpEmail
from campaigns.channels.twilio import TwilioSms
from campaigns.clock import Clock
from campaigns.engine import Engine
from campaigns.ledger import Ledger
from campaigns.spec.provider_settings import DkimSettings, Security, SmtpSettings, TwilioSettings
from campaigns.store import runs
from campaigns.store.tables import RUN
from campaigns.store.words import RunState

_DELAYS: Final = ("--p50", "0.05", "--p99", "0.5")
_CONNECTIONS: Final = 256
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
    "purpose: owner_post\naudience: {register: owners}\nchannels: [post]\ncontent: {post: owner_post}\n"
)
_CAMPAIGNS: Final = {"sendgrid": _EMAIL, "smtp": _EMAIL, "signed": _EMAIL, "sms": _SMS, "letters": _LETTERS}
_DOUBLES: Final = {"sendgrid": "sendgrid", "smtp": "smtp", "signed": "smtp", "sms": "twilio"}


class _Enough(Exception):  # noqa: N818 - nothing is wrong
    """As many messages have gone as were asked for."""


async def measure(world: World, path: str, messages: int, workers: int, database: str | None) -> None:
    """Tell how fast a planned campaign goes by a path, until it is sent or `messages` have gone."""
    engine = _engine(world, None)
    url = database or str(engine.ledger.engine.url)
    if database is not None:
        vars(engine)["ledger"] = filled(engine.ledger, database)
    run_id, planned = _planned(engine, path)
    engine.close()
    tell(f"{path}: messages planned, sent at most", f"{planned:,}, {messages:,}")
    if path not in _DOUBLES:
        _in_processes(partial(_work, world, url, run_id, path, 0, messages // workers), path, workers)
        return
    async with double(_DOUBLES[path], *_DELAYS) as port:
        work = partial(_work, world, url, run_id, path, port, messages // workers)
        await asyncio.to_thread(_in_processes, work, path, workers)


def _engine(world: World, database: str | None) -> Engine:
    engine = world.engine()
    vars(engine)["clock"] = Clock.starting_at(AS_OF)
    if database is not None:
        vars(engine)["ledger"] = Ledger(database)
    return engine


def _planned(engine: Engine, path: str) -> tuple[str, int]:
    """Plan the path's campaign as an occasion of its own, and let it send."""
    file = engine.workspace.campaigns / f"benchmark_{path}.yaml"
    file.write_text(_CAMPAIGNS[path], "utf-8")
    draft, _ = engine.library.draft(file.stem)
    with engine.ledger.read() as connection:
        earlier = connection.execute(select(func.count()).select_from(RUN)).scalar_one()
    run, tally = engine.plan(draft, AS_OF + timedelta(seconds=1 + earlier), lambda _: None)
    with engine.ledger.write() as connection:
        runs.move(connection, run.number or 0, [RunState.PLANNED], RunState.SENDING)
    return run.run_id, tally.sent


def _in_processes(work: Callable[[Any], None], path: str, workers: int) -> None:
    context = multiprocessing.get_context("spawn")
    done = context.SimpleQueue()
    processes = [context.Process(target=work, args=(done,)) for _ in range(workers)]
    for process in processes:
        process.start()
    found = [done.get() for _ in processes]
    for process in processes:
        process.join()
    sent = sum(each[0] for each in found)
    seconds = max(each[2] for each in found) - min(each[1] for each in found)
    used, most = sum(each[3] for each in found), max(each[4] for each in found)
    tell(f"{path}: sent by {workers}", f"{sent:,}")
    tell(f"{path}: a second", f"{sent / seconds:,.0f}")
    tell(f"{path}: CPU of the dispatching process a message", f"{used / sent * 1e6:,.0f} µs")
    tell(f"{path}: most memory of a dispatching process", f"{most:,.0f} MB")


def _work(world: World, url: str, run_id: str, path: str, port: int, messages: int, done: Any) -> None:
    """Send as one process; tells how many, from when until when, with how much CPU and memory."""
    engine = _engine(world, url)
    vars(engine)["providers"] = _providers(engine.providers, path, port)
    sent, began, used = 0, perf_counter(), process_time()

    def told(ended: int) -> None:
        nonlocal sent
        sent += ended
        if sent >= messages:
            raise _Enough

    try:
        engine.send(run_id, told)
    except* _Enough:
        pass
    done.put((sent, began, perf_counter(), process_time() - used, peak_megabytes()))
    engine.close()


def _providers(chosen: Providers, path: str, port: int) -> Providers:
    url = f"http://127.0.0.1:{port}"
    smtp = SmtpSettings(host="127.0.0.1", port=port or 1, security=Security.NONE, connections=_CONNECTIONS)
    match path:
        case "sendgrid":
            return replace(chosen, email=SendGridEmail(url, "SG.double", _CONNECTIONS))
        case "smtp":
            return replace(chosen, email=SmtpEmail(smtp, "b@lahde.example.org"))
        case "signed":
            dkim = DkimSettings(domain="lahde.example.org", rsa="r1", ed25519="e1")
            signing = signer(dkim, *private_keys())
            return replace(chosen, email=SmtpEmail(smtp, "b@lahde.example.org", lambda: signing))
        case "sms":
            settings = TwilioSettings.model_validate({"base_url": url})
            return replace(chosen, sms=TwilioSms(settings, "AC" + "0" * 32, "double", url, _CONNECTIONS))
        case _:
            return chosen


def main() -> None:
    """Measure one path."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sending", description=__doc__)
    parser.add_argument("path", choices=_CAMPAIGNS)
    parser.add_argument("--fraction", type=float, default=0.1)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", help="instead of the SQLite file that it is filled from")
    chosen = parser.parse_args()
    world = World.of(chosen.fraction, chosen.folder)
    asyncio.run(measure(world, chosen.path, chosen.messages, chosen.workers, chosen.database))


if __name__ == "__main__":
    main()
