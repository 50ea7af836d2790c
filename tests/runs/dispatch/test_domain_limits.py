"""Domain limits and warm-up: messages that wait for a domain hold up no others (A-15)."""

from bisect import bisect_left
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from campaigns.core.errors import UserError
from campaigns.core.model.campaign import SendRate
from campaigns.core.model.warm_up import WarmUp
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

DAY = timedelta(days=1)


def set_email_option(workspace: SampleWorkspace, option: str) -> None:
    """Add an option to the e-mail settings."""
    path = workspace.root / "config/settings.yaml"
    path.write_text(path.read_text("utf-8").replace("  email: {", f"  email: {{{option}, "), "utf-8")
    workspace.engine.context.reload_files()


def move_half_to_gmail(workspace: SampleWorkspace) -> set[str]:
    """Move every other member to one large mailbox provider; return them."""
    at_gmail = set(MEMBERS[::2])
    for member in at_gmail:
        workspace.change_contact(member, email=f"{member}@Gmail.com")
    return at_gmail


def test_full_domain_holds_up_no_other_and_stays_within_its_rate(workspace):
    set_email_option(workspace, "domains: {gmail.com: 3 per minute}")
    at_gmail, times = move_half_to_gmail(workspace), defaultdict(list)

    def answer(message):
        times["gmail" if message.claimed.member_id in at_gmail else "others"].append(workspace.clock.time)
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    started, last = workspace.clock.time, None
    while not (sent := workspace.send(run)).closed:
        assert sent.resume_at is not None
        assert last is None or sent.resume_at > last
        workspace.clock.time = last = max(sent.resume_at, workspace.clock.time + timedelta(milliseconds=1))
    assert times["others"] == [started] * (len(MEMBERS) - len(at_gmail))
    gmail: list[datetime] = times["gmail"]
    assert len(gmail) == len(at_gmail)
    assert max(bisect_left(gmail, at + timedelta(minutes=1)) - index for index, at in enumerate(gmail)) <= 3
    assert gmail[-1] - started <= timedelta(minutes=len(at_gmail) / 3 + 1)


def test_deliveries_that_wait_for_a_domain_are_retried_at_different_times(workspace):
    set_email_option(workspace, "domains: {gmail.com: 6 per minute}")
    at_gmail = move_half_to_gmail(workspace)
    with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    rows = workspace.deliveries(run)
    waits = [rows[member]["not_before"] for member in at_gmail if rows[member]["state"] == "pending"]
    assert len(waits) > 6
    assert len(set(waits)) == len(waits)


@pytest.mark.parametrize(
    ("day", "messages"), [(-3, 100), (0, 100), (1, 150), (2, 225), (3, 337), (5, 759), (6, None), (400, None)]
)
def test_warm_up_rate_grows_daily_until_it_ends(day, messages):
    start = date(2026, 3, 1)
    warm_up = WarmUp(start=start, first_day=100, growth=Decimal("1.5"), until=1000)
    assert warm_up.rate_on(start + day * DAY) == (None if messages is None else SendRate(messages, DAY))


@pytest.mark.long
def test_first_day_sends_no_more_than_the_warm_up_allows(workspace):
    set_email_option(workspace, 'warm_up: {start: 2018-01-01, first_day: 5, growth: "1.5"}')
    provider = with_scripted_provider(workspace, ScriptedProvider())
    run = workspace.start("hi", MARKETING.replace('10:30"', '10:30", send_by: 4 days'))  # or it would not fit
    end = workspace.clock.time + timedelta(hours=13)
    while workspace.clock.time < end:
        workspace.send(run)
        workspace.clock.advance(minutes=20)
    assert 2 <= len(provider.received) <= 3
    assert workspace.balance(run)["pending"] == len(MEMBERS) - len(provider.received)


def test_domain_setting_must_be_a_mail_domain(workspace):
    with pytest.raises(UserError, match="domain"):
        set_email_option(workspace, "domains: {Gmail: 3 per minute}")
