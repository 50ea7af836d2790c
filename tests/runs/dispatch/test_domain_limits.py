"""Domains that take only so much, and a sender that is new: who waits holds up nobody else (E-, A-15)."""

from bisect import bisect_left
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.campaign import SendRate
from campaigns.core.model.warm_up import WarmUp
from tests.runs.dispatch.test_claim import MARKETING
from tests.support.sample_workspace import MEMBERS, Village
from tests.support.scripted_provider import Wire, accept, wired

DAY = timedelta(days=1)


def settle(village: Village, choice: str) -> None:
    """Add a line to the settings of e-mail."""
    path = village.root / "config/settings.yaml"
    path.write_text(path.read_text("utf-8").replace("  email: {", f"  email: {{{choice}, "), "utf-8")
    village.engine.reread()


def busy(village: Village) -> set[str]:
    """Every other member is at one big provider of mailboxes."""
    at_gmail = set(MEMBERS[::2])
    for member in at_gmail:
        village.move(member, email=f"{member}@Gmail.com")
    return at_gmail


def test_a_domain_that_is_full_holds_up_no_other_and_gets_no_more_than_it_takes(village):
    settle(village, "domains: {gmail.com: 3 per minute}")
    at_gmail, times = busy(village), defaultdict(list)

    def answer(message):
        times["gmail" if message.claimed.member_id in at_gmail else "others"].append(village.hands.at)
        return accept(message)

    wired(village, Wire(answer))
    run = village.start("hi", MARKETING)
    begun, last = village.hands.at, None
    while not (sent := village.send(run)).closed:
        assert sent.resume_at is not None
        assert last is None or sent.resume_at > last
        village.hands.at = last = max(sent.resume_at, village.hands.at + timedelta(milliseconds=1))
    assert times["others"] == [begun] * (len(MEMBERS) - len(at_gmail))
    gmail: list[datetime] = times["gmail"]
    assert len(gmail) == len(at_gmail)
    assert max(bisect_left(gmail, at + timedelta(minutes=1)) - place for place, at in enumerate(gmail)) <= 3
    assert gmail[-1] - begun <= timedelta(minutes=len(at_gmail) / 3 + 1)


def test_who_waits_for_a_domain_is_looked_at_at_a_moment_of_their_own(village):
    settle(village, "domains: {gmail.com: 6 per minute}")
    at_gmail = busy(village)
    wired(village, Wire())
    run = village.start("hi", MARKETING)
    village.send(run)
    rows = village.deliveries(run)
    waits = [rows[member]["not_before"] for member in at_gmail if rows[member]["state"] == "pending"]
    assert len(waits) > 6
    assert len(set(waits)) == len(waits)


@pytest.mark.parametrize(
    ("day", "messages"), [(-3, 100), (0, 100), (1, 150), (2, 225), (3, 337), (5, 759), (6, None), (400, None)]
)
def test_a_new_sender_grows_day_by_day_until_it_is_known(day, messages):
    start = date(2026, 3, 1)
    warm_up = WarmUp(start=start, first_day=100, growth=Decimal("1.5"), until=1000)
    assert warm_up.rate_on(start + day * DAY) == (None if messages is None else SendRate(messages, DAY))


def test_on_the_first_day_no_more_leaves_than_the_warm_up_says(village):
    settle(village, 'warm_up: {start: 2018-01-01, first_day: 5, growth: "1.5"}')
    wire = wired(village, Wire())
    run = village.start("hi", MARKETING.replace('10:30"', '10:30", send_by: 4 days'))  # or it would not fit
    end = village.hands.at + timedelta(hours=13)
    while village.hands.at < end:
        village.send(run)
        village.hands.go(minutes=20)
    assert 2 <= len(wire.heard) <= 3
    assert village.balance(run)["pending"] == len(MEMBERS) - len(wire.heard)


def test_a_domain_is_written_as_mail_writes_it(village):
    with pytest.raises(UserError, match="domain"):
        settle(village, "domains: {Gmail: 3 per minute}")
