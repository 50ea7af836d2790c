"""Runs: opened, planned, sent, closed; every change of state is a compare-and-set."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from campaigns.core.errors import UserError
from campaigns.core.model.campaign import Campaign
from campaigns.store.runs.run_tables import DECISION, DELIVERY, RUN, Run
from campaigns.store.runs.states import RunState

PLANNING_LEASE: Final = timedelta(minutes=10)
_MICROSECOND: Final = timedelta(microseconds=1)
_STARTED: Final = (RunState.SENDING, RunState.PAUSED, RunState.CLOSED)
_REPLANNABLE: Final = (RunState.PLANNING, RunState.PLANNED)


def run_id(campaign: str, due_at: datetime) -> str:
    """Return the id of a run for people: the campaign and its as_of in UTC. One occasion has one id."""
    due = due_at.astimezone(UTC)
    seconds = f"{due:%S}" if due.second else ""
    return f"{campaign}-{due:%Y%m%dT%H%M}{seconds}Z"


def find(connection: Connection, name: str) -> Run | None:
    """Return the run of an id, or None."""
    row = connection.execute(select(RUN).where(RUN.c.run_id == name)).mappings().one_or_none()
    return None if row is None else Run(**row)


def get(connection: Connection, name: str) -> Run:
    """Return the run of an id; raise UserError when there is none."""
    run = find(connection, name)
    if run is None:
        raise UserError.about(name, "there is no run of this name", "unknown_run", "`viesti status` lists the runs")
    return run


def run_id_of(connection: Connection, number: int) -> str:
    """Return the id of the run with a number."""
    return str(connection.execute(select(RUN.c.run_id).where(RUN.c.number == number)).scalar_one())


def list_recent(connection: Connection, limit: int = 20) -> list[Run]:
    """Return the newest runs, newest first."""
    rows = connection.execute(select(RUN).order_by(RUN.c.number.desc()).limit(limit)).mappings()
    return [Run(**row) for row in rows]


def with_state(connection: Connection, *states: RunState) -> list[Run]:
    """Return the runs in one of the states, oldest first."""
    rows = connection.execute(select(RUN).where(RUN.c.state.in_(states)).order_by(RUN.c.number)).mappings()
    return [Run(**row) for row in rows]


def started_between(connection: Connection, campaign: str, first: datetime, end: datetime) -> list[Run]:
    """Return the campaign's runs due in a time span that began to send, or were cancelled; oldest first."""
    query = select(RUN).where(
        RUN.c.campaign == campaign,
        RUN.c.due_at >= first,
        RUN.c.due_at < end,
        RUN.c.state.not_in([*_REPLANNABLE, RunState.MISSED]),
    )
    return [Run(**row) for row in connection.execute(query.order_by(RUN.c.number)).mappings()]


def latest_planned(connection: Connection, campaign: str, before: int | None = None) -> Run | None:
    """Return the campaign's last planned run, if asked before run number `before`."""
    planned = select(RUN).where(RUN.c.campaign == campaign, RUN.c.planned_at.is_not(None))
    earlier = planned if before is None else planned.where(RUN.c.number < before)
    newest = earlier.order_by(RUN.c.number.desc()).limit(1)
    row = connection.execute(newest).mappings().one_or_none()
    return None if row is None else Run(**row)


def latest_started(connection: Connection, run: Run) -> Run | None:
    """Return the campaign's last run due before `run` that began to send."""
    newest = (
        select(RUN)
        .where(RUN.c.campaign == run.campaign, RUN.c.due_at < run.due_at, RUN.c.state.in_(_STARTED))
        .order_by(RUN.c.due_at.desc())
        .limit(1)
    )
    row = connection.execute(newest).mappings().one_or_none()
    return None if row is None else Run(**row)


def others_between(connection: Connection, run: Run, first: datetime, end: datetime) -> list[Run]:
    """Return other campaigns' runs of a time span that are planned, began to send or were cancelled; oldest first."""
    query = select(RUN).where(
        RUN.c.campaign != run.campaign,
        RUN.c.due_at >= first,
        RUN.c.due_at < end,
        RUN.c.state.in_((RunState.PLANNED, *_STARTED, RunState.CANCELLED)),
    )
    return [Run(**row) for row in connection.execute(query.order_by(RUN.c.number)).mappings()]


def latest_plans(connection: Connection) -> dict[str, Run]:
    """Return the last planned run of each campaign, by the campaign's name."""
    newest = select(func.max(RUN.c.number)).where(RUN.c.planned_at.is_not(None)).group_by(RUN.c.campaign)
    rows = connection.execute(select(RUN).where(RUN.c.number.in_(newest))).mappings()
    return {row["campaign"]: Run(**row) for row in rows}


def due_between(connection: Connection, first: datetime, end: datetime) -> list[Run]:
    """Return the runs of all campaigns due in a time span, earliest first."""
    query = select(RUN).where(RUN.c.due_at >= first, RUN.c.due_at < end).order_by(RUN.c.due_at, RUN.c.campaign)
    return [Run(**row) for row in connection.execute(query).mappings()]


def of_campaign(connection: Connection, campaign: str) -> list[Run]:
    """Return the planned runs of a campaign, newest occasion first."""
    query = select(RUN).where(RUN.c.campaign == campaign, RUN.c.planned_at.is_not(None))
    rows = connection.execute(query.order_by(RUN.c.due_at.desc(), RUN.c.number.desc())).mappings()
    return [Run(**row) for row in rows]


def has_started(connection: Connection, campaign: str, due_at: datetime) -> bool:
    """Return whether this occasion has a run that can no longer be planned again."""
    run = find(connection, run_id(campaign, due_at))
    return run is not None and run.state not in _REPLANNABLE


def open_run(
    connection: Connection, campaign: Campaign, file: str, due_at: datetime, now: datetime, *, scheduled: bool
) -> Run:
    """Return the run of this occasion in state `planning`, new or reopened; its earlier rows become invisible.

    A process that was planning it learns so by `assert_still_planning`. Raises UserError when the run has begun to
    send: a member gets one send a run.
    """
    name = run_id(campaign.name, due_at)
    run = find(connection, name)
    lease = None if run is None else run.lease_until
    values = {
        "state": RunState.PLANNING,
        "lease_until": now + PLANNING_LEASE if lease is None else max(now + PLANNING_LEASE, lease + _MICROSECOND),
        "start_by": due_at + campaign.schedule.late_by if scheduled else None,
        "scheduled": scheduled,
        "file": file,
    }
    if run is None:
        origin = {"newsletter": campaign.newsletter, "partner": campaign.sender.partner}
        connection.execute(insert(RUN).values(**values, **origin, **_identity(campaign.name, campaign.purpose, due_at)))
    elif run.state in _REPLANNABLE:
        connection.execute(update(RUN).where(RUN.c.number == run.number).values(**values, planned_at=None))
    else:
        raise UserError.about(
            name,
            f"this run is {run.state} and is not planned anew",
            "already_run",
            "give another `--as-of`, or see `viesti status` for what was sent",
        )
    return get(connection, name)


def assert_still_planning(connection: Connection, run: Run) -> None:
    """Raise UserError when another process took over the planning of `run`; call it in each transaction."""
    lease = connection.execute(select(RUN.c.lease_until).where(RUN.c.number == run.number)).scalar_one()
    if lease != run.lease_until:
        raise UserError.about(
            run.run_id, "another process began to plan this run", "planned_elsewhere", "`viesti status` shows it"
        )


def require_same_plan(connection: Connection, run: Run) -> None:
    """Raise UserError when a run was planned again since it was read; call it where its plan is released."""
    planned_at = connection.execute(select(RUN.c.planned_at).where(RUN.c.number == run.number)).scalar_one()
    if planned_at != run.planned_at:
        raise UserError.about(
            run.run_id,
            "this run was planned anew at this very moment",
            "planned_anew",
            "look at the plan, and try again",
        )


def _identity(campaign: str, purpose: str, due_at: datetime) -> Mapping[str, Any]:
    return {
        "run_id": run_id(campaign, due_at),
        "campaign": campaign,
        "purpose": purpose,
        "due_at": due_at,
        "definition": "",
        "planned_by": "",
        "counts": {},
        "evidence": {},
    }


def record_missed(
    connection: Connection, campaign: str, purpose: str, due_at: datetime, now: datetime, reason: str
) -> None:
    """Record that a scheduled occasion was not run, and why; a plan made by hand stays."""
    if find(connection, run_id(campaign, due_at)) is None:
        values = {"scheduled": True, "state": RunState.MISSED, "reason": reason, "closed_at": now}
        connection.execute(insert(RUN).values(**values, **_identity(campaign, purpose, due_at)))


def list_overdue(connection: Connection, now: datetime) -> list[Run]:
    """Return scheduled runs, planned or being planned, that may no longer be started."""
    rows = connection.execute(select(RUN).where(RUN.c.state.in_(_REPLANNABLE), RUN.c.start_by < now)).mappings()
    return [Run(**row) for row in rows]


def delete_rows(connection: Connection, run_number: int, limit: int) -> int:
    """Delete up to `limit` deliveries and decisions of a run that is being planned again; return their number."""
    deleted = 0
    for table, key in ((DELIVERY, DELIVERY.c.position), (DECISION, DECISION.c.member_id)):
        some = select(key).where(table.c.run_number == run_number).order_by(key).limit(limit - deleted)
        deleted += connection.execute(delete(table).where(table.c.run_number == run_number, key.in_(some))).rowcount
    return deleted


def mark_planned(
    connection: Connection,
    run_number: int,
    definition: str,
    counts: Mapping[str, Any],
    evidence: Mapping[str, Any],
    now: datetime,
    actor: str,
) -> None:
    """Make a planned run visible: this one row turns its staged decisions into a plan that needs approval."""
    connection.execute(
        update(RUN)
        .where(RUN.c.number == run_number, RUN.c.state == RunState.PLANNING)
        .values(
            state=RunState.PLANNED,
            definition=definition,
            counts=counts,
            evidence=evidence,
            planned_at=now,
            planned_by=actor,
            approved_by=None,
            lease_until=None,
        )
    )


def approve(connection: Connection, run_number: int, actor: str) -> bool:
    """Approve a planned run; return False when it is not planned, or when `actor` planned it."""
    changed = connection.execute(
        update(RUN)
        .where(RUN.c.number == run_number, RUN.c.state == RunState.PLANNED, RUN.c.planned_by != actor)
        .values(approved_by=actor)
    )
    return changed.rowcount == 1


def change_state(
    connection: Connection, run_number: int, expected: Iterable[RunState], state: RunState, **values: object
) -> bool:
    """Compare-and-set the state; return False when the run was in none of the expected states."""
    changed = connection.execute(
        update(RUN).where(RUN.c.number == run_number, RUN.c.state.in_(list(expected))).values(state=state, **values)
    )
    return changed.rowcount == 1
