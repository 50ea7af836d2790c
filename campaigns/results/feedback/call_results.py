"""Call lists that come back: what callers wrote beside each call, kept once, with what follows from it (FI-08).

A reference is believed only when it names a call that was handed over, and a number only when it is the member's still.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from audiences import addresses
from audiences.consent.channel_opt_out import bind
from audiences.consent.consent_state import Source
from audiences.consent.opt_out import Saying, end
from audiences.consent.suppressions import AddressKind
from audiences.tables import CONTACT
from campaigns.channels.events import Event, EventWord
from campaigns.core.errors import Problem
from campaigns.core.model.enums import Channel, Choice
from campaigns.core.model.reasons import SkipReason
from campaigns.results.feedback.call_list import Answered, answered_calls, stranger
from campaigns.results.feedback.ingest import AT_ONCE, hear
from campaigns.runs.engine import Engine
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit
from campaigns.store.runs import delivery_events, runs
from campaigns.store.runs.states import DeliveryState

PROVIDER: Final = "calls"
_READ: Final = "read calls"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a file told: how many answers were new, by their word, how many had been read before, and what is wrong."""

    new: Mapping[EventWord, int]
    read_before: int
    problems: Sequence[Problem]


def read_answers(engine: Engine, path: Path) -> Answers:
    """Keep the answers of a call list that callers filled in; rows without an answer are passed over.

    Reading it again changes nothing; killed halfway, read it again. AuthorError when the file is no call list.
    """
    problems: list[Problem] = []
    calls = list(answered_calls(engine.signer, path, problems))
    new: Counter[EventWord] = Counter()
    known = 0
    for start in range(0, len(calls), AT_ONCE):
        with engine.ledger.write() as connection:
            some = _ours(connection, calls[start : start + AT_ONCE], problems)
            fresh = _fresh(connection, some)
            _keep(engine, connection, fresh)
        new.update(call.word for call in fresh)
        known += len(some) - len(fresh)
    return Answers(new, known, sorted(problems, key=lambda problem: problem.place))


def _ours(connection: Connection, calls: Sequence[Answered], problems: list[Problem]) -> list[Answered]:
    """Those that are calls which we handed over."""
    deliveries = delivery_events.sends(connection, [call.place for call in calls])
    ours = []
    for call in calls:
        row = deliveries.get(call.place, {})
        if row.get("channel") == Channel.PHONE and row["state"] == DeliveryState.ACCEPTED:
            ours.append(call)
        else:
            problems.append(stranger(call.at))
    return ours


def _fresh(connection: Connection, calls: Sequence[Answered]) -> list[Answered]:
    """Those whose answer was not read before."""
    unknown = delivery_events.unknown(connection, PROVIDER, [call.key for call in calls])
    return [call for call in calls if call.key in unknown]


def _keep(engine: Engine, connection: Connection, calls: Sequence[Answered]) -> None:
    """Keep answers as events, and do what they ask for, with a row in the audit log for each run."""
    now, signer = engine.clock.now(), engine.signer
    told = [Event(PROVIDER, call.key, call.word, now, signer.delivery_name(*call.place)) for call in calls]
    hear(connection, signer, told, now)
    deliveries = delivery_events.sends(connection, [call.place for call in calls])
    for call in calls:
        _follow(engine, connection, call, deliveries[call.place]["member_id"], now)
    for number, words in _by_run(calls).items():
        audit.note(connection, now, engine.actor, _READ, runs.name_of(connection, number), words)


def _by_run(calls: Sequence[Answered]) -> Mapping[int, Mapping[str, int]]:
    counted: dict[int, Counter[str]] = {}
    for call in calls:
        counted.setdefault(call.place[0], Counter())[call.word.value] += 1
    return counted


def _follow(engine: Engine, connection: Connection, call: Answered, member_id: str, now: datetime) -> None:
    """Heed a wish for no more calls, and a number that is somebody else's; of members who are still known."""
    query = select(CONTACT.c.phone).where(CONTACT.c.member_id == member_id)
    contact: Any = connection.execute(query).one_or_none()
    if contact is None:
        return
    saying = Saying(now, Source.PHONE)
    if call.word is EventWord.NO_MORE_CALLS:
        entry = replace(saying.entry(member_id, Choice.NO_SURVEYS_OR_PHONE, on=True), agent=engine.actor)
        if end(connection, [entry]):
            enqueue.choices_changed(connection, member_id, [entry], now)
            detail = {"choices": [entry.choice], "source": entry.source.value}
            subject = audit.of_member(engine.signer, member_id)
            audit.note(connection, now, engine.actor, "change_choices", subject, detail)
    elif call.word is EventWord.WRONG_NUMBER and contact.phone and addresses.phone(call.number) == contact.phone:
        bind(connection, AddressKind.PHONE, contact.phone, SkipReason.SUPPRESSED_INVALID, saying)
