"""Gauges of a workspace, read from the ledger when they are scraped: the same from every process."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from campaigns.channels.bounces import SMTP_PROVIDER
from campaigns.channels.events import EventKind
from campaigns.core.metrics import GaugeValue
from campaigns.core.model.enums import Channel
from campaigns.operations.doctor.stores import data_age
from campaigns.store.runs import halts, stats
from campaigns.workspace.context import Context

_COMPLAINT_PERIOD: Final = timedelta(days=7)


def read_gauges(context: Context) -> Iterator[GaugeValue]:
    """Yield runs, backlog, claimed and uncertain deliveries, complaints and the age of the data. Nothing personal."""
    with context.ledger.read() as connection:
        for state, number in stats.runs_by_state(connection).items():
            yield GaugeValue("viesti_runs", "Runs by state.", number, {"state": state})
        pending, uncertain = stats.pending_by_channel(connection), stats.uncertain_by_channel(connection)
        for channel in Channel:
            labels = {"channel": channel.value}
            yield GaugeValue("viesti_pending", "Pending deliveries of started runs.", pending.get(channel, 0), labels)
            yield GaugeValue(
                "viesti_uncertain", "Deliveries that may have been sent.", uncertain.get(channel, 0), labels
            )
        yield from _claimed(context, connection)
        yield from _complaints(context, connection)
    age = data_age(context)
    if age is not None:
        yield GaugeValue("viesti_data_age_seconds", "Age of the newest purchase.", age.total_seconds())


def _claimed(context: Context, connection: Connection) -> Iterator[GaugeValue]:
    """Yield claimed deliveries. A lease older than its span belongs to a process that died or hangs."""
    claimed = stats.claimed_deliveries(connection)
    span = context.repository.settings.dispatch.lease
    remaining = span if claimed.first_lease is None else (claimed.first_lease - context.clock.now()).total_seconds()
    yield GaugeValue("viesti_sending", "Claimed deliveries.", claimed.number)
    yield GaugeValue("viesti_oldest_lease_seconds", "Age of the oldest claim.", max(span - remaining, 0))


def _complaints(context: Context, connection: Connection) -> Iterator[GaugeValue]:
    """Yield complaints as a share of the messages of a week's runs; pending messages are not counted as sent."""
    planned = stats.planned_sends(connection, context.clock.now() - _COMPLAINT_PERIOD)
    complaints = halts.report_counts(connection, planned, EventKind.COMPLAINED, SMTP_PROVIDER, None)
    sent: Counter[str] = Counter()
    for sends in planned.values():
        sent.update(sends)
    sent.subtract(stats.pending_by_channel(connection, planned))
    for channel, number in sent.items():
        if number > 0:
            reports = complaints.get(channel)
            rate = (reports.signed + reports.unsigned if reports else 0) / number
            yield GaugeValue(
                "viesti_complaint_rate", "Complaints as a share of the messages of a week.", rate, {"channel": channel}
            )
