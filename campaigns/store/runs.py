"""Runs: opened, planned, sent, closed; every change of state is a compare-and-set."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from campaigns.errors import AuthorError
from campaigns.spec.campaign import Campaign
from campaigns.store.tables import DECISION, DELIVERY, RUN, Run
from campaigns.store.words import RunState

PLANNING_LEASE: Final = timedelta(minutes=10)
_A_MOMENT: Final = timedelta(microseconds=1)
_REPLANNED: Final = (RunState.PLANNING, RunState.PLANNED)


def run_id(campaign: str, due_at: datetime) -> str:
    """The name of a run for people: the campaign and its as_of in UTC; the same occasion, the same name."""
    due = due_at.astimezone(UTC)
    seconds = f"{due:%S}" if due.second else ""
    return f"{campaign}-{due:%Y%m%dT%H%M}{seconds}Z"


def find(connection: Connection, name: str) -> Run | None:
    """The run of that name, or None."""
    row = connection.execute(select(RUN).where(RUN.c.run_id == name)).mappings().one_or_none()
    return None if row is None else Run(**row)


def get(connection: Connection, name: str) -> Run:
    """The run of that name; AuthorError when there is none."""
    run = find(connection, name)
    if run is None:
        raise AuthorError.about(name, "there is no run of this name", "unknown_run", "`viesti status` lists the runs")
    return run


def name_of(connection: Connection, number: int) -> str:
    """What people call the run of a number."""
    return str(connection.execute(select(RUN.c.run_id).where(RUN.c.number == number)).scalar_one())


def recent(connection: Connection, limit: int = 20) -> list[Run]:
    """The newest runs, newest first."""
    rows = connection.execute(select(RUN).order_by(RUN.c.number.desc()).limit(limit)).mappings()
    return [Run(**row) for row in rows]


def in_state(connection: Connection, *states: RunState) -> list[Run]:
    """The runs in one of the states, oldest first."""
    rows = connection.execute(select(RUN).where(RUN.c.state.in_(states)).order_by(RUN.c.number)).mappings()
    return [Run(**row) for row in rows]


def begun_between(connection: Connection, campaign: str, first: datetime, end: datetime) -> list[Run]:
    """The campaign's runs of a span of time that are not plans any more, oldest first; those that never sent apart."""
    asked = select(RUN).where(
        RUN.c.campaign == campaign,
        RUN.c.due_at >= first,
        RUN.c.due_at < end,
        RUN.c.state.not_in([*_REPLANNED, RunState.MISSED]),
    )
    return [Run(**row) for row in connection.execute(asked.order_by(RUN.c.number)).mappings()]


def latest_planned(connection: Connection, campaign: str, before: int) -> Run | None:
    """The campaign's last visible run before run number `before`."""
    newest = (
        select(RUN)
        .where(RUN.c.campaign == campaign, RUN.c.number < before, RUN.c.planned_at.is_not(None))
        .order_by(RUN.c.number.desc())
        .limit(1)
    )
    row = connection.execute(newest).mappings().one_or_none()
    return None if row is None else Run(**row)


def has_begun(connection: Connection, campaign: str, due_at: datetime) -> bool:
    """Whether there is a run of this occasion that is not planned anew any more."""
    run = find(connection, run_id(campaign, due_at))
    return run is not None and run.state not in _REPLANNED


def open_run(
    connection: Connection, campaign: Campaign, file: str, due_at: datetime, now: datetime, *, scheduled: bool
) -> Run:
    """The run of this occasion in state `planning`, new or taken up again; its old rows are not visible any more.

    Whoever planned it until now finds out by `hold`. AuthorError when the run has begun to send: one send a member and
    run.
    """
    name = run_id(campaign.name, due_at)
    run = find(connection, name)
    before = None if run is None else run.lease_until
    facts = {
        "state": RunState.PLANNING,
        "lease_until": now + PLANNING_LEASE if before is None else max(now + PLANNING_LEASE, before + _A_MOMENT),
        "start_by": due_at + campaign.schedule.late_by if scheduled else None,
        "scheduled": scheduled,
        "file": file,
    }
    if run is None:
        identity = {"newsletter": campaign.newsletter, "partner": campaign.sender.partner}
        connection.execute(insert(RUN).values(**facts, **identity, **_named(campaign.name, campaign.purpose, due_at)))
    elif run.state in _REPLANNED:
        connection.execute(update(RUN).where(RUN.c.number == run.number).values(**facts, planned_at=None))
    else:
        raise AuthorError.about(
            name,
            f"this run is {run.state} and is not planned anew",
            "already_run",
            "give another `--as-of`, or see `viesti status` for what was sent",
        )
    return get(connection, name)


def hold(connection: Connection, run: Run) -> None:
    """AuthorError when a run is not planned by the one who opened it as `run` any more; ask in each transaction."""
    lease = connection.execute(select(RUN.c.lease_until).where(RUN.c.number == run.number)).scalar_one()
    if lease != run.lease_until:
        raise AuthorError.about(
            run.run_id, "another process began to plan this run", "planned_elsewhere", "`viesti status` shows it"
        )


def demand_same_plan(connection: Connection, run: Run) -> None:
    """AuthorError when a planned run was planned anew since it was read as `run`; ask where that plan is let go."""
    planned_at = connection.execute(select(RUN.c.planned_at).where(RUN.c.number == run.number)).scalar_one()
    if planned_at != run.planned_at:
        raise AuthorError.about(
            run.run_id,
            "this run was planned anew at this very moment",
            "planned_anew",
            "look at the plan, and try again",
        )


def _named(campaign: str, purpose: str, due_at: datetime) -> Mapping[str, Any]:
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


def missed(connection: Connection, campaign: str, purpose: str, due_at: datetime, now: datetime, reason: str) -> None:
    """Record that a scheduled occasion was not run, and why; a plan that was made of it by hand stays."""
    if find(connection, run_id(campaign, due_at)) is None:
        facts = {"scheduled": True, "state": RunState.MISSED, "reason": reason, "closed_at": now}
        connection.execute(insert(RUN).values(**facts, **_named(campaign, purpose, due_at)))


def late(connection: Connection, now: datetime) -> list[Run]:
    """Scheduled runs that are planned, or being planned, and may not be started any more."""
    rows = connection.execute(select(RUN).where(RUN.c.state.in_(_REPLANNED), RUN.c.start_by < now)).mappings()
    return [Run(**row) for row in rows]


def forget_rows(connection: Connection, run_number: int, limit: int) -> int:
    """Delete up to `limit` deliveries and decisions of a run that is being planned anew; how many went."""
    gone = 0
    for table, key in ((DELIVERY, DELIVERY.c.position), (DECISION, DECISION.c.member_id)):
        some = select(key).where(table.c.run_number == run_number).order_by(key).limit(limit - gone)
        gone += connection.execute(delete(table).where(table.c.run_number == run_number, key.in_(some))).rowcount
    return gone


def show_plan(
    connection: Connection,
    run_number: int,
    definition: str,
    counts: Mapping[str, Any],
    evidence: Mapping[str, Any],
    now: datetime,
    actor: str,
) -> None:
    """Make a planned run visible: the one row that turns its staged decisions into a plan, approved by nobody yet."""
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
    """Let a planned run be started; False when it is not planned, or when `actor` is who planned it."""
    changed = connection.execute(
        update(RUN)
        .where(RUN.c.number == run_number, RUN.c.state == RunState.PLANNED, RUN.c.planned_by != actor)
        .values(approved_by=actor)
    )
    return changed.rowcount == 1


def move(
    connection: Connection, run_number: int, expected: Iterable[RunState], state: RunState, **facts: object
) -> bool:
    """Compare-and-set the state; False when the run was in none of the expected states."""
    changed = connection.execute(
        update(RUN).where(RUN.c.number == run_number, RUN.c.state.in_(list(expected))).values(state=state, **facts)
    )
    return changed.rowcount == 1
