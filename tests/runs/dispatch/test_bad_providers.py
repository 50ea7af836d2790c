"""Faulty providers behind the real adapters: no member gets two messages, and the balance holds."""

from asyncio import to_thread
from collections.abc import Mapping

import pytest

from campaigns.demo.rehearsal.doubles.faults import FaultPlan, ProviderFault
from campaigns.store.runs.run_tables import Run
from tests.support.provider_doubles import DOUBLES, Double, workspace_with_double
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.sent_run import EMAIL, SMS

TEXTS = {"sendgrid": EMAIL, "smtp": EMAIL, "twilio": SMS}

pytestmark = pytest.mark.parametrize("provider", DOUBLES)


async def send_until_closed(workspace: SampleWorkspace, run: Run, **pause: float) -> None:
    """Send in rounds, with a pause between them, until the run is closed."""
    for _ in range(50):
        if (await to_thread(workspace.send, run)).closed:
            return
        workspace.clock.advance(**pause)
    raise AssertionError(workspace.balance(run))


def each_member_has_one(double: Double) -> bool:
    return double.mailboxes.duplicates == {} and len(double.mailboxes.received) == len(double.mailboxes) == len(MEMBERS)


def closed_balance(workspace: SampleWorkspace, run: Run) -> Mapping[str, int]:
    assert workspace.state(run) == "closed"
    return workspace.balance(run)


@pytest.mark.parametrize("fault", [ProviderFault.DROP_AFTER, ProviderFault.FAIL_AFTER])
async def test_message_taken_before_a_dropped_or_failed_answer_is_uncertain_and_not_resent(workspace, provider, fault):
    fault_plan = FaultPlan()
    fault_plan.script_faults(*[None, fault] * 3)
    run = workspace.start("hi", TEXTS[provider])
    async with workspace_with_double(workspace, provider, fault_plan) as double:
        await send_until_closed(workspace, run, minutes=10)
        assert each_member_has_one(double)
    assert closed_balance(workspace, run) == {"accepted": len(MEMBERS) - 3, "uncertain": 3}


@pytest.mark.long
async def test_throttling_only_delays_messages(workspace, provider):
    run = workspace.start("hi", TEXTS[provider])
    async with workspace_with_double(workspace, provider, FaultPlan(shares={ProviderFault.THROTTLE: 0.7})) as double:
        await send_until_closed(workspace, run, minutes=6)
        assert each_member_has_one(double)
    assert closed_balance(workspace, run) == {"accepted": len(MEMBERS)}


@pytest.mark.long
async def test_messages_wait_for_a_provider_that_is_down_for_minutes(workspace, provider):
    run = workspace.start("hi", TEXTS[provider])
    workspace.run_clock(speed=10)  # a sender that finds it down waits for the next attempt
    async with workspace_with_double(workspace, provider) as double:
        port = double.port
    for _ in range(3):
        assert not (await to_thread(workspace.send, run)).closed
        workspace.clock.advance(minutes=2)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    async with workspace_with_double(workspace, provider, port=port) as restarted:
        await send_until_closed(workspace, run, minutes=2)
        assert each_member_has_one(restarted)
    assert closed_balance(workspace, run) == {"accepted": len(MEMBERS)}
