"""Promises of both dispatchers: within one process, and Procrastinate between machines (DL, OP)."""

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

import pytest

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
def worker_process(
    workspace: SampleWorkspace, server: CountingServer, clock_offset: float = 0
) -> Iterator[multiprocessing.process.BaseProcess]:
    """Run `viesti worker` as a process, with its clock set forward by `clock_offset` seconds."""
    worker = PROCESSES.Process(
        target=sending_process.work,
        args=(str(workspace.root), server.port, clock_offset, os.environ["VIESTI_DATABASE_URL"]),
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


def test_runs_are_sent_once_whether_submitted_never_once_or_twice(workspace):
    runs = {name: workspace.start(name, MARKETING) for name in ("lost", "once", "twice")}
    for name in ("once", "twice", "twice"):
        workspace.engine.dispatcher.submit(runs[name].run_id)
    workspace.engine.dispatcher.submit("no such run")
    provider = ScriptedProvider()
    with running_worker(workspace, provider):
        wait_until(lambda: all(workspace.state(run) == RunState.CLOSED for run in runs.values()))
    assert Counter(provider.received) == dict.fromkeys(MEMBERS, 3)
    assert [workspace.balance(run) for run in runs.values()] == [{"accepted": len(MEMBERS)}] * 3


def test_two_workers_share_a_run_and_send_no_message_twice(workspace):
    async def answer_slowly(message: Message) -> Outcome:
        await asyncio.sleep(0.4)
        return accept(message)

    run, providers = (
        workspace.start("hi", MARKETING),
        [ScriptedProvider(answer_slowly), ScriptedProvider(answer_slowly)],
    )
    with running_worker(workspace, providers[0]), running_worker(workspace, providers[1]):
        wait_until(is_closed(workspace, run))
    assert Counter(providers[0].received + providers[1].received) == dict.fromkeys(MEMBERS, 1)
    assert providers[0].max_in_flight <= IN_FLIGHT
    assert providers[1].max_in_flight <= IN_FLIGHT


def test_slow_run_delays_no_other(workspace):
    released = Event()

    async def hold_emails(message: Message) -> Outcome:
        while message.claimed.channel == "email" and not released.is_set():  # noqa: ASYNC110 - set elsewhere
            await asyncio.sleep(0.01)
        return accept(message)

    slow, quick = workspace.start("slow", MARKETING), workspace.start("quick", SMS)
    provider = ScriptedProvider(hold_emails)
    with running_worker(workspace, provider):
        wait_until(is_closed(workspace, quick))
        assert workspace.balance(slow)["sending"] > 0
        released.set()
        wait_until(is_closed(workspace, slow))
    assert provider.max_in_flight <= IN_FLIGHT


def test_stopping_worker_claims_no_more_and_records_deliveries_under_way(
    workspace,
):
    async def answer_slowly(message: Message) -> Outcome:
        await asyncio.sleep(0.1)
        return accept(message)

    run, provider = workspace.start("hi", MARKETING), ScriptedProvider(answer_slowly)
    with running_worker(workspace, provider) as worker:
        wait_until(lambda: len(provider.received) > 0)
        worker.stopping.set()
    balance = workspace.balance(run)
    assert set(balance) == {"accepted", "pending"}
    assert balance["accepted"] == len(provider.received)


@pytest.mark.server_process
def test_killed_worker_leaves_only_its_deliveries_under_way_uncertain(workspace):
    workspace.use(clock=Clock())
    run = workspace.start("hi", MARKETING)
    with CountingServer(1) as server:
        with worker_process(workspace, server) as first:
            assert server.message_received.wait(PATIENCE)
            first.kill()
            first.join()
            under_way = workspace.balance(run).get("sending", 0)
        with worker_process(workspace, server, clock_offset=LEASE + 1):
            wait_until(is_closed(workspace, run))
    balance = workspace.balance(run)
    assert under_way <= IN_FLIGHT
    assert balance.get("uncertain", 0) == under_way
    assert set(server.received.values()) == {1}
    assert len(server.received) >= balance["accepted"]


@pytest.mark.server_process
def test_worker_asleep_past_its_lease_sends_nothing_twice_on_waking(workspace):
    workspace.use(clock=Clock())
    run = workspace.start("hi", MARKETING)
    with CountingServer(2) as server, worker_process(workspace, server) as first:
        assert server.message_received.wait(PATIENCE)
        os.kill(first.pid, signal.SIGSTOP)
        with worker_process(workspace, server, clock_offset=LEASE + 1):
            wait_until(is_closed(workspace, run))
            os.kill(first.pid, signal.SIGCONT)
            sleep(0.5)
    balance = workspace.balance(run)
    assert balance.get("uncertain", 0) <= IN_FLIGHT
    assert set(balance) <= {"accepted", "uncertain", "refused"}
    assert set(server.received.values()) == {1}
    assert len(server.received) >= balance["accepted"]
