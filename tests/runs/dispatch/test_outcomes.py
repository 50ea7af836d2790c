"""Every answer of a provider has one consequence, no delivery is handed over twice, and the balance always holds."""

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
from campaigns.runs.dispatch import control
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer, record_answers
from campaigns.runs.dispatch.sweeper import clean_up
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.sample_workspace import MEMBERS, Village
from tests.support.scripted_provider import Wire, accept, wired

MARKETING = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
"""
ALL = len(MEMBERS)


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Accepted("ref"), "accepted", None),
        (Refused(EndReason.PROVIDER_REJECTED, "550"), "refused", "provider_rejected"),
        (Unknown("HTTP 500"), "uncertain", "unknown_outcome"),
    ],
)
def test_a_final_answer_ends_its_delivery_and_nothing_is_handed_over_again(village, outcome, state, reason):
    wire = wired(village, Wire(lambda _: outcome))
    run = village.start("hi", MARKETING)
    assert village.send(run).closed
    village.hands.go(days=2)
    village.send(run)
    assert Counter(wire.heard) == Counter(MEMBERS)
    assert set(village.ends(run).values()) == {(state, reason)}
    village.balance(run)


def test_try_later_waits_as_long_as_the_provider_asked(village):
    wire = wired(village, Wire(lambda _: RetryLater(60, "HTTP 429")))
    run = village.start("hi", MARKETING)
    sent = village.send(run)
    assert village.balance(run) == {"pending": ALL}
    assert (sent.closed, sent.resume_at) == (False, village.hands.at + timedelta(seconds=60))
    wire.answer = accept
    village.hands.go(seconds=59)
    village.send(run)
    assert village.balance(run) == {"pending": ALL}
    village.hands.go(seconds=1)
    assert village.send(run).closed
    assert Counter(wire.heard) == dict.fromkeys(MEMBERS, 2)
    assert len(set(zip(wire.heard, wire.attempts, strict=True))) == 2 * ALL  # each claim is an attempt of its own


def test_a_channel_that_is_misconfigured_pauses_the_run_and_touches_no_member(village):
    def answer(message):
        if len(wire.heard) > 2:
            raise ChannelMisconfiguredError("HTTP 401, is the key right?")
        return accept(message)

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    with pytest.raises(ChannelMisconfiguredError):
        village.send(run)
    kept = village.engine.run(run.run_id)
    assert (kept.state, kept.reason) == ("paused", "HTTP 401, is the key right?")
    assert village.balance(run) == {"accepted": 2, "pending": ALL - 2}


def test_a_bug_of_an_adapter_stops_the_run_and_loses_no_other_answer(village):
    async def answer(message):
        await asyncio.sleep(0.01)
        if message.claimed.member_id == "m03":
            raise KeyError("bug")
        await asyncio.sleep(0.01)
        return accept(message)

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    with pytest.raises(KeyError):
        village.send(run)
    assert village.ends(run)["m03"] == ("uncertain", "unknown_outcome")  # it may have gone
    counted = village.balance(run)
    assert counted["accepted"] == len(wire.heard) - 1 > 0
    assert "sending" not in counted


def test_a_bug_in_the_writing_hands_nothing_over_and_stops_the_run(village, monkeypatch):
    write = EmailComposer.__call__

    def broken(self, taken):
        if taken.claimed.member_id == "m03":
            raise KeyError("bug")
        return write(self, taken)

    monkeypatch.setattr(EmailComposer, "__call__", broken)
    wire = wired(village, Wire())
    run = village.start("hi", MARKETING)
    with pytest.raises(KeyError):
        village.send(run)
    assert "m03" not in wire.heard
    counted = village.balance(run)
    assert counted.get("accepted", 0) == len(wire.heard)
    assert set(counted) <= {"accepted", "pending"}


def test_a_member_whose_message_cannot_be_written_is_refused_alone(village):
    village.bring("members", [{"member_id": "m05", "register": "customers", "bonus_last_month": ""}])
    wire = wired(village, Wire())
    run = village.start("hi", MARKETING)
    village.send(run)
    assert village.ends(run)["m05"] == ("refused", "template_error")
    assert "example.org" not in str(village.deliveries(run)["m05"]["detail"])
    assert sorted(wire.heard) == sorted(set(MEMBERS) - {"m05"})


def test_too_many_segments_refuse_one_member(village):
    for member in MEMBERS:
        village.move(member, first_name="Al")
    village.move("m05", first_name="Maximiliana")
    wire = wired(village, Wire())
    campaign = MARKETING.replace("[email]", "[sms]").replace("email: hello", "sms: long")
    run = village.start("hi", campaign)
    village.send(run)
    assert village.ends(run)["m05"] == ("refused", "too_long")
    assert sorted(wire.heard) == sorted(set(MEMBERS) - {"m05"})


def test_nothing_is_handed_over_before_its_claim_is_committed(village):
    elsewhere = Ledger.from_path(village.engine.workspace.ledger)
    seen = []

    def answer(message):
        claimed = message.claimed
        with elsewhere.read() as connection:
            row = connection.execute(
                select(DELIVERY.c.state, DELIVERY.c.attempt, DELIVERY.c.lease_until).where(
                    DELIVERY.c.member_id == claimed.member_id
                )
            ).one()
        seen.append((row.state, row.attempt == claimed.attempt, row.lease_until > village.hands.at))
        return accept(message)

    wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)
    elsewhere.close()
    assert seen == [("sending", True, True)] * ALL


def test_a_sender_whose_lease_has_passed_says_nothing(village):
    def answer(message):
        village.hands.go(seconds=village.engine.library.settings.dispatch.lease)
        return accept(message)

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)
    claims = len(wire.heard)
    assert Counter(wire.heard) == Counter(MEMBERS)
    assert claims == ALL
    assert village.balance(run) == {"accepted": ALL}


def test_no_more_than_in_flight_are_under_way(village):
    async def answer(message):
        await asyncio.sleep(0.005)
        return accept(message)

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)
    assert village.engine.library.settings.dispatch.in_flight == 8
    assert wire.most_at_once == 7  # one place is left for another run


def test_nobody_waits_for_the_slowest(village):
    async def answer(message):
        if len(wire.heard) == 1:
            await all_others.wait()
        elif len(wire.heard) == ALL:
            all_others.set()
        return accept(message)

    all_others = asyncio.Event()
    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    village.send(run)  # it would hang if the others waited for the first
    assert village.balance(run) == {"accepted": ALL}


def _left_sending(village: Village, name: str = "hi"):
    """A run of which one delivery was claimed by a process that then went silent."""
    wire = wired(village, Wire())
    run = village.start(name, MARKETING)
    lease = village.hands.at + timedelta(seconds=5)
    with village.engine.ledger.write() as connection:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == run.number, DELIVERY.c.member_id == "m05")
            .values(state="sending", attempt="silent", lease_until=lease, claimed_at=village.hands.at)
        )
    position = village.deliveries(run)["m05"]["position"]
    claimed = create_claimed_delivery(
        opaque_id="x",
        attempt="silent",
        run=run.run_id,
        position=position,
        member_id="m05",
        channel=Channel.EMAIL,
        address="m05@example.org",
    )
    return run, wire, claimed


def _answer(village, run, claimed, outcome):
    with village.engine.ledger.write() as connection:
        record_answers(connection, run.number, [DeliveryAnswer(claimed, outcome, village.hands.at)], "test")
    return village.ends(run)["m05"]


def test_a_silent_sender_leaves_uncertainty_that_is_never_resent(village):
    run, wire, _ = _left_sending(village)
    sent = village.send(run)
    assert (sent.closed, sent.resume_at) == (False, village.hands.at + timedelta(seconds=5))
    village.hands.go(seconds=5)
    assert village.send(run).closed
    assert village.ends(run)["m05"] == ("uncertain", "unknown_outcome")
    assert "m05" not in wire.heard
    village.balance(run)


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (Accepted("late"), ("accepted", None)),
        (Refused(EndReason.PROVIDER_REJECTED, "late"), ("refused", "provider_rejected")),
        (RetryLater(0, "late"), ("uncertain", "unknown_outcome")),
        (Unknown("late"), ("uncertain", "unknown_outcome")),
    ],
)
def test_the_late_original_settles_what_is_uncertain_and_never_reopens_it(village, outcome, end):
    run, _, claimed = _left_sending(village)
    village.hands.go(seconds=5)
    village.send(run)
    assert _answer(village, run, claimed, outcome) == end
    assert village.state(run) == "closed"
    village.balance(run)


def test_an_answer_to_another_attempt_changes_nothing(village):
    run, _, claimed = _left_sending(village)
    village.hands.go(seconds=5)
    village.send(run)
    other = create_claimed_delivery(
        opaque_id="x",
        attempt="another",
        run=run.run_id,
        position=claimed.position,
        member_id="m05",
        channel=Channel.EMAIL,
        address="",
    )
    assert _answer(village, run, other, Accepted("ref")) == ("uncertain", "unknown_outcome")
    assert _answer(village, run, claimed, Accepted("ref")) == ("accepted", None)
    assert _answer(village, run, claimed, Refused(EndReason.PROVIDER_REJECTED, "")) == ("accepted", None)


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_the_sweeper_looks_after_runs_that_do_not_send_any_more(village, state):
    run, _, _ = _left_sending(village)
    village.engine.hand({"paused": control.pause, "cancelled": control.cancel}[state], run.run_id)
    village.hands.go(seconds=5)
    clean_up(village.engine.ledger, village.hands.at)
    assert village.ends(run)["m05"] == ("uncertain", "unknown_outcome")
    village.balance(run)


def test_what_is_not_claimed_by_send_by_expires(village):
    wire = wired(village, Wire(lambda _: RetryLater(3600, "busy")))
    run = village.start("hi", MARKETING.replace('10:30"', '10:30", send_by: 2 hours'))
    village.send(run)
    village.hands.go(hours=2)
    wire.answer = accept
    assert village.send(run).closed
    assert Counter(wire.heard) == Counter(MEMBERS)
    assert set(village.ends(run).values()) == {("expired", "expired")}
    village.balance(run)


def test_send_by_ends_claiming_in_the_middle_of_a_run(village):
    def answer(message):
        village.hands.go(minutes=10)
        return accept(message)

    wire = wired(village, Wire(answer))
    run = village.start("hi", MARKETING.replace('10:30"', '10:30", send_by: 1 hour'))
    assert village.send(run).closed
    counted = village.balance(run)
    assert counted["accepted"] == len(wire.heard) < ALL
    assert counted["expired"] == ALL - counted["accepted"]


def test_two_processes_send_one_run_and_nobody_hears_it_twice(village):
    async def answer(message):
        await asyncio.sleep(0.002)
        return accept(message)

    run = village.start("hi", MARKETING)
    villages = [Village(village.root, village.hands) for _ in range(2)]
    wires = [wired(each, Wire(answer)) for each in villages]
    threads = [Thread(target=each.send, args=[run]) for each in villages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wires[0].heard + wires[1].heard) == sorted(MEMBERS)
    assert all(wire.heard for wire in wires)
    assert village.balance(run) == {"accepted": ALL}
    for each in villages:
        each.send(run)
        each.close()
    assert village.state(run) == "closed"
