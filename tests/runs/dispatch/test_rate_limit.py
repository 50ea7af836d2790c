"""Send rates hold in every window of their length, wherever it begins and however many processes send (A-15)."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from campaigns.core.model.campaign import SendRate
from campaigns.runs.dispatch.rate_limit import RateLimiter
from campaigns.runs.dispatch.rate_permits import RatePermits
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.run_tables import RATE_LIMIT
from tests.support.examples import examples
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

START = datetime(2018, 1, 1, 8, tzinfo=UTC)
TEN_THOUSAND = SendRate(10_000, timedelta(minutes=1))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = Ledger.from_path(tmp_path_factory.mktemp("rate") / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine, tables=[RATE_LIMIT])
    yield ledger
    ledger.close()


class SimulatedSender:
    """Sends as fast as a rate allows, one transaction a turn, on a clock of its own."""

    def __init__(self, ledger: Ledger, rate: SendRate, account: str) -> None:
        self.ledger, self.limiter, self.now = ledger, RateLimiter(account, rate), START
        self.sent_at: list[datetime] = []

    def turn(self, wanted: int, used: int | None = None) -> int:
        with self.ledger.write() as connection:
            permitted = self.limiter.available(connection, wanted, self.now)
            sent = permitted if used is None else min(permitted, used)
            self.limiter.take(connection, sent, self.now)
        self.sent_at += [self.now] * sent
        return permitted

    def retry_after(self) -> datetime:
        with self.ledger.read() as connection:
            return self.limiter.retry_after(connection) or self.now

    def max_in(self, span: timedelta) -> int:
        """Return the most messages sent in any window of this length."""
        return max(bisect_left(self.sent_at, at + span) - index for index, at in enumerate(self.sent_at))


def test_75_000_messages_at_10_000_a_minute_take_8_minutes_and_no_minute_has_more(ledger):
    sender = SimulatedSender(ledger, TEN_THOUSAND, "a-15")
    while len(sender.sent_at) < 75_000:
        sender.turn(min(500, 75_000 - len(sender.sent_at)))
        sender.now = max(sender.now, sender.retry_after()) + timedelta(milliseconds=300)
    assert timedelta(minutes=7) < sender.sent_at[-1] - START <= timedelta(minutes=8)
    assert sender.max_in(timedelta(minutes=1)) <= 10_000


RATES = st.builds(
    SendRate, st.integers(1, 5000), st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)])
)
NUMBERS = count()
TURNS = st.lists(st.tuples(st.integers(0, 90_000_000), st.integers(0, 600), st.integers(0, 600)), max_size=40)


@settings(deadline=None, max_examples=examples(60))
@given(rate=RATES, turns=TURNS)
def test_no_window_has_more_messages_than_the_rate_allows(ledger, rate, turns):
    sender = SimulatedSender(ledger, rate, f"account {next(NUMBERS)}")
    for pause, wanted, used in turns:
        sender.now += timedelta(microseconds=pause)
        assert 0 <= sender.turn(wanted, used) <= wanted
    assert not sender.sent_at or sender.max_in(rate.per) <= rate.messages


@settings(deadline=None, max_examples=examples(30))
@given(rate=RATES)
def test_retry_at_retry_after_gets_permits(ledger, rate):
    sender = SimulatedSender(ledger, rate, f"account {next(NUMBERS)}")
    for _ in range(5):
        assert sender.turn(10) > 0
        sender.now = max(sender.now, sender.retry_after())


Claims = list[tuple[datetime, list[int]]]


class SimulatedSmsSender:
    """Claims text messages and learns their segments afterwards; `open_claims` are those without segments yet."""

    def __init__(self, ledger: Ledger, rate: SendRate, largest: int, account: str) -> None:
        self.ledger, self.rate = ledger, rate
        self.permits = RatePermits((RateLimiter(account, rate, largest),), largest)
        self.open_claims: list[tuple[str, list[int]]] = []
        self.claims: Claims = []

    def turn(self, now: datetime, segments: list[int], record: bool) -> None:
        with self.ledger.write() as connection:
            self.permits.refund(connection, now)
            permitted = self.permits.available(connection, len(segments), now)
            attempt = f"{len(self.claims)}"
            self.permits.take(connection, attempt, permitted, now)
        self.claims.append((now, segments[:permitted]))
        self.open_claims.append((attempt, segments[:permitted]))
        if record:
            self.record_segments()

    def record_segments(self) -> None:
        for attempt, segments in self.open_claims:
            for units in segments:
                self.permits.record_units(attempt, units)
        self.open_claims.clear()


def max_segments(claims: Claims, span: timedelta) -> int:
    windows = [(since, since + span) for since, _ in claims]
    return max((sum(sum(units) for at, units in claims if start <= at < end) for start, end in windows), default=0)


@settings(deadline=None, max_examples=examples(60))
@given(
    rate=st.builds(SendRate, st.integers(1, 60), st.sampled_from([timedelta(seconds=1), timedelta(minutes=1)])),
    largest=st.integers(2, 6),
    data=st.data(),
)
def test_tw12_no_window_has_more_segments_than_the_rate_allows(ledger, rate, largest, data):
    """Two processes claim, learn the number of segments later or never, and refund the rest."""
    account = f"account {next(NUMBERS)}"
    senders = [SimulatedSmsSender(ledger, rate, largest, account) for _ in range(2)]
    now = START
    for _ in range(data.draw(st.integers(1, 15))):
        now += rate.per / rate.messages * data.draw(st.floats(0, 4))
        sender = data.draw(st.sampled_from(senders))
        segments = data.draw(st.lists(st.integers(0, largest), max_size=2 * rate.messages))
        sender.turn(now, segments, data.draw(st.booleans()))
    claims = senders[0].claims + senders[1].claims
    times = -(largest // -rate.messages)  # a window too short for one message is multiplied
    assert max_segments(claims, rate.per * times) <= rate.messages * times


def test_tw12_unused_segments_of_short_messages_are_refunded(ledger):
    """300 a minute, messages of one segment that may take three: most of the rate is used."""
    rate = SendRate(300, timedelta(minutes=1))
    sender, now = SimulatedSmsSender(ledger, rate, 3, "short texts"), START
    while now < START + timedelta(minutes=2):
        sender.turn(now, [1] * 50, record=True)
        with ledger.read() as connection:
            now = max(now + timedelta(milliseconds=5), sender.permits.retry_after(connection) or now)
    assert 270 < max_segments(sender.claims, timedelta(minutes=1)) <= 300


def test_without_a_rate_everything_is_permitted(ledger):
    with ledger.write() as connection:
        limiter = RateLimiter("free", None)
        assert limiter.available(connection, 10_000, START) == 10_000
        limiter.take(connection, 10_000, START)
        assert limiter.retry_after(connection) is None


def test_two_processes_share_one_rate(ledger):
    first, second = (SimulatedSender(ledger, TEN_THOUSAND, "shared") for _ in range(2))
    for step in range(240):
        sender = (first, second)[step % 2]
        sender.now = START + timedelta(milliseconds=500 * step)
        sender.turn(5000)
    first.sent_at = sorted(first.sent_at + second.sent_at)
    assert 9_500 < first.max_in(timedelta(minutes=1)) <= 10_000


def tick_on_read(workspace: SampleWorkspace, seconds: float) -> None:
    """Advance the workspace's clock whenever it is read."""
    read = workspace.clock.read

    def ticking() -> datetime:
        workspace.clock.advance(seconds=seconds)
        return read()

    workspace.use(clock=type(workspace.engine.context.clock)(read=ticking))


def test_run_sends_no_faster_than_its_rate(workspace):
    times = []

    def answer(message):
        times.append(workspace.clock.time)
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    campaign = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
limits: {rate: 10 per minute}
"""
    run = workspace.start("hi", campaign)
    tick_on_read(workspace, 1.5)
    workspace.send(run)
    assert len(times) == len(MEMBERS)
    assert max(bisect_left(times, at + timedelta(minutes=1)) - index for index, at in enumerate(times)) <= 10


TEXTS = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [sms]
content: {sms: %s}
"""


def test_tw12_runs_share_an_account_rate_in_segments(workspace):
    """Two runs one after the other, one with messages of two segments: no second has more than 40 segments."""
    settings_file = workspace.root / "config" / "settings.yaml"
    text = settings_file.read_text("utf-8")
    settings_file.write_text(text.replace("max_segments: 2", "max_segments: 2, rate: 40 per second"), "utf-8")
    claims: Claims = []

    def answer(message):
        claims.append((workspace.clock.time, [message.segments]))
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    runs = [workspace.start(name, TEXTS % name) for name in ("long", "hello")]
    tick_on_read(workspace, 0.01)
    for run in runs:
        workspace.send(run)
    assert len(claims) == 2 * len(MEMBERS)
    assert {units for _, (units,) in claims} == {1, 2}
    assert 25 < max_segments(claims, timedelta(seconds=1)) <= 40
