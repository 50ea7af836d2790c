"""A rate holds in every span of its length, wherever the span begins and however many processes speak (A-15)."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from campaigns.dispatch.rate import Pace
from campaigns.ledger import Ledger
from campaigns.spec.campaign import Rate
from campaigns.store.tables import PACE
from tests.dispatch.wire import Wire, accept, wired
from tests.village import MEMBERS

START = datetime(2018, 1, 1, 8, tzinfo=UTC)
TEN_THOUSAND = Rate(10_000, timedelta(minutes=1))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    ledger = Ledger.at(tmp_path_factory.mktemp("pace") / "ledger.sqlite")
    SQLModel.metadata.create_all(ledger.engine, tables=[PACE])
    yield ledger
    ledger.close()


class Speaker:
    """Speaks as fast as a pace allows, a transaction a turn, on a clock of its own."""

    def __init__(self, ledger: Ledger, rate: Rate, account: str) -> None:
        self.ledger, self.pace, self.now = ledger, Pace(account, rate), START
        self.said: list[datetime] = []

    def turn(self, wanted: int, used: int | None = None) -> int:
        with self.ledger.write() as connection:
            given = self.pace.permits(connection, wanted, self.now)
            taken = given if used is None else min(given, used)
            self.pace.take(connection, taken, self.now)
        self.said += [self.now] * taken
        return given

    def worth_asking(self) -> datetime:
        with self.ledger.read() as connection:
            return self.pace.worth_asking(connection) or self.now

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
    Rate, st.integers(1, 5000), st.sampled_from([timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)])
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


def test_without_a_rate_everything_is_permitted(ledger):
    with ledger.write() as connection:
        pace = Pace("free", None)
        assert pace.permits(connection, 10_000, START) == 10_000
        pace.take(connection, 10_000, START)
        assert pace.worth_asking(connection) is None


def test_two_processes_share_one_rate(ledger):
    first, second = (Speaker(ledger, TEN_THOUSAND, "shared") for _ in range(2))
    for step in range(240):
        speaker = (first, second)[step % 2]
        speaker.now = START + timedelta(milliseconds=500 * step)
        speaker.turn(5000)
    first.said = sorted(first.said + second.said)
    assert 9_500 < first.most_in(timedelta(minutes=1)) <= 10_000


def test_a_run_speaks_no_faster_than_its_rate_though_it_is_sent_anew(village):
    times = []

    def answer(message):
        times.append(village.hands.at)
        return accept(message)

    wired(village, Wire(answer))
    campaign = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [email]
content: {email: hello}
limits: {rate: 10 per minute}
"""
    run = village.start("hi", campaign)
    read = village.hands.read

    def ticking() -> datetime:
        village.hands.go(seconds=1.5)
        return read()

    vars(village.engine)["clock"] = type(village.engine.clock)(read=ticking)
    village.send(run)
    assert len(times) == len(MEMBERS)
    assert max(bisect_left(times, at + timedelta(minutes=1)) - index for index, at in enumerate(times)) <= 10
