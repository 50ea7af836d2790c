"""A whole run over the wire, from the claim to a person's mailbox, while the provider misbehaves."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from campaigns.channels.outcome import ChannelMisconfiguredError
from campaigns.demo.rehearsal.doubles.faults import FaultPlan, ProviderFault
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.demo.rehearsal.doubles.smtp import SmtpDouble
from campaigns.demo.rehearsal.doubles.twilio import TwilioDouble
from tests.support.sample_workspace import MEMBERS, SampleWorkspace

SHARES = dict.fromkeys(
    (
        ProviderFault.THROTTLE,
        ProviderFault.FAIL,
        ProviderFault.FAIL_AFTER,
        ProviderFault.DROP,
        ProviderFault.DROP_AFTER,
    ),
    0.1,
)
CAMPAIGN = """\
purpose: marketing
schedule: {{at: "2018-01-05 10:30"}}
audience: {{register: [owners, customers]}}
channels: [{channel}]
content: {{{channel}: hello}}
"""


@contextmanager
def apart(double: Any) -> Iterator[Any]:
    """A double in a thread of its own, as another machine would be."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def stand() -> None:
        async with double:
            stop = asyncio.Event()
            double.stop = lambda: loop.call_soon_threadsafe(stop.set)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(stand()))
    thread.start()
    assert ready.wait(10)
    try:
        yield double
    finally:
        double.stop()
        thread.join()
        loop.close()


@pytest.fixture(params=["sendgrid", "smtp", "twilio"])
def wired(request, workspace: SampleWorkspace, monkeypatch) -> Iterator[tuple[SampleWorkspace, Any, str]]:
    """A village whose channel is delivered by a provider, its double, and the channel."""
    name, manners = request.param, FaultPlan(p50=0.002, p99=0.02, shares=SHARES)
    kinds = {"sendgrid": SendGridDouble, "smtp": SmtpDouble, "twilio": TwilioDouble}
    with apart(kinds[name](manners)) as double:
        reached = {
            "sendgrid": "sendgrid: {base_url: 'http://127.0.0.1:%d'}",
            "smtp": "smtp: {host: 127.0.0.1, port: %d, security: none}",
            "twilio": "twilio: {base_url: 'http://127.0.0.1:%d'}",
        }[name] % double.port
        channel = "sms" if name == "twilio" else "email"
        settings = workspace.root / "config/settings.yaml"
        said = settings.read_text().replace(f"  {channel}: {{", f"  {channel}: {{provider: {name}, {reached}, ")
        settings.write_text(said)
        monkeypatch.setenv("SENDGRID_API_KEY", "SG.double")
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "double")
        yield workspace, double, channel


def test_nobody_hears_twice_and_nobody_disappears(wired):
    workspace, double, channel = wired
    run = workspace.start("hi", CAMPAIGN.format(channel=channel))
    for _ in range(60):
        if workspace.send(run).closed:
            break
        workspace.clock.advance(minutes=10)
    balance = workspace.balance(run)
    assert balance.keys() <= {"accepted", "refused", "uncertain"}
    assert sum(balance.values()) == len(MEMBERS)
    assert double.mailboxes.twice == {}
    assert balance["accepted"] <= len(double.mailboxes) <= balance["accepted"] + balance.get("uncertain", 0)


def test_a_wrong_key_pauses_the_run_before_anybody_is_touched(wired):
    workspace, double, channel = wired
    double.manners.shares = {ProviderFault.UNAUTHORISED: 1.0}
    run = workspace.start("hi", CAMPAIGN.format(channel=channel))
    with pytest.raises(ChannelMisconfiguredError):
        workspace.send(run)
    assert workspace.state(run) == "paused"
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    assert len(double.mailboxes) == 0
