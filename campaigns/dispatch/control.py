"""A hand on a run: pause, resume, cancel; each with its row in the audit log."""

from datetime import datetime

from sqlalchemy import Connection, update

from campaigns.errors import AuthorError
from campaigns.spec.reasons import EndReason
from campaigns.store import audit, runs
from campaigns.store.tables import DELIVERY, Run
from campaigns.store.words import OPEN_RUNS, DeliveryState, RunState


def pause(connection: Connection, run: Run, now: datetime, actor: str) -> None:
    """Let nothing more be claimed."""
    _move(connection, run, [RunState.SENDING], RunState.PAUSED, now, actor, "pause")


def resume(connection: Connection, run: Run, now: datetime, actor: str) -> None:
    """Let claiming go on."""
    _move(connection, run, [RunState.PAUSED], RunState.SENDING, now, actor, "resume")


def cancel(connection: Connection, run: Run, now: datetime, actor: str) -> int:
    """End a run: what waits is withdrawn, what is under way ends by itself. Returns how many were withdrawn."""
    _move(connection, run, OPEN_RUNS, RunState.CANCELLED, now, actor, "cancel")
    withdrawn = connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.run_number == run.number, DELIVERY.c.state == DeliveryState.PENDING)
        .values(state=DeliveryState.WITHDRAWN, reason=EndReason.CANCELLED, ended_at=now, not_before=None)
    )
    return withdrawn.rowcount


def _move(
    connection: Connection,
    run: Run,
    expected: list[RunState] | tuple[RunState, ...],
    state: RunState,
    now: datetime,
    actor: str,
    action: str,
) -> None:
    if not runs.move(connection, run.number or 0, expected, state, reason=None):
        wanted = " or ".join(expected)
        raise AuthorError.about(
            run.run_id,
            f"the run is {run.state}, and only a {wanted} one can {action}",
            "wrong_state",
            "`viesti status`",
        )
    audit.note(connection, now, actor, action, run.run_id)
