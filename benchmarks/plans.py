"""Benchmark of a complete plan, while another process stores members' opt-outs."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from time import perf_counter
from typing import Any

from sqlalchemy import func, select

from audiences.consent.choices import record_choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.tables import CONTACT
from benchmarks.timing import peak_megabytes, percentile, print_figure
from benchmarks.world import AS_OF, World
from campaigns.store.admin import schema
from campaigns.store.admin.copy import analyse, copy_rows
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import RUN


class _TimedLedger(Ledger):
    """Ledger that records the start and end of each bulk load, from its first query to its last commit."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.load_spans: list[tuple[float, float]] = []

    def bulk_load(self, *arguments: Any, **options: Any) -> None:
        start = perf_counter()
        super().bulk_load(*arguments, **options)
        self.load_spans.append((start, perf_counter()))


def measure(world: World, campaign: str, database: str | None = None) -> None:
    """Report the figures of one campaign's plan, stored in SQLite or in another database filled from it."""
    own_ledger = world.engine().context.ledger
    url = database or str(own_ledger.engine.url)
    if database is not None:
        filled_ledger(own_ledger, database).close()
    own_ledger.close()
    ledger = _TimedLedger(url)
    engine = world.engine(ledger=ledger)
    campaign_definition, _ = engine.context.repository.campaign_definition(campaign)
    with engine.context.ledger.read() as connection:
        earlier_runs = connection.execute(select(func.count()).select_from(RUN)).scalar_one()
    as_of = AS_OF + timedelta(seconds=1 + earlier_runs)  # a run of its own
    context = multiprocessing.get_context("spawn")
    stop, opt_out_queue = context.Event(), context.Queue()
    opt_out_process = context.Process(target=_unsubscribe, args=(url, stop, opt_out_queue))
    opt_out_process.start()
    start = perf_counter()
    _, counts = engine.planner.plan(campaign_definition, as_of, lambda _: None)
    planning_seconds = perf_counter() - start
    stop.set()
    opt_outs = opt_out_queue.get()
    opt_out_process.join()
    kind = engine.context.ledger.engine.dialect.name
    engine.close()
    decisions = counts.sent + counts.skipped
    during_storage = [
        duration
        for at, duration in opt_outs
        if any(start <= at + duration and at <= end for start, end in ledger.load_spans)
    ]
    print_figure(f"{campaign}: members looked at, matched", f"{counts.population:,}, {decisions:,}")
    print_figure(f"{campaign}: planned from the first query to the last row", f"{planning_seconds:.1f} s")
    storing = sum(end - start for start, end in ledger.load_spans)
    print_figure(f"{campaign}: decisions with deliveries stored, {kind}", f"{decisions / storing:,.0f} a second")
    print_figure(f"{campaign}: most memory", f"{peak_megabytes():,.0f} MB")
    for name, durations in (
        ("meanwhile", [duration for _, duration in opt_outs]),
        ("while it was stored", during_storage),
    ):
        figures = " and ".join(f"{percentile(durations, share) * 1000:.0f} ms" for share in (0.5, 0.99) if durations)
        print_figure(f"{campaign}: an unsubscription {name}, p50 and p99 of {len(durations)}", figures)


def filled_ledger(ledger: Ledger, database: str) -> Ledger:
    """Return the ledger at a database URL; copy this one's rows if it is empty."""
    target = Ledger(database)
    schema.prepare(target)
    with target.read() as connection:
        if connection.execute(select(CONTACT.c.member_id).limit(1)).first() is not None:
            return target
    with ledger.read() as source, target.write() as destination:
        row_counts = copy_rows(source, destination, lambda _: None)
    analyse(target, row_counts)
    return target


def _unsubscribe(url: str, stop: Event, opt_out_queue: "multiprocessing.Queue[list[tuple[float, float]]]") -> None:
    """Withdraw other members' consents, 20 a second; put the start and duration of each into `opt_out_queue`."""
    opt_outs: list[tuple[float, float]] = []
    ledger = Ledger(url)
    while not stop.wait(0.05):
        at = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(seconds=len(opt_outs))
        start = perf_counter()
        with ledger.write() as connection:
            record_choices(
                connection, [ConsentEntry(f"m{len(opt_outs):08d}", "email_own", False, at, ConsentSource.WEB)]
            )
        opt_outs.append((start, perf_counter() - start))
    ledger.close()
    opt_out_queue.put(opt_outs)
