"""Benchmark of a ledger's load by planning and dispatch: `python -m benchmarks.ledger_traffic URL`, an empty database.

Inserts members and two plans. Then one process, and two, claim and record as `dispatch.message_sender` does, without a
provider: the ledger's own ceiling, in deliveries a second.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import pyarrow as pa

from audiences.tables import CHOICES, CONTACT
from campaigns.channels.outcome import Accepted
from campaigns.core.model.enums import Channel, Choice
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.claim import claim
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer, record_answers
from campaigns.runs.engine import Engine
from campaigns.runs.planning.run_files import RunFiles
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger, append
from campaigns.store.runs import runs
from campaigns.store.runs.run_tables import DECISION, DELIVERY
from campaigns.store.runs.states import RunState
from campaigns.workspace.paths import Workspace

NOW = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)
CAMPAIGN = "weekend_offer"
IN_FLIGHT = 256
CHUNK = 2_048


def insert_members(ledger: Ledger, members: int) -> None:
    """Insert members who are reachable by e-mail and consent to it."""
    bits = [choice.value for choice in Choice]
    contact = ("member_id", "register", "language", "email")
    choice_columns = ("member_id", "newsletters", "withdrawn", *bits, "seq")
    for start in range(0, members, CHUNK):
        ids = [member_id(number) for number in range(start, min(start + CHUNK, members))]
        allowed = [bit == Choice.EMAIL_OWN for bit in bits]
        with ledger.write() as connection:
            append(
                connection,
                CONTACT,
                contact,
                [(identifier, "owners", "fi", f"{identifier}@example.org") for identifier in ids],
            )
            append(connection, CHOICES, choice_columns, [(identifier, "", "", *allowed, 0) for identifier in ids])
    ledger.analyse(CONTACT, CHOICES)


def member_id(number: int) -> str:
    """Return the id of a member."""
    return f"m{number:08}"


def insert_plan(engine: Engine, ledger: Ledger, members: int, due_at: datetime) -> int:
    """Stage a plan that sends to every member in random order, and start it; return its number."""
    campaign = engine.context.repository.campaign_definition(CAMPAIGN)[0].campaign
    variant = campaign.variants[0].name
    with ledger.write() as connection:
        run = runs.open_run(connection, campaign, "", due_at, NOW, scheduled=False)
    number = run.number or 0
    ids = [member_id(member) for member in range(members)]
    positions = Random(due_at.timestamp()).sample(range(1, members + 1), members)  # noqa: S311 - nothing secret
    shared_values = {"run_number": number, "channel": "email", "variant": variant, "used_basket": False}
    shared_columns = {column: pa.repeat(value, members) for column, value in shared_values.items()}
    decisions = pa.table(
        {"member_id": ids, "position": positions, "kind": pa.repeat("send", members), "unit": ids, **shared_columns}
    )
    deliveries = pa.table(
        {"member_id": ids, "position": positions, "state": pa.repeat("pending", members), **shared_columns}
    )
    guard = partial(runs.assert_still_planning, run=run)
    with TemporaryDirectory() as folder:
        for table, rows in ((DELIVERY, deliveries.sort_by("position")), (DECISION, decisions)):
            ledger.bulk_load(table, rows.to_reader(CHUNK), Path(folder), guard=guard, on_progress=lambda _: None)
    ledger.analyse(DECISION, DELIVERY)
    with ledger.write() as connection:
        runs.change_state(connection, number, [RunState.PLANNING], RunState.SENDING)
    return number


def claim_and_record(root: Path, url: str, run_id: str) -> int:
    """Claim and record in one process until nothing is left; return the number of its deliveries."""
    engine = Engine.open(Workspace(root), "benchmark")
    campaign = engine.context.repository.campaign_definition(CAMPAIGN)[0].campaign
    count = 0
    with closing(Ledger(url)) as ledger:
        with ledger.read() as connection:
            run = runs.get(connection, run_id)
        run_context = RunContext(
            run, campaign, engine.context.repository.settings, engine.context.signer, RunFiles(root / "none")
        )
        answers: list[DeliveryAnswer] = []
        while True:
            with ledger.write() as connection:
                record_answers(connection, run_context.number, answers, "none")
                deliveries = claim(connection, run_context, Channel.EMAIL, IN_FLIGHT, NOW).deliveries
            if not deliveries:
                return count
            count += len(deliveries)
            answers = [DeliveryAnswer(delivery.claimed, Accepted("none"), NOW) for delivery in deliveries]


def print_speed(name: str, number: int, work: Callable[[], object]) -> None:
    """Run some work, and print its speed."""
    start = perf_counter()
    work()
    print(f"{name:36} {number / (perf_counter() - start):>9,.0f} a second", flush=True)


def claim_in_processes(root: Path, url: str, run_id: str, processes: int) -> None:
    """Send a run in several processes."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(claim_and_record, root, url), [run_id] * processes))


def main() -> None:
    """Measure one ledger."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger_traffic", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--workspace", type=Path, default=Path())
    options = parser.parse_args()
    engine = Engine.open(Workspace(options.workspace), "benchmark")
    members = options.members
    with closing(Ledger(options.url)) as ledger:
        schema.prepare(ledger)
        print_speed("members inserted", members, lambda: insert_members(ledger, members))
        for hour, processes in ((8, 1), (9, 2)):
            due_at = NOW.replace(hour=hour)
            print_speed("decisions staged", members, partial(insert_plan, engine, ledger, members, due_at))
            run_id = runs.run_id(CAMPAIGN, due_at)
            claim_all = partial(claim_in_processes, options.workspace, options.url, run_id, processes)
            print_speed(f"claimed and recorded by {processes}", members, claim_all)


if __name__ == "__main__":
    main()
