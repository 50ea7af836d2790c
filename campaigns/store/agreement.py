"""Whether the ledger agrees with itself and with what providers told (OP-04)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, func, select

from campaigns.ledger import Ledger
from campaigns.store.event_tables import EVENT
from campaigns.store.events import OURSELVES
from campaigns.store.tables import DELIVERY, RUN, Run
from campaigns.store.words import UNDER_WAY, DeliveryState, RunState

DRIFT: Final = 0.001
"""From which share of a run's messages on providers and ledger disagree more than delays explain."""

_TELLING: Final = ("sendgrid", "twilio")
_SETTLED: Final = timedelta(hours=24)  # as long as SendGrid repeats what it could not tell
_LOOKED_AT: Final = timedelta(days=8)
_ENDED: Final = (RunState.CLOSED, RunState.CANCELLED, RunState.MISSED)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One run, reconciled.

    `planned` sends were frozen with the plan and `deliveries` are rows; of a run that has ended, `unended` are still
    waiting or under way. Of the `old` messages that a telling provider took over a day ago, `untold` had no event
    since; `denied` are not accepted here though an event says they went.
    """

    planned: int
    deliveries: int
    unended: int
    old: int
    untold: int
    denied: int

    @property
    def alarms(self) -> list[str]:
        """What does not agree, in words for people."""
        said = []
        if self.planned != self.deliveries:
            said.append(f"{self.planned} sends were planned, and there are {self.deliveries} deliveries")
        if self.unended:
            said.append(f"the run has ended, and {self.unended} of its deliveries have not")
        if self.untold > DRIFT * self.old:
            said.append(f"of {self.old} messages over a day old the provider told nothing about {self.untold}")
        if self.denied > DRIFT * self.deliveries:
            said.append(f"{self.denied} messages went, says the provider, and are not accepted here")
        return said


def agreement(connection: Connection, run: Run, now: datetime) -> Agreement:
    """Reconcile one run; reads all its deliveries, so it takes a second for millions."""
    of_run = DELIVERY.c.run_number == run.number
    accepted = DELIVERY.c.state == DeliveryState.ACCEPTED
    old = accepted & DELIVERY.c.provider.in_(_TELLING) & (DELIVERY.c.ended_at < now - _SETTLED)
    told = exists().where(
        EVENT.c.run_number == DELIVERY.c.run_number,
        EVENT.c.position == DELIVERY.c.position,
        EVENT.c.provider != OURSELVES,
    )
    went = told.where(EVENT.c.proves == DeliveryState.ACCEPTED)
    return Agreement(
        planned=sum(run.counts.get("sends", {}).values()),
        deliveries=_count(connection, of_run),
        unended=_count(connection, of_run & DELIVERY.c.state.in_(UNDER_WAY)) if run.state in _ENDED else 0,
        old=_count(connection, of_run & old),
        untold=_count(connection, of_run & old & ~told),
        denied=_count(connection, of_run & ~accepted & went),
    )


def disagreements(ledger: Ledger, now: datetime) -> tuple[int, Mapping[str, list[str]]]:
    """How many runs of the last eight days were reconciled, and what does not agree by the name of the run.

    As many days as one may take to notice; a run is reconciled by itself, so that no snapshot is held for long.
    """
    with ledger.read() as connection:
        query = select(RUN).where(RUN.c.due_at >= now - _LOOKED_AT, RUN.c.planned_at.is_not(None))
        asked = [Run(**row) for row in connection.execute(query.order_by(RUN.c.number)).mappings()]
    found = {}
    for run in asked:
        with ledger.read() as connection:
            found[run.run_id] = agreement(connection, run, now).alarms
    return len(asked), {name: alarms for name, alarms in found.items() if alarms}


def _count(connection: Connection, chosen: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(DELIVERY).where(chosen)).scalar_one()
