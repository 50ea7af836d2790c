"""A hand on a run: pause, resume, cancel; each with its row in the audit log."""

from collections.abc import Collection
from datetime import datetime

from campaigns.errors import AuthorError
from campaigns.ledger import Ledger
from campaigns.spec.reasons import EndReason
from campaigns.store import audit, runs
from campaigns.store.deliveries import end_pending
from campaigns.store.tables import Run
from campaigns.store.words import OPEN_RUNS, DeliveryState, RunState


def pause(ledger: Ledger, run: Run, now: datetime, actor: str) -> None:
    """Let nothing more be claimed."""
    _move(ledger, run, [RunState.SENDING], RunState.PAUSED, now, actor, "pause")


def resume(ledger: Ledger, run: Run, now: datetime, actor: str) -> None:
    """Let claiming go on."""
    _move(ledger, run, [RunState.PAUSED], RunState.SENDING, now, actor, "resume")


def cancel(ledger: Ledger, run: Run, now: datetime, actor: str) -> int:
    """End a run: what waits is withdrawn, what is under way ends by itself. Returns how many were withdrawn.

    A crash on the way leaves some waiting, which nobody can claim any more; the sweeper withdraws them.
    """
    _move(ledger, run, OPEN_RUNS, RunState.CANCELLED, now, actor, "cancel")
    return end_pending(ledger, run.number or 0, DeliveryState.WITHDRAWN, EndReason.CANCELLED, now)


def _move(
    ledger: Ledger, run: Run, expected: Collection[RunState], state: RunState, now: datetime, actor: str, action: str
) -> None:
    with ledger.write() as connection:
        if not runs.move(connection, run.number or 0, expected, state, reason=None):
            *others, last = expected
            wanted = f"{', '.join(others)} or {last}" if others else last
            message = f"the run is {run.state}; to {action} one, it has to be {wanted}"
            planned = run.state == RunState.PLANNED
            hint = f"`viesti cancel {run.run_id}` ends a plan" if planned else f"`viesti status {run.run_id}`"
            raise AuthorError.about(run.run_id, message, "wrong_state", hint)
        audit.note(connection, now, actor, action, run.run_id)
