"""Import of completed call lists: each answer is stored once and applied (FI-08).

A reference counts only when it names a call that was handed over, a number only while it is the member's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from audiences import addresses
from audiences.consent.channel_opt_out import suppress_address
from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext, record_opt_outs
from audiences.consent.suppressions import AddressKind
from audiences.tables import CONTACT
from campaigns.channels.events import Event, EventKind
from campaigns.core.errors import Problem
from campaigns.core.model.enums import Channel, Choice
from campaigns.core.model.reasons import SkipReason
from campaigns.results.feedback.call_list import CallAnswer, read_call_answers, unknown_reference
from campaigns.results.feedback.ingest import MAX_BATCH_SIZE, ingest
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit
from campaigns.store.runs import delivery_events, runs
from campaigns.store.runs.states import DeliveryState
from campaigns.workspace.context import Context

PROVIDER: Final = "calls"
_READ: Final = "read calls"


@dataclass(frozen=True, slots=True)
class CallResults:
    """Result of an import: new answers by word, answers read before, and problems."""

    new: Mapping[EventKind, int]
    read_before: int
    problems: Sequence[Problem]


def read_call_results(context: Context, path: Path) -> CallResults:
    """Store the answers of a completed call list; rows without an answer are skipped.

    Repeating it changes nothing. After a crash, read the file again. Raises UserError when the file is no call list.
    """
    problems: list[Problem] = []
    calls = list(read_call_answers(context.signer, path, problems))
    new: Counter[EventKind] = Counter()
    known = 0
    for start in range(0, len(calls), MAX_BATCH_SIZE):
        with context.ledger.write() as connection:
            batch = _handed_over(connection, calls[start : start + MAX_BATCH_SIZE], problems)
            new_answers = _new_answers(connection, batch)
            _store_answers(context, connection, new_answers)
        new.update(call.word for call in new_answers)
        known += len(batch) - len(new_answers)
    return CallResults(new, known, sorted(problems, key=lambda problem: problem.place))


def _handed_over(connection: Connection, calls: Sequence[CallAnswer], problems: list[Problem]) -> list[CallAnswer]:
    """Return the calls that were handed over; report the others."""
    deliveries = delivery_events.find_deliveries(connection, [call.delivery_key for call in calls])
    known_calls = []
    for call in calls:
        row = deliveries.get(call.delivery_key, {})
        if row.get("channel") == Channel.PHONE and row["state"] == DeliveryState.ACCEPTED:
            known_calls.append(call)
        else:
            problems.append(unknown_reference(call.position))
    return known_calls


def _new_answers(connection: Connection, calls: Sequence[CallAnswer]) -> list[CallAnswer]:
    """Return the calls whose answer was not read before."""
    unknown = delivery_events.unknown_keys(connection, PROVIDER, [call.key for call in calls])
    return [call for call in calls if call.key in unknown]


def _store_answers(context: Context, connection: Connection, calls: Sequence[CallAnswer]) -> None:
    """Store answers as events and apply them, with one audit log row per run."""
    now, signer = context.clock.now(), context.signer
    events = [
        Event(PROVIDER, call.key, call.word, now, signer.delivery_reference(*call.delivery_key)) for call in calls
    ]
    ingest(connection, signer, events, now)
    deliveries = delivery_events.find_deliveries(connection, [call.delivery_key for call in calls])
    for call in calls:
        _apply(context, connection, call, deliveries[call.delivery_key]["member_id"], now)
    for number, words in _by_run(calls).items():
        audit.record(connection, now, context.actor, _READ, runs.run_id_of(connection, number), words)


def _by_run(calls: Sequence[CallAnswer]) -> Mapping[int, Mapping[str, int]]:
    counts: dict[int, Counter[str]] = {}
    for call in calls:
        counts.setdefault(call.delivery_key[0], Counter())[call.word.value] += 1
    return counts


def _apply(context: Context, connection: Connection, call: CallAnswer, member_id: str, now: datetime) -> None:
    """Apply a wish for no more calls, or a wrong number, to a member who still exists."""
    query = select(CONTACT.c.phone).where(CONTACT.c.member_id == member_id)
    contact: Any = connection.execute(query).one_or_none()
    if contact is None:
        return
    consent = ConsentContext(now, ConsentSource.PHONE)
    if call.word is EventKind.NO_MORE_CALLS:
        entry = replace(consent.entry(member_id, Choice.NO_SURVEYS_OR_PHONE, on=True), agent=context.actor)
        if record_opt_outs(connection, [entry]):
            enqueue.choices_changed(connection, member_id, [entry], now)
            detail = {"choices": [entry.choice], "source": entry.source.value}
            subject = audit.subject_of_member(context.signer, member_id)
            audit.record(connection, now, context.actor, "change_choices", subject, detail)
    elif (
        call.word is EventKind.WRONG_NUMBER
        and contact.phone
        and addresses.normalise_phone(call.number) == contact.phone
    ):
        suppress_address(connection, AddressKind.PHONE, contact.phone, SkipReason.SUPPRESSED_INVALID, consent)
