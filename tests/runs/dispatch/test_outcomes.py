"""Provider outcomes: each has one consequence, no delivery is handed over twice, and the balance always holds."""

import asyncio
from collections import Counter
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select, update

from campaigns.channels.claimed_delivery import create_claimed_delivery
from campaigns.channels.outcome import Accepted, ChannelMisconfiguredError, Refused, RetryLater, Unknown
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason
from campaigns.runs.composing.message_composers import EmailComposer
from campaigns.runs.dispatch import run_transitions
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer, record_answers
from campaigns.runs.dispatch.sweeper import clean_up
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

ALL = len(MEMBERS)


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Accepted("ref"), "accepted", None),
        (Refused(EndReason.PROVIDER_REJECTED, "550"), "refused", "provider_rejected"),
        (Unknown("HTTP 500"), "uncertain", "unknown_outcome"),
    ],
)
def test_final_answer_ends_its_delivery_without_a_resend(workspace, outcome, state, reason):
    provider = with_scripted_provider(workspace, ScriptedProvider(lambda _: outcome))
    run = workspace.start("hi", MARKETING)
    assert workspace.send(run).closed
    workspace.clock.advance(days=2)
    workspace.send(run)
    assert Counter(provider.received) == Counter(MEMBERS)
    assert set(workspace.end_states(run).values()) == {(state, reason)}
    workspace.balance(run)


def test_retry_waits_as_long_as_the_provider_asked(workspace):
    provider = with_scripted_provider(workspace, ScriptedProvider(lambda _: RetryLater(60, "HTTP 429")))
    run = workspace.start("hi", MARKETING)
    sent = workspace.send(run)
    assert workspace.balance(run) == {"pending": ALL}
    assert (sent.closed, sent.resume_at) == (False, workspace.clock.time + timedelta(seconds=60))
    provider.answer = accept
    workspace.clock.advance(seconds=59)
    workspace.send(run)
    assert workspace.balance(run) == {"pending": ALL}
    workspace.clock.advance(seconds=1)
    assert workspace.send(run).closed
    assert Counter(provider.received) == dict.fromkeys(MEMBERS, 2)
    attempts = set(zip(provider.received, provider.attempts, strict=True))
    assert len(attempts) == 2 * ALL  # each claim is an attempt of its own


def test_misconfigured_channel_pauses_the_run_and_refuses_no_member(workspace):
    def answer(message):
        if len(provider.received) > 2:
            raise ChannelMisconfiguredError("HTTP 401, is the key right?")
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    with pytest.raises(ChannelMisconfiguredError):
        workspace.send(run)
    stored_run = workspace.engine.queries.run(run.run_id)
    assert (stored_run.state, stored_run.reason) == ("paused", "HTTP 401, is the key right?")
    assert workspace.balance(run) == {"accepted": 2, "pending": ALL - 2}


def test_adapter_bug_stops_the_run_and_loses_no_other_answer(workspace):
    async def answer(message):
        await asyncio.sleep(0.01)
        if message.claimed.member_id == "m03":
            raise KeyError("bug")
        await asyncio.sleep(0.01)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    with pytest.raises(KeyError):
        workspace.send(run)
    assert workspace.end_states(run)["m03"] == ("uncertain", "unknown_outcome")  # it may have gone
    balance = workspace.balance(run)
    assert balance["accepted"] == len(provider.received) - 1 > 0
    assert "sending" not in balance


def test_composer_bug_stops_the_run_before_the_message_is_handed_over(workspace, monkeypatch):
    write = EmailComposer.__call__

    def broken(self, taken):
        if taken.claimed.member_id == "m03":
            raise KeyError("bug")
        return write(self, taken)

    monkeypatch.setattr(EmailComposer, "__call__", broken)
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    with pytest.raises(KeyError):
        workspace.send(run)
    assert "m03" not in provider.received
    balance = workspace.balance(run)
    assert balance.get("accepted", 0) == len(provider.received)
    assert set(balance) <= {"accepted", "pending"}


def test_message_that_cannot_be_composed_is_refused_alone(workspace):
    workspace.import_rows("members", [{"member_id": "m05", "register": "customers", "bonus_last_month": ""}])
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert workspace.end_states(run)["m05"] == ("refused", "template_error")
    assert "example.org" not in str(workspace.deliveries(run)["m05"]["detail"])
    assert sorted(provider.received) == sorted(set(MEMBERS) - {"m05"})


def test_message_of_too_many_segments_is_refused_alone(workspace):
    for member in MEMBERS:
        workspace.change_contact(member, first_name="Al")
    workspace.change_contact("m05", first_name="Maximiliana")
    provider = with_scripted_provider(workspace, ScriptedProvider())
    campaign = MARKETING.replace("[email]", "[sms]").replace("email: hello", "sms: long")
    run = workspace.start("hi", campaign)
    workspace.send(run)
    assert workspace.end_states(run)["m05"] == ("refused", "too_long")
    assert sorted(provider.received) == sorted(set(MEMBERS) - {"m05"})


def test_message_is_handed_over_only_after_its_claim_is_committed(workspace):
    second_ledger = Ledger.from_path(workspace.engine.context.workspace.ledger)
    seen = []

    def answer(message):
        claimed = message.claimed
        with second_ledger.read() as connection:
            row = connection.execute(
                select(DELIVERY.c.state, DELIVERY.c.attempt, DELIVERY.c.lease_until).where(
                    DELIVERY.c.member_id == claimed.member_id
                )
            ).one()
        seen.append((row.state, row.attempt == claimed.attempt, row.lease_until > workspace.clock.time))
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    second_ledger.close()
    assert seen == [("sending", True, True)] * ALL


def test_sender_hands_nothing_over_after_its_lease(workspace):
    def answer(message):
        workspace.clock.advance(seconds=workspace.engine.context.repository.settings.dispatch.lease)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    claims = len(provider.received)
    assert Counter(provider.received) == Counter(MEMBERS)
    assert claims == ALL
    assert workspace.balance(run) == {"accepted": ALL}


def test_messages_under_way_stay_below_in_flight(workspace):
    async def answer(message):
        await asyncio.sleep(0.005)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert workspace.engine.context.repository.settings.dispatch.in_flight == 8
    assert provider.max_in_flight == 7  # one slot is left for another run


def test_slow_answer_holds_up_no_other_message(workspace):
    async def answer(message):
        if len(provider.received) == 1:
            await all_others.wait()
        elif len(provider.received) == ALL:
            all_others.set()
        return accept(message)

    all_others = asyncio.Event()
    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)  # it would hang if the others waited for the first
    assert workspace.balance(run) == {"accepted": ALL}


def _start_with_silent_sender(workspace: SampleWorkspace, name: str = "hi"):
    """Start a run with one delivery claimed by a process that then went silent."""
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start(name, MARKETING)
    lease = workspace.clock.time + timedelta(seconds=5)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == run.number, DELIVERY.c.member_id == "m05")
            .values(state="sending", attempt="silent", lease_until=lease, claimed_at=workspace.clock.time)
        )
    position = workspace.deliveries(run)["m05"]["position"]
    claimed = create_claimed_delivery(
        opaque_id="x",
        attempt="silent",
        run=run.run_id,
        position=position,
        member_id="m05",
        channel=Channel.EMAIL,
        address="m05@example.org",
    )
    return run, provider, claimed


def _record_answer(workspace, run, claimed, outcome):
    with workspace.engine.context.ledger.write() as connection:
        record_answers(connection, run.number, [DeliveryAnswer(claimed, outcome, workspace.clock.time)], "test")
    return workspace.end_states(run)["m05"]


def test_delivery_of_a_silent_sender_is_uncertain_and_never_resent(workspace):
    run, provider, _ = _start_with_silent_sender(workspace)
    sent = workspace.send(run)
    assert (sent.closed, sent.resume_at) == (False, workspace.clock.time + timedelta(seconds=5))
    workspace.clock.advance(seconds=5)
    assert workspace.send(run).closed
    assert workspace.end_states(run)["m05"] == ("uncertain", "unknown_outcome")
    assert "m05" not in provider.received
    workspace.balance(run)


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (Accepted("late"), ("accepted", None)),
        (Refused(EndReason.PROVIDER_REJECTED, "late"), ("refused", "provider_rejected")),
        (RetryLater(0, "late"), ("uncertain", "unknown_outcome")),
        (Unknown("late"), ("uncertain", "unknown_outcome")),
    ],
)
def test_late_answer_settles_an_uncertain_delivery_and_never_reopens_it(workspace, outcome, end):
    run, _, claimed = _start_with_silent_sender(workspace)
    workspace.clock.advance(seconds=5)
    workspace.send(run)
    assert _record_answer(workspace, run, claimed, outcome) == end
    assert workspace.state(run) == "closed"
    workspace.balance(run)


def test_an_answer_to_another_attempt_changes_nothing(workspace):
    run, _, claimed = _start_with_silent_sender(workspace)
    workspace.clock.advance(seconds=5)
    workspace.send(run)
    other = create_claimed_delivery(
        opaque_id="x",
        attempt="another",
        run=run.run_id,
        position=claimed.position,
        member_id="m05",
        channel=Channel.EMAIL,
        address="",
    )
    assert _record_answer(workspace, run, other, Accepted("ref")) == ("uncertain", "unknown_outcome")
    assert _record_answer(workspace, run, claimed, Accepted("ref")) == ("accepted", None)
    assert _record_answer(workspace, run, claimed, Refused(EndReason.PROVIDER_REJECTED, "")) == ("accepted", None)


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_sweeper_ends_the_leases_of_runs_that_no_longer_send(workspace, state):
    run, _, _ = _start_with_silent_sender(workspace)
    workspace.engine.run_control.transition(
        {"paused": run_transitions.pause, "cancelled": run_transitions.cancel}[state], run.run_id
    )
    workspace.clock.advance(seconds=5)
    clean_up(workspace.engine.context.ledger, workspace.clock.time)
    assert workspace.end_states(run)["m05"] == ("uncertain", "unknown_outcome")
    workspace.balance(run)


def test_unclaimed_deliveries_expire_at_send_by(workspace):
    provider = with_scripted_provider(workspace, ScriptedProvider(lambda _: RetryLater(3600, "busy")))
    run = workspace.start("hi", MARKETING.replace('10:30"', '10:30", send_by: 2 hours'))
    workspace.send(run)
    workspace.clock.advance(hours=2)
    provider.answer = accept
    assert workspace.send(run).closed
    assert Counter(provider.received) == Counter(MEMBERS)
    assert set(workspace.end_states(run).values()) == {("expired", "expired")}
    workspace.balance(run)


def test_send_by_ends_claiming_in_the_middle_of_a_run(workspace):
    def answer(message):
        workspace.clock.advance(minutes=10)
        return accept(message)

    provider = with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING.replace('10:30"', '10:30", send_by: 1 hour'))
    assert workspace.send(run).closed
    balance = workspace.balance(run)
    assert balance["accepted"] == len(provider.received) < ALL
    assert balance["expired"] == ALL - balance["accepted"]


def test_two_processes_send_each_message_of_a_run_once(workspace):
    async def answer(message):
        await asyncio.sleep(0.002)
        return accept(message)

    run = workspace.start("hi", MARKETING)
    processes = [SampleWorkspace(workspace.root, workspace.clock) for _ in range(2)]
    providers = [with_scripted_provider(process, ScriptedProvider(answer)) for process in processes]
    threads = [Thread(target=process.send, args=[run]) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(providers[0].received + providers[1].received) == sorted(MEMBERS)
    assert all(provider.received for provider in providers)
    assert workspace.balance(run) == {"accepted": ALL}
    for process in processes:
        process.send(run)
        process.close()
    assert workspace.state(run) == "closed"
