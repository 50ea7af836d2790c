"""What both dispatchers promise: the one inside a process, and Procrastinate between machines (DL, OP)."""

import asyncio
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from time import sleep
from typing import Final

from campaigns.channels.outcome import Outcome
from campaigns.core.clock import Clock
from campaigns.store.runs.states import RunState
from tests.support import sending_process
from tests.support.killed_processes import IN_FLIGHT, LEASE, PROCESSES
from tests.support.provider_server import CountingServer
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import Message, ScriptedProvider, accept
from tests.support.worker_thread import PATIENCE, is_closed, running_worker, wait_until

SMS: Final = MARKETING.replace("channels: [email]", "channels: [sms]").replace("email: hello", "sms: hello")


@contextmanager
def process(
    workspace: SampleWorkspace, far_end: CountingServer, ahead: float = 0
) -> Iterator[multiprocessing.process.BaseProcess]:
    """`viesti worker` as a process, on a clock that is ahead."""
    worker = PROCESSES.Process(
        target=sending_process.work, args=(str(workspace.root), far_end.port, ahead, os.environ["VIESTI_DATABASE_URL"])
    )
    worker.start()
    try:
        yield worker
    finally:
        worker.terminate()
        worker.join(PATIENCE)
        worker.kill()
        worker.join()
        worker.close()


def test_what_is_submitted_is_sent_and_so_is_what_was_lost_and_what_came_twice(workspace):
    runs = {name: workspace.start(name, MARKETING) for name in ("lost", "once", "twice")}
    for name in ("once", "twice", "twice"):
        workspace.engine.dispatcher.submit(runs[name].run_id)
    workspace.engine.dispatcher.submit("no such run")
    provider = ScriptedProvider()
    with running_worker(workspace, provider):
        wait_until(lambda: all(workspace.state(run) == RunState.CLOSED for run in runs.values()))
    assert Counter(provider.received) == dict.fromkeys(MEMBERS, 3)
    assert [workspace.balance(run) for run in runs.values()] == [{"accepted": len(MEMBERS)}] * 3


def test_two_workers_share_a_run_and_nobody_hears_it_twice(workspace):
    async def slowly(message: Message) -> Outcome:
        await asyncio.sleep(0.4)
        return accept(message)

    run, wires = workspace.start("hi", MARKETING), [ScriptedProvider(slowly), ScriptedProvider(slowly)]
    with running_worker(workspace, wires[0]), running_worker(workspace, wires[1]):
        wait_until(is_closed(workspace, run))
    assert Counter(wires[0].received + wires[1].received) == dict.fromkeys(MEMBERS, 1)
    assert wires[0].max_in_flight <= IN_FLIGHT
    assert wires[1].max_in_flight <= IN_FLIGHT


def test_a_slow_run_holds_up_no_other(workspace):
    answered = Event()

    async def by_email_not_yet(message: Message) -> Outcome:
        while message.claimed.channel == "email" and not answered.is_set():  # noqa: ASYNC110 - set elsewhere
            await asyncio.sleep(0.01)
        return accept(message)

    slow, quick = workspace.start("slow", MARKETING), workspace.start("quick", SMS)
    provider = ScriptedProvider(by_email_not_yet)
    with running_worker(workspace, provider):
        wait_until(is_closed(workspace, quick))
        assert workspace.balance(slow)["sending"] > 0
        answered.set()
        wait_until(is_closed(workspace, slow))
    assert provider.max_in_flight <= IN_FLIGHT


def test_a_worker_that_is_told_to_end_claims_nothing_more_and_records_what_is_under_way(
    workspace,
):
    async def slowly(message: Message) -> Outcome:
        await asyncio.sleep(0.1)
        return accept(message)

    run, provider = workspace.start("hi", MARKETING), ScriptedProvider(slowly)
    with running_worker(workspace, provider) as outgoing:
        wait_until(lambda: len(provider.received) > 0)
        outgoing.stopping.set()
    balance = workspace.balance(run)
    assert set(balance) == {"accepted", "pending"}
    assert balance["accepted"] == len(provider.received)


def test_a_worker_killed_in_the_middle_leaves_doubt_about_no_more_than_was_under_way(workspace):
    workspace.use(clock=Clock())
    run = workspace.start("hi", MARKETING)
    with CountingServer(1) as far_end:
        with process(workspace, far_end) as first:
            assert far_end.message_received.wait(PATIENCE)
            first.kill()
            first.join()
            left = workspace.balance(run).get("sending", 0)
        with process(workspace, far_end, ahead=LEASE + 1):
            wait_until(is_closed(workspace, run))
    balance = workspace.balance(run)
    assert left <= IN_FLIGHT
    assert balance.get("uncertain", 0) == left
    assert set(far_end.received.values()) == {1}
    assert len(far_end.received) >= balance["accepted"]


def test_a_worker_that_sleeps_past_its_lease_says_nothing_twice_when_it_wakes(workspace):
    workspace.use(clock=Clock())
    run = workspace.start("hi", MARKETING)
    with CountingServer(2) as far_end, process(workspace, far_end) as first:
        assert far_end.message_received.wait(PATIENCE)
        os.kill(first.pid, signal.SIGSTOP)
        with process(workspace, far_end, ahead=LEASE + 1):
            wait_until(is_closed(workspace, run))
            os.kill(first.pid, signal.SIGCONT)
            sleep(0.5)
    balance = workspace.balance(run)
    assert balance.get("uncertain", 0) <= IN_FLIGHT
    assert set(balance) <= {"accepted", "uncertain", "refused"}
    assert set(far_end.received.values()) == {1}
    assert len(far_end.received) >= balance["accepted"]
