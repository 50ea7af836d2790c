"""What those see who watch: readiness, figures at a door of their own, logs without anything personal."""

import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Iterator
from functools import partial
from io import StringIO
from urllib.request import urlopen

import httpx
import pytest

from campaigns.channels.events import EventKind
from campaigns.channels.outcome import Outcome, Refused, RetryLater, Unknown
from campaigns.channels.provider import MessageProvider, OutgoingEmail
from campaigns.channels.registry import ChannelProviders, ProviderContext, build_providers
from campaigns.core import logging_setup, metrics
from campaigns.core.errors import UserError
from campaigns.core.logging_setup import LogFormat, mask_personal_data
from campaigns.core.metrics import serve_metrics
from campaigns.core.model.reasons import EndReason
from campaigns.operations.gauges import read_gauges
from campaigns.operations.scheduler import Scheduler
from campaigns.web.app import application
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.sent_run import SentRun

LETTER = """\
purpose: marketing
schedule: {at: "2018-01-01 10:00"}
audience: {any: [{register: owners}, {register: customers}]}
content: {email: hello}
"""


class Moody:
    """A provider that refuses one, does not know of another, and is too busy once; the rest it takes."""

    def __init__(self, real: MessageProvider[OutgoingEmail]) -> None:
        self.real, self.seen = real, 0

    async def open(self) -> None:
        await self.real.open()

    async def close(self) -> None:
        await self.real.close()

    async def send(self, message: OutgoingEmail) -> Outcome:
        self.seen += 1
        match self.seen:
            case 1:
                return Refused(EndReason.PROVIDER_REJECTED, "HTTP 400")
            case 2:
                return Unknown("no answer in time")
            case 3:
                return RetryLater(0, "HTTP 429")
        return await self.real.send(message)


@pytest.fixture
def moody(workspace: SampleWorkspace) -> SampleWorkspace:
    real = build_providers(ProviderContext(workspace.root, workspace.engine.context.repository.settings))
    workspace.use(providers=ChannelProviders(Moody(real.email), real.sms, real.post, real.phone))
    return workspace


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """All that is logged meanwhile, by anybody, from debug up, as JSON."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logging_setup.log_to_stderr(LogFormat.JSON, "debug")
    written = StringIO()
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def read(workspace: SampleWorkspace) -> str:
    address = f"127.0.0.1:{port()}"
    with serve_metrics(partial(read_gauges, workspace.engine.context), address):
        return str(urlopen(f"http://{address}/metrics", timeout=20).read().decode())


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return 0.0 if found is None else float(found[1])


def test_the_figures_are_those_of_the_ledger(moody: SampleWorkspace) -> None:
    run = moody.start("letter", LETTER)
    before = read(moody)
    moody.send(run)
    after = read(moody)
    assert value(before, 'viesti_pending{channel="email"}') == 24
    assert value(before, 'viesti_runs{state="sending"}') == 1
    assert value(after, 'viesti_pending{channel="email"}') == 0
    assert value(after, 'viesti_uncertain{channel="email"}') == moody.balance(run)["uncertain"] == 1
    assert value(after, 'viesti_runs{state="closed"}') == 1
    assert value(after, "viesti_sending") == value(after, "viesti_oldest_lease_seconds") == 0
    grown = {
        word: value(after, name) - value(before, name)
        for word in ("accepted", "refused", "later", "uncertain")
        for name in [f'viesti_messages_total{{channel="email",outcome="{word}",provider="folder"}}']
    }
    assert grown == {"accepted": 22, "refused": 1, "later": 1, "uncertain": 1}
    count = 'viesti_provider_seconds_count{channel="email",provider="folder"}'
    assert value(after, count) - value(before, count) == 25


def test_a_lease_that_nobody_gives_back_shows(workspace: SampleWorkspace) -> None:
    from campaigns.core.model.enums import Channel
    from campaigns.runs.composing.run_context import RunContext
    from campaigns.runs.dispatch.claim import claim

    run = workspace.start("letter", LETTER)
    campaign, _ = workspace.engine.context.repository.campaign_definition("letter")
    job = RunContext(
        run,
        campaign.campaign,
        workspace.engine.context.repository.settings,
        workspace.engine.context.signer,
        workspace.engine.run_definitions.files(run),
    )
    with workspace.engine.context.ledger.write() as connection:
        assert claim(connection, job, Channel.EMAIL, 3, workspace.clock.time).row_count == 3
    workspace.clock.advance(seconds=60)
    said = read(workspace)
    assert (value(said, "viesti_sending"), value(said, "viesti_oldest_lease_seconds")) == (3, 60)


def test_op06_no_figure_names_anybody(moody: SampleWorkspace) -> None:
    moody.send(moody.start("letter", LETTER))
    assert not personal(moody, read(moody))


def test_an_address_that_is_taken_is_said_plainly(workspace: SampleWorkspace) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError, match="metrics cannot be served here"), serve_metrics(list, address):
            pass
    for address in ("nowhere", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1"):
        with pytest.raises(UserError, match="ends with a colon and its port"), serve_metrics(list, address):
            pass


def test_without_an_address_nobody_reads(workspace: SampleWorkspace) -> None:
    with serve_metrics(partial(read_gauges, workspace.engine.context), None):
        assert metrics.GaugeValue("x", "y", 1).value == 1


@pytest.fixture
async def web(workspace: SampleWorkspace) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


async def test_a_process_that_can_work_is_ready(web: httpx.AsyncClient) -> None:
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json() | {"disk": ""}) == (200, {"ledger": "ok", "warehouse": "ok", "disk": ""})
    assert (await web.get("/metrics")).status_code == 404  # they have a door of their own


async def test_a_process_without_its_files_or_tables_is_not_ready(
    web: httpx.AsyncClient, workspace: SampleWorkspace
) -> None:
    next(workspace.engine.context.workspace.warehouse.glob("*.parquet")).unlink()
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()["warehouse"]) == (503, "fail")
    with workspace.engine.context.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert (await web.get("/readyz")).json()["ledger"] == "fail"


def test_op06_the_logs_of_a_whole_run_name_nobody(moody: SampleWorkspace, logged: StringIO) -> None:
    """Planned, started and sent by the server's rounds, with refusals, doubts, and one that cannot be written."""
    moody.change_contact("m05", first_name=None)
    moody.write_campaign("letter", LETTER)
    draft, _ = moody.engine.context.repository.campaign_definition("letter")
    moody.clock.advance(hours=-1)
    moody.engine.publisher.publish(draft)
    moody.clock.advance(hours=1)
    rounds = Scheduler(moody.engine)
    rounds.plan_due()
    rounds.plan_due()
    rounds.send()
    said = [json.loads(line) for line in logged.getvalue().splitlines()]
    outcomes = [each["outcome"] for each in said if each["logger"] == "viesti.delivery"]
    assert {"refused", "uncertain", "later"} <= set(outcomes)
    assert all(each["run"] and each["attempt"] and each["delivery"] for each in said if "outcome" in each)
    assert not personal(moody, logged.getvalue())


def test_op06_what_others_say_is_masked(logged: StringIO) -> None:
    try:
        int("550 aino.virtanen@example.org: +358 40 123 4567 unknown")
    except ValueError:
        logging.getLogger("some.library").exception("for %s at /u/AbCdEfGhIjKlMnOpQrStUvWx", "aino@example.org")
    [said] = map(json.loads, logged.getvalue().splitlines())
    assert said["message"] == "for …@… at /u/…"
    assert "aino" not in said["trace"]
    assert "123 4567" not in said["trace"]


@pytest.mark.parametrize(
    "kept",
    ["letter-20180108T0730Z: paused", "2026-11-22T15:05:07.123+00:00", "attempt 0123456789abcdef", "HTTP 429 20429"],
)
def test_ids_and_moments_stay(kept: str) -> None:
    assert mask_personal_data(kept) == kept


@pytest.mark.parametrize(
    "gone", ["a@b.fi", '"a b"@example.org', "käyttäjä@näköala.fi", "+358401234567", "040 123 4567", "0401234567"]
)
def test_op06_addresses_and_numbers_do_not(gone: str) -> None:
    assert not set(re.findall(r"\w{3,}", gone)) & set(re.findall(r"\w{3,}", mask_personal_data(f"to {gone}, refused")))


def personal(workspace: SampleWorkspace, text: str) -> list[str]:
    """Whatever of a member is to be seen in a text."""
    found = []
    for member in MEMBERS:
        contact = workspace.contact(member)
        names = [contact[name] for name in ("email", "phone", "first_name", "last_name", "street")]
        found += [each for each in names if each and re.search(rf"(?<!\w){re.escape(str(each))}(?!\w)", text)]
        found += re.findall(rf"(?<!\w){member}(?!\w)", text)
    return found + [word for word in ("Hei ", "Hej ", "Hello ", "/u/", "<p>", "DOCTYPE") if word in text]


def test_dl03_the_complaint_rate_is_that_of_what_has_gone(workspace: SampleWorkspace) -> None:
    sending = SentRun(workspace, workspace.start("letter", LETTER))
    workspace.send(sending.run)
    sending.ingest(sending.event("m02", EventKind.COMPLAINED), sending.event("m03", EventKind.COMPLAINED))
    assert value(read(workspace), 'viesti_complaint_rate{channel="email"}') == pytest.approx(2 / 24)
