"""Providers that do wrong, through the real adapters: nobody gets two as the double counts, and the balance holds."""

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


async def until_closed(workspace: SampleWorkspace, run: Run, **between: float) -> None:
    """Send again and again, as the rounds do, and let time pass."""
    for _ in range(50):
        if (await to_thread(workspace.send, run)).closed:
            return
        workspace.clock.advance(**between)
    raise AssertionError(workspace.balance(run))


def everybody_has_one(double: Double) -> bool:
    return double.mailboxes.duplicates == {} and len(double.mailboxes.received) == len(double.mailboxes) == len(MEMBERS)


def counted(workspace: SampleWorkspace, run: Run) -> Mapping[str, int]:
    assert workspace.state(run) == "closed"
    return workspace.balance(run)


@pytest.mark.parametrize("fault", [ProviderFault.DROP_AFTER, ProviderFault.FAIL_AFTER])
async def test_what_it_takes_and_then_hangs_up_or_fails_is_uncertain_and_not_said_again(workspace, provider, fault):
    manners = FaultPlan()
    manners.script_faults(*[None, fault] * 3)
    run = workspace.start("hi", TEXTS[provider])
    async with workspace_with_double(workspace, provider, manners) as double:
        await until_closed(workspace, run, minutes=10)
        assert everybody_has_one(double)
    assert counted(workspace, run) == {"accepted": len(MEMBERS) - 3, "uncertain": 3}


async def test_a_storm_of_try_later_delays_and_nothing_else(workspace, provider):
    run = workspace.start("hi", TEXTS[provider])
    async with workspace_with_double(workspace, provider, FaultPlan(shares={ProviderFault.THROTTLE: 0.7})) as double:
        await until_closed(workspace, run, minutes=6)
        assert everybody_has_one(double)
    assert counted(workspace, run) == {"accepted": len(MEMBERS)}


async def test_one_that_is_away_for_minutes_finds_everybody_waiting(workspace, provider):
    run = workspace.start("hi", TEXTS[provider])
    workspace.run_clock(speed=10)  # who finds it away waits for the moment to ask again
    async with workspace_with_double(workspace, provider) as double:
        port = double.port
    for _ in range(3):
        assert not (await to_thread(workspace.send, run)).closed
        workspace.clock.advance(minutes=2)
    assert workspace.balance(run) == {"pending": len(MEMBERS)}
    async with workspace_with_double(workspace, provider, port=port) as back:
        await until_closed(workspace, run, minutes=2)
        assert everybody_has_one(back)
    assert counted(workspace, run) == {"accepted": len(MEMBERS)}
