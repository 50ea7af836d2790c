"""Many requests of one network are slowed and not refused; no proxy makes strangers one, and none invents a client."""

import asyncio

import httpx
import pytest

from campaigns.core.errors import UserError
from campaigns.operations.doctor import stores
from campaigns.operations.doctor.finding import FindingLevel
from campaigns.web import network_pace
from campaigns.web.app import application
from campaigns.web.network_pace import MAX_WAITING_PER_NETWORK, UNSLOWED, DelaySlots
from tests.support.page_client import browser_from
from tests.support.web_client import MAIL

pytestmark = pytest.mark.long


@pytest.fixture
def delays(monkeypatch):
    """The delays of the answers, which no test waits for."""
    seconds = []

    async def sleep(delay):
        seconds.append(delay)

    monkeypatch.setattr("campaigns.web.network_pace.asyncio.sleep", sleep)
    return seconds


async def _ask(web, number, **headers):
    return await web.post("/me/code", data={"address": f"x{number}@example.org"}, headers=headers)


async def test_members_behind_one_address_of_an_operator_all_get_their_code(web_workspace, delays):
    async with browser_from(web_workspace, "100.64.0.1") as web:
        for number in range(network_pace.UNSLOWED * 2):
            web.cookies.clear()
            assert (await _ask(web, number)).status_code == 200
        assert (await web.post("/me/code", data={"address": MAIL})).status_code == 200
    assert len(web_workspace.codes()) == 1
    assert len(delays) == UNSLOWED + 1


@pytest.mark.hostile
async def test_the_delay_grows_up_to_four_seconds(web_workspace, delays):
    async with browser_from(web_workspace, "100.64.0.1") as web:
        for number in range(300):
            await web.post("/me/session", data={"challenge": "x", "code": str(number)})
    assert delays == sorted(delays)
    assert 0 < delays[0] < 0.1
    assert delays[-1] == network_pace.LONGEST_DELAY


@pytest.mark.hostile
async def test_a_slowed_network_is_forgiven_after_an_hour_and_others_are_not_slowed(web_workspace, delays):
    app = application(web_workspace.engine)
    async with (
        browser_from(web_workspace, "100.64.0.1", app) as web,
        browser_from(web_workspace, "100.64.9.1", app) as other,
    ):
        for number in range(300):
            await web.post("/me/session", data={"challenge": "x", "code": str(number)})
        delays.clear()
        await _ask(other, 1)
        await other.post("/me/session", data={"challenge": "x", "code": "1"})
        web_workspace.clock.advance(minutes=61)
        await web.post("/me/session", data={"challenge": "x", "code": "1"})
    assert delays == []


@pytest.mark.hostile
async def test_delayed_answers_hold_no_thread(web_workspace, monkeypatch):
    monkeypatch.setattr(network_pace, "UNSLOWED", 0)
    release = asyncio.Event()

    async def wait(_seconds):
        await release.wait()

    monkeypatch.setattr("campaigns.web.network_pace.asyncio.sleep", wait)
    async with browser_from(web_workspace) as web:
        slow = [asyncio.create_task(_ask(web, number)) for number in range(60)]  # more than there are threads
        while not all(task.done() for task in slow) and (await web.get("/healthz")).status_code != 200:
            pass
        page = await asyncio.wait_for(web.get("/me"), 20)
        assert page.status_code == 200
        release.set()
        assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}


@pytest.mark.hostile
async def test_only_hundreds_of_waiting_answers_of_one_network_are_refused_and_told_so(
    web_workspace, delays, monkeypatch
):
    monkeypatch.setattr(network_pace, "UNSLOWED", 0)
    monkeypatch.setattr(DelaySlots, "acquire", lambda _slots, _network: False)
    async with browser_from(web_workspace) as web:
        answer = await web.post("/me/code", params={"lang": "en"}, data={"address": MAIL})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    assert "Very many requests come from your network" in answer.text
    assert web_workspace.codes() == []


@pytest.mark.hostile
def test_one_network_never_takes_the_places_of_all():
    slots = DelaySlots()
    assert all(slots.acquire("a") for _ in range(MAX_WAITING_PER_NETWORK))
    assert not slots.acquire("a")
    assert slots.acquire("b")
    slots.release("a")
    assert slots.acquire("a")


@pytest.mark.hostile
async def test_places_of_delayed_answers_are_given_back(web_workspace, delays):
    slots = None

    def remember(self, network):
        nonlocal slots
        slots = self
        return original(self, network)

    original = DelaySlots.acquire
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_pace, "UNSLOWED", 0)
        patch.setattr(DelaySlots, "acquire", remember)
        async with browser_from(web_workspace) as web:
            for number in range(5):
                await _ask(web, number)
    assert slots is not None
    assert (slots._total, dict(slots._waiting)) == (0, {})


async def test_strangers_behind_a_declared_proxy_are_counted_apart(web_workspace, delays):
    web_workspace.add_setting("trusted_proxies: [10.0.0.0/24]")
    async with browser_from(web_workspace, "10.0.0.7") as web:
        for number in range(UNSLOWED + 20):
            await _ask(web, number, **{"X-Forwarded-For": f"198.51.{number}.9"})
        assert delays == []
        for number in range(UNSLOWED + 2):
            await _ask(web, number, **{"X-Forwarded-For": "1.1.1.1, 203.0.113.9"})
    assert len(delays) == 2


@pytest.mark.hostile
async def test_a_stranger_does_not_escape_by_an_invented_header(web_workspace, delays):
    async with browser_from(web_workspace, "198.51.100.9") as web:
        for number in range(UNSLOWED + 5):
            await _ask(web, number, **{"X-Forwarded-For": f"203.0.{number}.9", "Forwarded": f"for=203.0.{number}.9"})
    assert len(delays) == 5


@pytest.mark.hostile
async def test_a_stranger_behind_a_declared_proxy_does_not_escape_by_an_invented_entry(web_workspace, delays):
    web_workspace.add_setting("trusted_proxies: [10.0.0.7]")
    async with browser_from(web_workspace, "10.0.0.7") as web:
        for number in range(UNSLOWED + 5):
            await _ask(web, number, **{"X-Forwarded-For": f"203.0.{number}.9, 198.51.100.9"})
    assert len(delays) == 5


async def test_doctor_names_a_proxy_that_is_not_declared_and_the_line_to_add(web_workspace):
    async with browser_from(web_workspace, "10.0.0.7") as web:
        for number in range(6):
            await web.get("/healthz", headers={"X-Forwarded-For": f"198.51.100.{number}"})
    finding = stores.check_proxies(web_workspace.engine.context)
    assert finding.level is FindingLevel.WARN
    assert "10.0.0.7" in finding.said
    assert "trusted_proxies: [10.0.0.7]" in finding.step
    web_workspace.clock.advance(days=2)
    assert stores.check_proxies(web_workspace.engine.context).level is FindingLevel.OK


async def test_doctor_is_content_with_a_declared_proxy(web_workspace):
    web_workspace.add_setting("trusted_proxies: [10.0.0.7]")
    async with browser_from(web_workspace, "10.0.0.7") as web:
        for number in range(6):
            await web.get("/healthz", headers={"X-Forwarded-For": f"198.51.100.{number}"})
    assert stores.check_proxies(web_workspace.engine.context).level is FindingLevel.OK


@pytest.mark.hostile
async def test_one_visitor_with_an_invented_header_is_no_proxy(web_workspace):
    async with browser_from(web_workspace, "198.51.100.9") as web:
        for _ in range(20):
            await web.get("/healthz", headers={"X-Forwarded-For": "1.1.1.1"})
    assert stores.check_proxies(web_workspace.engine.context).level is FindingLevel.OK


@pytest.mark.hostile
async def test_strangers_who_pretend_to_be_proxies_fill_neither_the_ledger_nor_the_advice(web_workspace):
    app = application(web_workspace.engine)
    for number in range(80):
        async with browser_from(web_workspace, f"2001:db8::{number:x}", app) as web:
            for client in range(5):
                await web.get("/static/missing", headers={"X-Forwarded-For": f"198.51.100.{client}"})
    assert len(web_workspace.ledger_dump()["undeclared_proxy"]) == 50
    finding = stores.check_proxies(web_workspace.engine.context)
    assert finding.level is FindingLevel.WARN
    assert "and 45 others" in finding.said
    assert "[" not in finding.step  # no stranger gets into a line to be copied


@pytest.mark.hostile
@pytest.mark.parametrize("value", ["everything", "0.0.0.0/0", "::/0", "10.0.0.1/24", "300.1.1.1", "10.0.0.*", "7"])
def test_wrong_proxies_in_the_settings_are_refused_with_their_place(web_workspace, value):
    web_workspace.add_setting(f"trusted_proxies: ['{value}']")
    with pytest.raises(UserError) as raised:
        _ = web_workspace.engine.context.repository.settings
    assert "trusted_proxies" in str(raised.value) or "settings.yaml" in str(raised.value)


def test_uvicorn_reads_no_forwarded_header_of_its_own(web_workspace, monkeypatch):
    from campaigns.web.server import create_server

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert create_server(web_workspace.engine).config.proxy_headers is False


async def test_a_mailing_scanner_with_an_unknown_peer_is_answered(web_workspace):
    transport = httpx.ASGITransport(application(web_workspace.engine), client=("testclient", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as web:
        assert (await web.get("/me", headers={"X-Forwarded-For": "1.1.1.1"})).status_code == 200
