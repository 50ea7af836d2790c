"""Whether the ledger agrees with itself and with what providers told (OP-04)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, func, select

from campaigns.store.event_tables import EVENT
from campaigns.store.events import OURSELVES
from campaigns.store.tables import DELIVERY, Run
from campaigns.store.words import DeliveryState

DRIFT: Final = 0.001
"""From which share of a run's messages on providers and ledger disagree more than delays explain."""

_TELLING: Final = ("sendgrid", "twilio")
_SETTLED: Final = timedelta(hours=24)  # as long as SendGrid repeats what it could not tell


@dataclass(frozen=True, slots=True)
class Agreement:
    """One run, reconciled.

    `planned` sends were frozen with the plan and `deliveries` are rows. Of the `old` messages that a telling provider
    took over a day ago, `untold` had no event since; `denied` are not accepted here though an event says they went.
    """

    planned: int
    deliveries: int
    old: int
    untold: int
    denied: int

    @property
    def alarms(self) -> list[str]:
        """What does not agree, in words for people."""
        said = []
        if self.planned != self.deliveries:
            said.append(f"{self.planned} sends were planned, and there are {self.deliveries} deliveries")
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
        old=_count(connection, of_run & old),
        untold=_count(connection, of_run & old & ~told),
        denied=_count(connection, of_run & ~accepted & went),
    )


def _count(connection: Connection, chosen: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(DELIVERY).where(chosen)).scalar_one()
