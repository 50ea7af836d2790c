"""A plan with every step, while another process stores what members say."""

import multiprocessing
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, select

from audiences.choices import record
from audiences.stance import Entry, Source
from benchmarks.figures import peak_megabytes, percentile, tell
from benchmarks.world import AS_OF, World
from campaigns.ledger import Ledger
from campaigns.store.tables import RUN


def measure(world: World, campaign: str) -> None:
    """Tell the figures of one campaign's plan."""
    engine = world.engine()
    draft, _ = engine.library.draft(campaign)
    with engine.ledger.read() as connection:
        earlier = connection.execute(select(func.count()).select_from(RUN)).scalar_one()
    as_of = AS_OF + timedelta(seconds=1 + earlier)  # an occasion of its own
    context = multiprocessing.get_context("spawn")
    stop, waits = context.Event(), context.Queue()
    bystander = context.Process(target=_unsubscribe, args=(engine.workspace.ledger, stop, waits))
    bystander.start()
    stored: list[tuple[float, int]] = []
    began = perf_counter()
    _, tally = engine.plan(draft, as_of, lambda rows: stored.append((perf_counter(), rows)))
    whole = perf_counter() - began
    stop.set()
    waited = waits.get()
    bystander.join()
    engine.close()
    decisions = tally.sent + tally.skipped
    storing = stored[-1][0] - stored[0][0]
    tell(f"{campaign}: members looked at, matched", f"{tally.population:,}, {decisions:,}")
    tell(f"{campaign}: planned from the first query to the last row", f"{whole:.1f} s")
    tell(f"{campaign}: decisions stored in SQLite", f"{sum(rows for _, rows in stored[1:]) / storing:,.0f} a second")
    tell(f"{campaign}: most memory", f"{peak_megabytes():,.0f} MB")
    for share in (0.5, 0.99):
        tell(
            f"{campaign}: an unsubscription meanwhile, p{share * 100:.0f}", f"{percentile(waited, share) * 1000:.0f} ms"
        )


def _unsubscribe(ledger: Path, stop: Event, waits: "multiprocessing.Queue[list[float]]") -> None:
    """Withdraw consents of other members one after the other, 20 a second; tells how long each took to be stored."""
    waited: list[float] = []
    opened = Ledger.at(ledger)
    while not stop.wait(0.05):
        at = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(seconds=len(waited))
        began = perf_counter()
        with opened.write() as connection:
            record(connection, [Entry(f"m{len(waited):08d}", "email_own", False, at, Source.WEB)])
        waited.append(perf_counter() - began)
    opened.close()
    waits.put(waited)
