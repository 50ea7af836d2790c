"""What a person does about messages that nobody knows to have gone: look, ask the provider, decide, carry it elsewhere.

None of it sends anything: what may have gone is never sent again.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from audiences.tables import CONTACT
from campaigns.channels.folder_outbox import table
from campaigns.channels.outcome import Accepted
from campaigns.channels.provider import MessageProvider, OutgoingSms, Searchable
from campaigns.core.errors import AuthorError, writing
from campaigns.core.model.enums import Channel
from campaigns.runs.dispatch.sweeper import tidy
from campaigns.runs.engine import Engine
from campaigns.store.people import audit
from campaigns.store.runs import delivery_events
from campaigns.store.runs import uncertain as stored
from campaigns.store.runs.states import DeliveryState

COLUMNS: Final = ("delivery", "position", "member_id", "channel", "provider", "claimed_at", "detail")
_AT_ONCE: Final = 500
_SETTLES: Final = "reconcile"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many were settled: by events that had come, by asking the provider; and how many are left."""

    by_events: int
    by_provider: int
    left: int


@dataclass(frozen=True, slots=True)
class _Search:
    """What to ask the provider about one delivery, in real time."""

    place: delivery_events.Place
    number: str
    since: datetime
    until: datetime
    known: Collection[str]


def uncertain(engine: Engine, run_id: str) -> list[Mapping[str, Any]]:
    """The uncertain deliveries of a run; `delivery` is our name for them with the provider."""
    number = engine.run(run_id).number or 0
    with engine.ledger.read() as connection:
        rows = stored.of_run(connection, number)
    return [{**row, "delivery": engine.signer.delivery_name(number, row["position"])} for row in rows]


def reconcile(engine: Engine, run_id: str) -> Reconciled:
    """Settle what can be: by the events that are kept, and by asking the providers that can be asked.

    That a provider has no such message is not taken for a proof: what is left stays uncertain. Killed halfway, call it
    again.
    """
    before = len(uncertain(engine, run_id))
    tidy(engine.ledger, engine.clock.now())
    rows = uncertain(engine, run_id)
    told = before - len(rows)
    found = asyncio.run(_ask(engine.providers.sms, _searches(engine, rows)))
    settled = 0
    with engine.ledger.write() as connection:
        for place, name in found.items():
            settled += stored.conclude(connection, place, name)
        detail = {"by_events": told, "by_provider": settled, "left": len(rows) - settled}
        audit.note(connection, engine.clock.now(), engine.actor, _SETTLES, run_id, detail)
    return Reconciled(told, settled, len(rows) - settled)


def mark(engine: Engine, run_id: str, state: DeliveryState, members: Collection[str] = ()) -> int:
    """Decide by hand what became of a run's uncertain deliveries, or of those of some members; returns of how many.

    AuthorError for a member who has none. Only the log of the provider can tell: this is for who has looked there.
    """
    rows = uncertain(engine, run_id)
    strangers = sorted(set(members) - {row["member_id"] for row in rows})
    if strangers:
        hint = f"`viesti uncertain {run_id}` lists those that there are"
        raise AuthorError.about(strangers[0], "this member has no uncertain delivery in the run", "not_uncertain", hint)
    places = [(row["run_number"], row["position"]) for row in rows if not members or row["member_id"] in members]
    marked = 0
    for start in range(0, len(places), _AT_ONCE):
        with engine.ledger.write() as connection:
            some = stored.mark(connection, places[start : start + _AT_ONCE], state)
            detail = {"state": state.value, "deliveries": some}
            audit.note(connection, engine.clock.now(), engine.actor, "mark uncertain", run_id, detail)
        marked += some
    return marked


def export(engine: Engine, run_id: str, file: Path) -> int:
    """Write a run's uncertain deliveries into a CSV file that a spreadsheet opens; returns how many.

    AuthorError when the file is there or cannot be written. No address is in it: our name of the delivery is what
    SendGrid's log and callbacks of Twilio know.
    """
    rows = uncertain(engine, run_id)
    content = table(COLUMNS, ([_cell(row[name]) for name in COLUMNS] for row in rows))
    with writing(file), file.open("xb") as opened:
        opened.write(content)
    return len(rows)


def _cell(value: object) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)


def _searches(engine: Engine, rows: Sequence[Mapping[str, Any]]) -> list[_Search]:
    """What can be asked: of messages to numbers of which one alone is looked for, so that none is taken for another."""
    texts = [row for row in rows if row["channel"] == Channel.SMS and row["claimed_at"] is not None]
    lease, shift = timedelta(seconds=engine.library.settings.dispatch.lease), engine.clock.shift
    searches = []
    with engine.ledger.read() as connection:
        members = [row["member_id"] for row in texts]
        contact = select(CONTACT.c.member_id, CONTACT.c.phone).where(CONTACT.c.member_id.in_(members))
        phones = {row.member_id: row.phone for row in connection.execute(contact) if row.phone}
        shared = Counter(phones[member] for member in members if member in phones)
        for row in texts:
            number = phones.get(row["member_id"])
            if number is None or shared[number] > 1:
                continue
            sharers = select(CONTACT.c.member_id).where(CONTACT.c.phone == number)
            known = stored.references(connection, list(connection.execute(sharers).scalars()))
            since = row["claimed_at"] - shift
            searches.append(_Search((row["run_number"], row["position"]), number, since, since + lease, known))
    return searches


async def _ask(provider: MessageProvider[OutgoingSms], searches: Sequence[_Search]) -> dict[delivery_events.Place, str]:
    """What the provider calls the messages that it has."""
    if not isinstance(provider, Searchable) or not searches:
        return {}
    found = {}
    await provider.open()
    try:
        for each in searches:
            outcome = await provider.find(each.number, None, each.since, each.until, each.known)
            if isinstance(outcome, Accepted):
                found[each.place] = outcome.provider_id
    finally:
        await provider.close()
    return found
