"""A rate holds in every span of its length, wherever the span begins and however many processes speak (A-15)."""

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
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, accept, with_scripted_provider

START = datetime(2018, 1, 1, 8, tzinfo=UTC)
TEN_THOUSAND = SendRate(10_000, timedelta(minutes=1))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = Ledger.from_path(tmp_path_factory.mktemp("pace") / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine, tables=[RATE_LIMIT])
    yield ledger
    ledger.close()


class Speaker:
    """Speaks as fast as a pace allows, a transaction a turn, on a clock of its own."""

    def __init__(self, ledger: Ledger, rate: SendRate, account: str) -> None:
        self.ledger, self.pace, self.now = ledger, RateLimiter(account, rate), START
        self.said: list[datetime] = []

    def turn(self, wanted: int, used: int | None = None) -> int:
        with self.ledger.write() as connection:
            given = self.pace.available(connection, wanted, self.now)
            taken = given if used is None else min(given, used)
            self.pace.take(connection, taken, self.now)
        self.said += [self.now] * taken
        return given

    def worth_asking(self) -> datetime:
        with self.ledger.read() as connection:
            return self.pace.retry_after(connection) or self.now

    def most_in(self, span: timedelta) -> int:
        """The most that was said in a span of this length, whichever it was."""
        return max(bisect_left(self.said, at + span) - index for index, at in enumerate(self.said))


def test_75_000_messages_at_10_000_a_minute_take_8_minutes_and_no_minute_has_more(ledger):
    speaker = Speaker(ledger, TEN_THOUSAND, "a-15")
    while len(speaker.said) < 75_000:
        speaker.turn(min(500, 75_000 - len(speaker.said)))
        speaker.now = max(speaker.now, speaker.worth_asking()) + timedelta(milliseconds=300)
    assert timedelta(minutes=7) < speaker.said[-1] - START <= timedelta(minutes=8)
    assert speaker.most_in(timedelta(minutes=1)) <= 10_000


RATES = st.builds(
    SendRate, st.integers(1, 5000), st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)])
)
NUMBERS = count()
TURNS = st.lists(st.tuples(st.integers(0, 90_000_000), st.integers(0, 600), st.integers(0, 600)), max_size=40)


@settings(deadline=None, max_examples=60)
@given(rate=RATES, turns=TURNS)
def test_no_span_of_the_rate_has_more_messages_than_it_says(ledger, rate, turns):
    speaker = Speaker(ledger, rate, f"account {next(NUMBERS)}")
    for pause, wanted, used in turns:
        speaker.now += timedelta(microseconds=pause)
        assert 0 <= speaker.turn(wanted, used) <= wanted
    assert not speaker.said or speaker.most_in(rate.per) <= rate.messages


@settings(deadline=None, max_examples=30)
@given(rate=RATES)
def test_who_asks_when_it_is_worth_it_gets_something(ledger, rate):
    speaker = Speaker(ledger, rate, f"account {next(NUMBERS)}")
    for _ in range(5):
        assert speaker.turn(10) > 0
        speaker.now = max(speaker.now, speaker.worth_asking())


Claims = list[tuple[datetime, list[int]]]


class Texter:
    """Claims text messages whose segments it learns afterwards; `unwritten` are its claims that are open."""

    def __init__(self, ledger: Ledger, rate: SendRate, largest: int, account: str) -> None:
        self.ledger, self.rate = ledger, rate
        self.permits = RatePermits((RateLimiter(account, rate, largest),), largest)
        self.unwritten: list[tuple[str, list[int]]] = []
        self.said: Claims = []

    def turn(self, now: datetime, segments: list[int], write: bool) -> None:
        with self.ledger.write() as connection:
            self.permits.refund(connection, now)
            permitted = self.permits.available(connection, len(segments), now)
            attempt = f"{len(self.said)}"
            self.permits.take(connection, attempt, permitted, now)
        self.said.append((now, segments[:permitted]))
        self.unwritten.append((attempt, segments[:permitted]))
        if write:
            self.write()

    def write(self) -> None:
        for attempt, segments in self.unwritten:
            for each in segments:
                self.permits.record_units(attempt, each)
        self.unwritten.clear()


def most_segments(said: Claims, span: timedelta) -> int:
    said = sorted(said, key=lambda each: each[0])
    return max((sum(sum(units) for at, units in said if since <= at < since + span) for since, _ in said), default=0)


@settings(deadline=None, max_examples=60)
@given(
    rate=st.builds(SendRate, st.integers(1, 60), st.sampled_from([timedelta(seconds=1), timedelta(minutes=1)])),
    largest=st.integers(2, 6),
    data=st.data(),
)
def test_tw12_no_span_has_more_segments_than_the_rate_says_whoever_writes_when(ledger, rate, largest, data):
    """Two processes claim, learn how many segments it was at some moment or never, and give the rest back."""
    account = f"account {next(NUMBERS)}"
    texters = [Texter(ledger, rate, largest, account) for _ in range(2)]
    now = START
    for _ in range(data.draw(st.integers(1, 15))):
        now += rate.per / rate.messages * data.draw(st.floats(0, 4))
        texter = data.draw(st.sampled_from(texters))
        segments = data.draw(st.lists(st.integers(0, largest), max_size=2 * rate.messages))
        texter.turn(now, segments, data.draw(st.booleans()))
    said = texters[0].said + texters[1].said
    times = -(largest // -rate.messages)  # a span too short for one message is taken several times
    assert most_segments(said, rate.per * times) <= rate.messages * times


def test_tw12_what_short_messages_do_not_need_is_given_back(ledger):
    """300 a minute of messages that may take three segments, and take one: most of the rate is used."""
    rate = SendRate(300, timedelta(minutes=1))
    texter, now = Texter(ledger, rate, 3, "short texts"), START
    while now < START + timedelta(minutes=2):
        texter.turn(now, [1] * 50, write=True)
        with ledger.read() as connection:
            now = max(now + timedelta(milliseconds=5), texter.permits.retry_after(connection) or now)
    assert 270 < most_segments(texter.said, timedelta(minutes=1)) <= 300


def test_without_a_rate_everything_is_permitted(ledger):
    with ledger.write() as connection:
        pace = RateLimiter("free", None)
        assert pace.available(connection, 10_000, START) == 10_000
        pace.take(connection, 10_000, START)
        assert pace.retry_after(connection) is None


def test_two_processes_share_one_rate(ledger):
    first, second = (Speaker(ledger, TEN_THOUSAND, "shared") for _ in range(2))
    for step in range(240):
        speaker = (first, second)[step % 2]
        speaker.now = START + timedelta(milliseconds=500 * step)
        speaker.turn(5000)
    first.said = sorted(first.said + second.said)
    assert 9_500 < first.most_in(timedelta(minutes=1)) <= 10_000


def ticked(workspace: SampleWorkspace, seconds: float) -> None:
    """Let the village's clock go on by itself, whenever it is read."""
    read = workspace.clock.read

    def ticking() -> datetime:
        workspace.clock.advance(seconds=seconds)
        return read()

    workspace.use(clock=type(workspace.engine.context.clock)(read=ticking))


def test_a_run_speaks_no_faster_than_its_rate_though_it_is_sent_anew(workspace):
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
    ticked(workspace, 1.5)
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


def test_tw12_runs_share_the_account_and_it_counts_segments(workspace):
    """Two runs one after the other, the messages of one of two segments: no second has more than 40 of them."""
    settings_file = workspace.root / "config" / "settings.yaml"
    text = settings_file.read_text("utf-8")
    settings_file.write_text(text.replace("max_segments: 2", "max_segments: 2, rate: 40 per second"), "utf-8")
    said: Claims = []

    def answer(message):
        said.append((workspace.clock.time, [message.segments]))
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    runs = [workspace.start(name, TEXTS % name) for name in ("long", "hello")]
    ticked(workspace, 0.01)
    for run in runs:
        workspace.send(run)
    assert len(said) == 2 * len(MEMBERS)
    assert {units for _, (units,) in said} == {1, 2}
    assert 25 < most_segments(said, timedelta(seconds=1)) <= 40
