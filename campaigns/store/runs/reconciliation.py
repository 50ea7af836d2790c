"""Reconciliation: the deliveries of a run compared with its plan and with provider events (OP-04)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, func, select

from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.delivery_events import OWN_PROVIDER
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import DELIVERY, RUN, Run
from campaigns.store.runs.states import OPEN_DELIVERY_STATES, DeliveryState, RunState

MAX_DRIFT: Final = 0.001
"""Highest share of a run's messages in which provider and ledger may differ because of delays."""

_REPORTING_PROVIDERS: Final = ("sendgrid", "twilio")
_EVENT_DELAY: Final = timedelta(hours=24)  # SendGrid retries the delivery of its events for so long
_LOOKBACK: Final = timedelta(days=8)
_ENDED: Final = (RunState.CLOSED, RunState.CANCELLED, RunState.MISSED)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Counts of one reconciled run.

    `planned` sends were frozen with the plan; `deliveries` is the number of rows. `unfinished` deliveries of an ended
    run are still pending or being sent. `old` messages were accepted over a day ago by a provider that reports events;
    `unreported` ones among them had no event since. `contradicted` deliveries are not accepted here though an event
    says that they went.
    """

    planned: int
    deliveries: int
    unfinished: int
    old: int
    unreported: int
    contradicted: int

    @property
    def alarms(self) -> list[str]:
        """Return the discrepancies as sentences for operators."""
        alarms = []
        if self.planned != self.deliveries:
            alarms.append(f"{self.planned} sends were planned, and there are {self.deliveries} deliveries")
        if self.unfinished:
            alarms.append(f"the run has ended, and {self.unfinished} of its deliveries have not")
        if self.unreported > MAX_DRIFT * self.old:
            alarms.append(f"the provider reported no event for {self.unreported} of {self.old} messages over a day old")
        if self.contradicted > MAX_DRIFT * self.deliveries:
            alarms.append(f"the provider says that {self.contradicted} messages went; they are not accepted here")
        return alarms


def reconcile_run(connection: Connection, run: Run, now: datetime) -> Reconciliation:
    """Reconcile one run. Reads all its deliveries: about a second for millions."""
    of_run = DELIVERY.c.run_number == run.number
    accepted = DELIVERY.c.state == DeliveryState.ACCEPTED
    old = accepted & DELIVERY.c.provider.in_(_REPORTING_PROVIDERS) & (DELIVERY.c.ended_at < now - _EVENT_DELAY)
    has_event = exists().where(
        EVENT.c.run_number == DELIVERY.c.run_number,
        EVENT.c.position == DELIVERY.c.position,
        EVENT.c.provider != OWN_PROVIDER,
    )
    is_proven_sent = has_event.where(EVENT.c.proves == DeliveryState.ACCEPTED)
    return Reconciliation(
        planned=sum(run.counts.get("sends", {}).values()),
        deliveries=_count(connection, of_run),
        unfinished=_count(connection, of_run & DELIVERY.c.state.in_(OPEN_DELIVERY_STATES))
        if run.state in _ENDED
        else 0,
        old=_count(connection, of_run & old),
        unreported=_count(connection, of_run & old & ~has_event),
        contradicted=_count(connection, of_run & ~accepted & is_proven_sent),
    )


def reconcile_recent_runs(ledger: Ledger, now: datetime) -> tuple[int, Mapping[str, list[str]]]:
    """Reconcile the runs of the last eight days; return their number, and the alarms by run id.

    Eight days leave time to notice an alarm. Each run is reconciled in its own transaction, so that no snapshot is held
    for long.
    """
    with ledger.read() as connection:
        query = select(RUN).where(RUN.c.due_at >= now - _LOOKBACK, RUN.c.planned_at.is_not(None))
        recent = [Run(**row) for row in connection.execute(query.order_by(RUN.c.number)).mappings()]
    alarms_by_run = {}
    for run in recent:
        with ledger.read() as connection:
            alarms_by_run[run.run_id] = reconcile_run(connection, run, now).alarms
    return len(recent), {name: alarms for name, alarms in alarms_by_run.items() if alarms}


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(DELIVERY).where(condition)).scalar_one()
