"""Provider doubles: command line, report of arrivals, delays, faults and webhook posts."""

import asyncio
import math
import statistics
import sys
from collections import Counter

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from campaigns.core.model.enums import Channel
from campaigns.demo.rehearsal.doubles.faults import FaultPlan, Mailboxes, ProviderFault
from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from tests.support.provider_fixtures import open_provider, wire_stage

pytestmark = pytest.mark.loopback


@pytest.mark.parametrize("name", ["sendgrid", "smtp", "twilio"])
async def test_a_double_runs_from_the_command_line_and_reports_arrivals(name):
    command = (
        sys.executable,
        "-m",
        f"campaigns.demo.rehearsal.doubles.{name}",
        "--fault",
        "throttle=0.5",
        "--p50",
        "0.001",
    )
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        while b"http://" not in (line := await process.stdout.readline()):
            assert line, "the double did not start"
        url = "http://" + line.decode().partition("http://")[2].strip().removesuffix("/double")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/double") as response:
                assert await response.json() == {"received": {}, "twice": {}}
            async with session.delete(f"{url}/double") as response:
                assert response.status == 204
    finally:
        process.terminate()
        await process.wait()


async def test_a_double_reports_arrivals_and_duplicates_over_http(email, claimed, tmp_path):
    async with wire_stage("sendgrid", tmp_path) as stage, open_provider(stage.provider) as provider:
        for position in (1, 1, 2):
            await provider.send(email(claimed(Channel.EMAIL, position)))
        async with aiohttp.ClientSession() as session, session.get(f"{stage.double.url}/double") as response:
            assert await response.json() == {
                "received": {"aino@example.org": ["opaque0001", "opaque0001", "opaque0002"]},
                "twice": {"opaque0001": 2},
            }


def test_mailboxes_count_duplicates():
    mailboxes = Mailboxes()
    for address, delivery in [("a", "1"), ("a", "2"), ("b", "1"), ("a", "1")]:
        mailboxes.deliver(address, delivery)
    assert (len(mailboxes), mailboxes.duplicates) == (4, {"1": 2})


def test_delays_match_the_median_and_the_99th_percentile():
    fault_plan = FaultPlan(p50=0.05, p99=1.0)
    percentiles = statistics.quantiles([fault_plan.next_delay() for _ in range(20_000)], n=100)
    assert math.isclose(percentiles[49], 0.05, rel_tol=0.05)
    assert math.isclose(percentiles[98], 1.0, rel_tol=0.2)
    assert FaultPlan().next_delay() == 0


def test_faults_follow_the_script_and_then_their_shares():
    fault_plan = FaultPlan(shares={ProviderFault.THROTTLE: 0.25, ProviderFault.FAIL: 0.25})
    fault_plan.script_faults(ProviderFault.DROP, None)
    drawn = [fault_plan.next_fault() for _ in range(4002)]
    assert drawn[:2] == [ProviderFault.DROP, None]
    assert 0.2 < drawn.count(ProviderFault.THROTTLE) / 4000 < 0.3
    assert 0.45 < drawn.count(None) / 4000 < 0.55
    assert FaultPlan().next_fault() is None


async def test_signed_events_are_posted_to_a_webhook():
    received: list[list[dict[str, str]]] = []

    async def listen(request: web.Request) -> web.Response:
        received.append(await request.json())
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/events", listen)
    double = SendGridDouble(events=[{"event": "delivered", "sg_event_id": str(number)} for number in range(150)])
    async with TestServer(app) as server:
        assert await double.post_events(str(server.make_url("/events")), times=2) == [204] * 3
    counts = Counter(event["sg_event_id"] for batch in received for event in batch)
    assert set(counts.values()) == {2}
    assert len(counts) == 150
