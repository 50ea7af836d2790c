"""What goes wrong around us: a database that crashes, a provider that is away or overrun, clocks that jump."""

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


def until_closed(workspace: SampleWorkspace, run, **between: float) -> None:
    """Send again and again, as the rounds do, and let time pass."""
    for _ in range(200):
        if workspace.send(run).closed:
            return
        workspace.clock.advance(**between)
    raise AssertionError(workspace.balance(run))


def agrees(workspace: SampleWorkspace, run, provider: ScriptedProvider) -> Counter[str]:
    """The balance, when nobody heard anything twice and whoever is accepted heard it."""
    taken = Counter(provider.received)
    assert max(taken.values()) == 1
    accepted = {member for member, (state, _) in workspace.end_states(run).items() if state == "accepted"}
    assert accepted <= set(taken)
    return Counter(workspace.balance(run))


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="the server is somebody else's, and is not made to crash")
def test_the_database_crashes_and_comes_back_and_what_was_answered_meanwhile_is_kept(
    base_workspace, tmp_path, monkeypatch
):
    async def slowly(message: Message) -> Outcome:
        await asyncio.sleep(0.25)
        return accept(message)

    with own_server() as (url, crash):
        address = url.render_as_string(hide_password=False)
        monkeypatch.setenv("VIESTI_DATABASE_URL", address)
        with closing(Ledger(address)) as ledger:
            schema.prepare(ledger)
            workspace, provider = (
                copy_workspace(base_workspace, tmp_path / "workspace", ledger),
                ScriptedProvider(slowly),
            )
        with closing(workspace):
            run = workspace.start("hi", MARKETING)
            with running_worker(workspace, provider):
                wait_until(lambda: len(provider.received) > 0)
                crash(0.5)
                wait_until(is_closed(workspace, run))
            balance = agrees(workspace, run, provider)
    assert balance.total() == len(MEMBERS)
    assert balance["uncertain"] <= IN_FLIGHT


@pytest.mark.parametrize("gone", [CHOICES, CONTACT, SUPPRESSION], ids=lambda table: str(table.name))
def test_op03_while_choices_cannot_be_read_nothing_is_sent(workspace, gone):
    """What members said is there again: everybody still waits, and is written to once."""
    provider = with_scripted_provider(workspace, ScriptedProvider(accept))
    run = workspace.start("hi", MARKETING)
    rename(workspace, gone.name, "away")
    with pytest.raises(DBAPIError):
        workspace.send(run)
    assert provider.heard == []
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    rename(workspace, "away", gone.name)
    assert workspace.send(run).closed
    assert sorted(provider.heard) == sorted(MEMBERS)


def rename(workspace: SampleWorkspace, table: str, name: str) -> None:
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(DDL(f"ALTER TABLE {table} RENAME TO {name}"))


def test_a_storm_of_429_delays_and_nothing_else(workspace):
    chance = Random(429)  # noqa: S311 - no secret
    taken: Counter[str] = Counter()

    def mostly_later(message: Message) -> Outcome:
        if chance.random() < 0.8:
            return RetryLater(chance.uniform(1, 30), "HTTP 429")
        taken[message.claimed.member_id] += 1
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(mostly_later))
    run = workspace.start("hi", MARKETING)
    workspace.run_clock(speed=10)  # after many of them in a row one waits for the moment to ask again
    until_closed(workspace, run, seconds=20)
    assert taken == dict.fromkeys(MEMBERS, 1)
    assert workspace.balance(run) == {"accepted": len(MEMBERS)}


def test_a_provider_that_is_away_for_minutes_finds_everybody_waiting(workspace):
    away_until = workspace.clock.time + timedelta(minutes=7)
    taken: Counter[str] = Counter()

    def away(message: Message) -> Outcome:
        if workspace.engine.context.clock.now() < away_until:
            return RetryLater(5, "no connection")
        taken[message.claimed.member_id] += 1
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(away))
    run = workspace.start("hi", MARKETING)
    workspace.run_clock(speed=60)
    workspace.send(run)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    until_closed(workspace, run, seconds=30)
    assert taken == dict.fromkeys(MEMBERS, 1)


@pytest.mark.parametrize("seed", range(4))
def test_clocks_that_jump_send_nothing_twice_and_lose_nobody(workspace, seed):
    chance = Random(seed)  # noqa: S311 - no secret

    def jumping(message: Message) -> Outcome:
        workspace.clock.advance(seconds=chance.choice((0, 0, 1, 90, 3600, -3600, -90)))
        return chance.choice((accept(message), Unknown("HTTP 500"), Refused(EndReason.INVALID_ADDRESS, "HTTP 400")))

    provider = with_scripted_provider(workspace, ScriptedProvider(jumping))
    run = workspace.start("hi", MARKETING)
    until_closed(workspace, run, minutes=5)
    assert agrees(workspace, run, provider).total() == len(MEMBERS)


def test_a_withdrawal_and_a_c7_between_plan_and_claim_are_obeyed(workspace):
    bought = MARKETING.replace("{register: [owners, customers]}", "{bought: {where: {product_category: COFFEE}}}")
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", bought)
    going = sorted(workspace.channels(run))
    workspace.record_choices(going[0], "email_own", on=False)
    workspace.record_choices(going[1], "no_purchase_detail")
    until_closed(workspace, run, minutes=1)
    assert set(provider.heard) == set(going[2:])
    assert workspace.end_states(run)[going[0]] == ("withdrawn", "consent_withdrawn")
    assert workspace.end_states(run)[going[1]] == ("withdrawn", "purchase_data_forbidden")
