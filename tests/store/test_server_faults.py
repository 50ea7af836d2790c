"""Faults around the engine: a crashing database, an absent or overloaded provider, a jumping clock."""

import asyncio
import os
from collections import Counter
from contextlib import closing
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import DDL
from sqlalchemy.exc import DBAPIError

from audiences.tables import CHOICES, CONTACT, SUPPRESSION
from campaigns.channels.outcome import Outcome, Refused, RetryLater, Unknown
from campaigns.core.model.reasons import EndReason
from campaigns.store.admin import schema
from campaigns.store.ledger.connection import Ledger
from tests.support.ledgers import copy_workspace
from tests.support.postgresql_server import own_server
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import Message, ScriptedProvider, accept, with_scripted_provider
from tests.support.worker_thread import is_closed, running_worker, wait_until

IN_FLIGHT = 8


def send_until_closed(workspace: SampleWorkspace, run, **step: float) -> None:
    """Send repeatedly, as the scheduler does, and advance the clock in between."""
    for _ in range(200):
        if workspace.send(run).closed:
            return
        workspace.clock.advance(**step)
    raise AssertionError(workspace.balance(run))


def checked_balance(workspace: SampleWorkspace, run, provider: ScriptedProvider) -> Counter[str]:
    """Return the balance; no member got two messages, and every accepted member got one."""
    received = Counter(provider.received)
    assert max(received.values()) == 1
    accepted = {member for member, (state, _) in workspace.end_states(run).items() if state == "accepted"}
    assert accepted <= set(received)
    return Counter(workspace.balance(run))


@pytest.mark.long
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="an external server must not be crashed")
def test_answers_during_a_database_crash_are_recorded_after_it(base_workspace, tmp_path, monkeypatch):
    async def answer_slowly(message: Message) -> Outcome:
        await asyncio.sleep(0.25)
        return accept(message)

    with own_server() as (url, crash):
        address = url.render_as_string(hide_password=False)
        monkeypatch.setenv("VIESTI_DATABASE_URL", address)
        with closing(Ledger(address)) as ledger:
            schema.prepare(ledger)
            workspace, provider = (
                copy_workspace(base_workspace, tmp_path / "workspace", ledger),
                ScriptedProvider(answer_slowly),
            )
        with closing(workspace):
            run = workspace.start("hi", MARKETING)
            with running_worker(workspace, provider):
                wait_until(lambda: len(provider.received) > 0)
                crash(0.5)
                wait_until(is_closed(workspace, run))
            balance = checked_balance(workspace, run, provider)
    assert balance.total() == len(MEMBERS)
    assert balance["uncertain"] <= IN_FLIGHT


@pytest.mark.parametrize("missing_table", [CHOICES, CONTACT, SUPPRESSION], ids=lambda table: str(table.name))
def test_op03_unreadable_choices_stop_sending(workspace, missing_table):
    """Once the table is back, every pending member gets one message."""
    provider = with_scripted_provider(workspace, ScriptedProvider(accept))
    run = workspace.start("hi", MARKETING)
    rename(workspace, missing_table.name, "away")
    with pytest.raises(DBAPIError):
        workspace.send(run)
    assert provider.received == []
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    rename(workspace, "away", missing_table.name)
    assert workspace.send(run).closed
    assert sorted(provider.received) == sorted(MEMBERS)


def rename(workspace: SampleWorkspace, table: str, name: str) -> None:
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(DDL(f"ALTER TABLE {table} RENAME TO {name}"))


@pytest.mark.long
def test_repeated_429_answers_only_delay_sending(workspace):
    chance = Random(429)  # noqa: S311 - no secret
    accepted_counts: Counter[str] = Counter()

    def refuse_most(message: Message) -> Outcome:
        if chance.random() < 0.8:
            return RetryLater(chance.uniform(1, 30), "HTTP 429")
        accepted_counts[message.claimed.member_id] += 1
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(refuse_most))
    run = workspace.start("hi", MARKETING)
    workspace.run_clock(speed=10)  # after many 429 in a row the sender waits before it asks again
    send_until_closed(workspace, run, seconds=20)
    assert accepted_counts == dict.fromkeys(MEMBERS, 1)
    assert workspace.balance(run) == {"accepted": len(MEMBERS)}


@pytest.mark.long
def test_provider_outage_of_minutes_leaves_every_delivery_pending(workspace):
    back_at = workspace.clock.time + timedelta(minutes=7)
    accepted_counts: Counter[str] = Counter()

    def refuse_until_back(message: Message) -> Outcome:
        if workspace.engine.context.clock.now() < back_at:
            return RetryLater(5, "no connection")
        accepted_counts[message.claimed.member_id] += 1
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(refuse_until_back))
    run = workspace.start("hi", MARKETING)
    workspace.run_clock(speed=60)
    workspace.send(run)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    send_until_closed(workspace, run, seconds=30)
    assert accepted_counts == dict.fromkeys(MEMBERS, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_jumping_clock_sends_nothing_twice_and_loses_no_delivery(workspace, seed):
    chance = Random(seed)  # noqa: S311 - no secret

    def answer_and_jump(message: Message) -> Outcome:
        workspace.clock.advance(seconds=chance.choice((0, 0, 1, 90, 3600, -3600, -90)))
        return chance.choice((accept(message), Unknown("HTTP 500"), Refused(EndReason.INVALID_ADDRESS, "HTTP 400")))

    provider = with_scripted_provider(workspace, ScriptedProvider(answer_and_jump))
    run = workspace.start("hi", MARKETING)
    send_until_closed(workspace, run, minutes=5)
    assert checked_balance(workspace, run, provider).total() == len(MEMBERS)


def test_choices_changed_between_plan_and_claim_are_obeyed(workspace):
    campaign = MARKETING.replace("{register: [owners, customers]}", "{bought: {where: {product_category: COFFEE}}}")
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", campaign)
    recipients = sorted(workspace.channels(run))
    workspace.record_choices(recipients[0], "email_own", on=False)
    workspace.record_choices(recipients[1], "no_purchase_detail")
    send_until_closed(workspace, run, minutes=1)
    assert set(provider.received) == set(recipients[2:])
    assert workspace.end_states(run)[recipients[0]] == ("withdrawn", "consent_withdrawn")
    assert workspace.end_states(run)[recipients[1]] == ("withdrawn", "purchase_data_forbidden")
