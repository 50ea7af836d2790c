"""The figures of a workspace that every process reads from the ledger when it is asked: the same, whoever is asked."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from campaigns.channels.bounces import PROVIDER as UNSIGNED
from campaigns.channels.events import EventWord
from campaigns.core.metrics import Figure
from campaigns.core.model.enums import Channel
from campaigns.operations.doctor.stores import data_age
from campaigns.runs.engine import Engine
from campaigns.store.runs import halts, stats

_COMPLAINED: Final = timedelta(days=7)


def figures(engine: Engine) -> Iterator[Figure]:
    """Runs, backlog, what is under way and uncertain, complaints, the age of the data. Nothing personal."""
    with engine.ledger.read() as connection:
        for state, number in stats.run_states(connection).items():
            yield Figure("viesti_runs", "Runs by state.", number, {"state": state})
        waiting, unknown = stats.backlog(connection), stats.uncertain(connection)
        for channel in Channel:
            labels = {"channel": channel.value}
            yield Figure("viesti_pending", "Deliveries that wait in started runs.", waiting.get(channel, 0), labels)
            yield Figure("viesti_uncertain", "Deliveries that may have gone.", unknown.get(channel, 0), labels)
        yield from _under_way(engine, connection)
        yield from _complaints(engine, connection)
    age = data_age(engine)
    if age is not None:
        yield Figure("viesti_data_age_seconds", "How old the newest purchase is.", age.total_seconds())


def _under_way(engine: Engine, connection: Connection) -> Iterator[Figure]:
    """A lease that is older than its span belongs to a process that went silent."""
    claimed = stats.under_way(connection)
    span = engine.library.settings.dispatch.lease
    left = span if claimed.first_lease is None else (claimed.first_lease - engine.clock.now()).total_seconds()
    yield Figure("viesti_sending", "Deliveries that are claimed.", claimed.number)
    yield Figure("viesti_oldest_lease_seconds", "For how long the oldest claim has been held.", max(span - left, 0))


def _complaints(engine: Engine, connection: Connection) -> Iterator[Figure]:
    """Of what has gone of the runs of a week, how much was complained of; what is pending has not gone."""
    planned = stats.planned(connection, engine.clock.now() - _COMPLAINED)
    complaints = halts.grievances(connection, planned, EventWord.COMPLAINED, UNSIGNED, None)
    gone: Counter[str] = Counter()
    for sends in planned.values():
        gone.update(sends)
    gone.subtract(stats.backlog(connection, planned))
    for channel, number in gone.items():
        if number > 0:
            told = complaints.get(channel)
            rate = (told.signed + told.unsigned if told else 0) / number
            yield Figure("viesti_complaint_rate", "Complaints of a week's messages.", rate, {"channel": channel})
