"""Undo of opt-outs that one press recorded: allows again what it ended, and nothing else (C-12)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource, ConsentState, is_permission, reduce_entries
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice


def undo_opt_outs(
    connection: Connection, pressed_at: datetime, opt_ins: Iterable[ConsentEntry]
) -> Sequence[ConsentEntry]:
    """Record the opt-ins of choices that the press at `pressed_at` ended; return those recorded.

    The press must be the latest opt-out of the choice, made on the web, and the choice allowed until then. Otherwise
    nothing is recorded: not for a choice that was off before, was ended again since, or is allowed again already.
    """
    opt_ins = list(opt_ins)
    record = choices.entries_of(connection, sorted({entry.member_id for entry in opt_ins}))
    undone = [entry for entry in opt_ins if _was_ended_by(pressed_at, entry.choice, record.get(entry.member_id, ()))]
    choices.record_choices(connection, undone)
    return undone


def _was_ended_by(pressed_at: datetime, choice: str, record: Iterable[ConsentEntry]) -> bool:
    history = [entry for entry in record if entry.choice == choice]
    opt_outs = [entry for entry in history if not entry.is_opt_in]
    latest = max(opt_outs, key=lambda entry: entry.at, default=None)
    return (
        latest is not None
        and (latest.at, latest.source) == (pressed_at, ConsentSource.WEB)
        and not _is_allowed(choice, reduce_entries(history))
        and _is_allowed(choice, reduce_entries(entry for entry in history if entry.at < pressed_at))
    )


def _is_allowed(choice: str, state: ConsentState) -> bool:
    if choice.startswith(NEWSLETTER_PREFIX):
        return choice.removeprefix(NEWSLETTER_PREFIX) in state.newsletters
    return (Choice(choice) in state.on) is is_permission(choice)
