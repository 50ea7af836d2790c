"""A whole run over the network, from the claim to a mailbox, with a faulty provider."""

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
def in_own_thread(double: Any) -> Iterator[Any]:
    """Run a double in its own thread, like another machine."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        async with double:
            stop = asyncio.Event()
            double.stop = lambda: loop.call_soon_threadsafe(stop.set)
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield double
    finally:
        double.stop()
        thread.join()
        loop.close()


@pytest.fixture(params=["sendgrid", "smtp", "twilio"])
def workspace_and_double(
    request, workspace: SampleWorkspace, monkeypatch
) -> Iterator[tuple[SampleWorkspace, Any, str]]:
    """Sample workspace with a real provider for one channel, the provider's double, and the channel."""
    name, fault_plan = request.param, FaultPlan(p50=0.002, p99=0.02, shares=SHARES)
    doubles = {"sendgrid": SendGridDouble, "smtp": SmtpDouble, "twilio": TwilioDouble}
    with in_own_thread(doubles[name](fault_plan)) as double:
        connection = {
            "sendgrid": "sendgrid: {base_url: 'http://127.0.0.1:%d'}",
            "smtp": "smtp: {host: 127.0.0.1, port: %d, security: none}",
            "twilio": "twilio: {base_url: 'http://127.0.0.1:%d'}",
        }[name] % double.port
        channel = "sms" if name == "twilio" else "email"
        settings = workspace.root / "config/settings.yaml"
        with_provider = settings.read_text().replace(
            f"  {channel}: {{", f"  {channel}: {{provider: {name}, {connection}, "
        )
        settings.write_text(with_provider)
        monkeypatch.setenv("SENDGRID_API_KEY", "SG.double")
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "double")
        yield workspace, double, channel


@pytest.mark.long
def test_every_member_is_reached_at_most_once_and_accounted_for(workspace_and_double):
    workspace, double, channel = workspace_and_double
    run = workspace.start("hi", CAMPAIGN.format(channel=channel))
    for _ in range(60):
        if workspace.send(run).closed:
            break
        workspace.clock.advance(minutes=10)
    balance = workspace.balance(run)
    assert balance.keys() <= {"accepted", "refused", "uncertain"}
    assert sum(balance.values()) == len(MEMBERS)
    assert double.mailboxes.duplicates == {}
    assert balance["accepted"] <= len(double.mailboxes) <= balance["accepted"] + balance.get("uncertain", 0)


def test_a_wrong_key_pauses_the_run_before_any_delivery(workspace_and_double):
    workspace, double, channel = workspace_and_double
    double.fault_plan.shares = {ProviderFault.UNAUTHORISED: 1.0}
    run = workspace.start("hi", CAMPAIGN.format(channel=channel))
    with pytest.raises(ChannelMisconfiguredError):
        workspace.send(run)
    assert workspace.state(run) == "paused"
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    assert len(double.mailboxes) == 0
