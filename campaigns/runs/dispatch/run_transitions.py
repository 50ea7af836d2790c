"""Pause, resume or cancel a run, each with a row in the audit log."""

from collections.abc import Collection
from datetime import datetime

from campaigns.core.errors import UserError
from campaigns.core.model.reasons import EndReason
from campaigns.store.ledger.connection import Ledger
from campaigns.store.people import audit
from campaigns.store.runs import runs
from campaigns.store.runs.deliveries import end_pending
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import OPEN_RUN_STATES, DeliveryState, RunState


def pause(ledger: Ledger, run: Run, now: datetime, actor: str) -> None:
    """Stop claiming deliveries of a run."""
    _transition(ledger, run, [RunState.SENDING], RunState.PAUSED, now, actor, "pause")


def resume(ledger: Ledger, run: Run, now: datetime, actor: str) -> None:
    """Continue claiming deliveries of a paused run."""
    _transition(ledger, run, [RunState.PAUSED], RunState.SENDING, now, actor, "resume")


def cancel(ledger: Ledger, run: Run, now: datetime, actor: str) -> int:
    """Cancel a run, withdraw its pending deliveries and return their number.

    Messages in flight still end normally. A crash leaves some deliveries pending that can no longer be claimed; the
    sweeper withdraws them.
    """
    _transition(ledger, run, OPEN_RUN_STATES, RunState.CANCELLED, now, actor, "cancel")
    return end_pending(ledger, run.number or 0, DeliveryState.WITHDRAWN, EndReason.CANCELLED, now)


def _transition(
    ledger: Ledger, run: Run, expected: Collection[RunState], state: RunState, now: datetime, actor: str, action: str
) -> None:
    with ledger.write() as connection:
        if not runs.change_state(connection, run.number or 0, expected, state, reason=None):
            *states, last = expected
            allowed = f"{', '.join(states)} or {last}" if states else last
            message = f"the run is {run.state}; to {action} one, it has to be {allowed}"
            is_planned = run.state == RunState.PLANNED
            hint = f"`viesti cancel {run.run_id}` ends a plan" if is_planned else f"`viesti status {run.run_id}`"
            raise UserError.about(run.run_id, message, "wrong_state", hint)
        audit.record(connection, now, actor, action, run.run_id)
