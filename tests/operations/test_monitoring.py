"""Monitoring: readiness, metrics on a separate port, and logs without personal data."""

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


class MixedProvider:
    """Refuses one message, leaves another unknown, is busy once, and accepts the rest."""

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
def mixed_workspace(workspace: SampleWorkspace) -> SampleWorkspace:
    real = build_providers(ProviderContext(workspace.root, workspace.engine.context.repository.settings))
    workspace.use(providers=ChannelProviders(MixedProvider(real.email), real.sms, real.post, real.phone))
    return workspace


@pytest.fixture
def log_output() -> Iterator[StringIO]:
    """Everything that any logger writes, from debug up, as JSON."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    logging_setup.log_to_stderr(LogFormat.JSON, "debug")
    stream = StringIO()
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def read_metrics(workspace: SampleWorkspace) -> str:
    address = f"127.0.0.1:{port()}"
    with serve_metrics(partial(read_gauges, workspace.engine.context), address):
        return str(urlopen(f"http://{address}/metrics", timeout=20).read().decode())


def metric_value(text: str, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return 0.0 if match is None else float(match[1])


def test_metrics_equal_the_ledgers_counts(mixed_workspace: SampleWorkspace) -> None:
    run = mixed_workspace.start("letter", LETTER)
    before = read_metrics(mixed_workspace)
    mixed_workspace.send(run)
    after = read_metrics(mixed_workspace)
    assert metric_value(before, 'viesti_pending{channel="email"}') == 24
    assert metric_value(before, 'viesti_runs{state="sending"}') == 1
    assert metric_value(after, 'viesti_pending{channel="email"}') == 0
    assert metric_value(after, 'viesti_uncertain{channel="email"}') == mixed_workspace.balance(run)["uncertain"] == 1
    assert metric_value(after, 'viesti_runs{state="closed"}') == 1
    assert metric_value(after, "viesti_sending") == metric_value(after, "viesti_oldest_lease_seconds") == 0
    increases = {
        word: metric_value(after, name) - metric_value(before, name)
        for word in ("accepted", "refused", "later", "uncertain")
        for name in [f'viesti_messages_total{{channel="email",outcome="{word}",provider="folder"}}']
    }
    assert increases == {"accepted": 22, "refused": 1, "later": 1, "uncertain": 1}
    count = 'viesti_provider_seconds_count{channel="email",provider="folder"}'
    assert metric_value(after, count) - metric_value(before, count) == 25


def test_lease_of_a_dead_process_shows_in_the_metrics(workspace: SampleWorkspace) -> None:
    from campaigns.core.model.enums import Channel
    from campaigns.runs.composing.run_context import RunContext
    from campaigns.runs.dispatch.claim import claim

    run = workspace.start("letter", LETTER)
    campaign, _ = workspace.engine.context.repository.campaign_definition("letter")
    run_context = RunContext(
        run,
        campaign.campaign,
        workspace.engine.context.repository.settings,
        workspace.engine.context.signer,
        workspace.engine.run_definitions.files(run),
    )
    with workspace.engine.context.ledger.write() as connection:
        assert claim(connection, run_context, Channel.EMAIL, 3, workspace.clock.time).row_count == 3
    workspace.clock.advance(seconds=60)
    text = read_metrics(workspace)
    assert (metric_value(text, "viesti_sending"), metric_value(text, "viesti_oldest_lease_seconds")) == (3, 60)


def test_op06_metrics_hold_no_personal_data(mixed_workspace: SampleWorkspace) -> None:
    mixed_workspace.send(mixed_workspace.start("letter", LETTER))
    assert not personal_data_in(mixed_workspace, read_metrics(mixed_workspace))


def test_unusable_metrics_address_is_a_plain_error(workspace: SampleWorkspace) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UserError, match="metrics cannot be served here"), serve_metrics(list, address):
            pass
    for address in ("nowhere", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:-1"):
        with pytest.raises(UserError, match="ends with a colon and its port"), serve_metrics(list, address):
            pass


def test_metrics_are_not_served_without_an_address(workspace: SampleWorkspace) -> None:
    with serve_metrics(partial(read_gauges, workspace.engine.context), None):
        assert metrics.GaugeValue("x", "y", 1).value == 1


@pytest.fixture
async def web(workspace: SampleWorkspace) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(workspace.engine))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        yield client


async def test_working_process_is_ready(web: httpx.AsyncClient) -> None:
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json() | {"disk": ""}) == (200, {"ledger": "ok", "warehouse": "ok", "disk": ""})
    assert (await web.get("/metrics")).status_code == 404  # metrics have a port of their own


async def test_process_without_its_files_or_tables_is_not_ready(
    web: httpx.AsyncClient, workspace: SampleWorkspace
) -> None:
    next(workspace.engine.context.workspace.warehouse.glob("*.parquet")).unlink()
    answer = await web.get("/readyz")
    assert (answer.status_code, answer.json()["warehouse"]) == (503, "fail")
    with workspace.engine.context.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert (await web.get("/readyz")).json()["ledger"] == "fail"


def test_op06_logs_of_a_whole_run_hold_no_personal_data(mixed_workspace: SampleWorkspace, log_output: StringIO) -> None:
    """Plan, start and send in the server's rounds, with refused, uncertain and unwritable messages."""
    mixed_workspace.change_contact("m05", first_name=None)
    mixed_workspace.write_campaign("letter", LETTER)
    draft, _ = mixed_workspace.engine.context.repository.campaign_definition("letter")
    mixed_workspace.clock.advance(hours=-1)
    mixed_workspace.engine.publisher.publish(draft)
    mixed_workspace.clock.advance(hours=1)
    scheduler = Scheduler(mixed_workspace.engine)
    scheduler.plan_due()
    scheduler.plan_due()
    scheduler.send()
    entries = [json.loads(line) for line in log_output.getvalue().splitlines()]
    outcomes = [entry["outcome"] for entry in entries if entry["logger"] == "viesti.delivery"]
    assert {"refused", "uncertain", "later"} <= set(outcomes)
    assert all(entry["run"] and entry["attempt"] and entry["delivery"] for entry in entries if "outcome" in entry)
    assert not personal_data_in(mixed_workspace, log_output.getvalue())


def test_op06_log_lines_of_libraries_are_masked(log_output: StringIO) -> None:
    try:
        int("550 aino.virtanen@example.org: +358 40 123 4567 unknown")
    except ValueError:
        logging.getLogger("some.library").exception("for %s at /u/AbCdEfGhIjKlMnOpQrStUvWx", "aino@example.org")
    [entry] = map(json.loads, log_output.getvalue().splitlines())
    assert entry["message"] == "for …@… at /u/…"
    assert "aino" not in entry["trace"]
    assert "123 4567" not in entry["trace"]


@pytest.mark.parametrize(
    "text",
    ["letter-20180108T0730Z: paused", "2026-11-22T15:05:07.123+00:00", "attempt 0123456789abcdef", "HTTP 429 20429"],
)
def test_ids_and_times_are_not_masked(text: str) -> None:
    assert mask_personal_data(text) == text


@pytest.mark.parametrize(
    "personal", ["a@b.fi", '"a b"@example.org', "käyttäjä@näköala.fi", "+358401234567", "040 123 4567", "0401234567"]
)
def test_op06_addresses_and_phone_numbers_are_masked(personal: str) -> None:
    assert not set(re.findall(r"\w{3,}", personal)) & set(
        re.findall(r"\w{3,}", mask_personal_data(f"to {personal}, refused"))
    )


def personal_data_in(workspace: SampleWorkspace, text: str) -> list[str]:
    """Return the personal data of members in a text."""
    matches = []
    for member in MEMBERS:
        contact = workspace.contact(member)
        names = [contact[column] for column in ("email", "phone", "first_name", "last_name", "street")]
        matches += [name for name in names if name and re.search(rf"(?<!\w){re.escape(str(name))}(?!\w)", text)]
        matches += re.findall(rf"(?<!\w){member}(?!\w)", text)
    return matches + [word for word in ("Hei ", "Hej ", "Hello ", "/u/", "<p>", "DOCTYPE") if word in text]


def test_dl03_complaint_rate_is_a_share_of_the_messages_sent(workspace: SampleWorkspace) -> None:
    sent_run = SentRun(workspace, workspace.start("letter", LETTER))
    workspace.send(sent_run.run)
    sent_run.ingest(sent_run.event("m02", EventKind.COMPLAINED), sent_run.event("m03", EventKind.COMPLAINED))
    assert metric_value(read_metrics(workspace), 'viesti_complaint_rate{channel="email"}') == pytest.approx(2 / 24)
