"""Commands for uncertain deliveries: list, ask the provider, decide by hand, export.

Nothing here sends: a message that may have gone is never sent again.
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
from campaigns.channels.folder_outbox import spreadsheet_csv
from campaigns.channels.outcome import Accepted
from campaigns.channels.provider import MessageProvider, OutgoingSms, SearchableProvider
from campaigns.core.errors import UserError, report_write_errors
from campaigns.core.model.enums import Channel
from campaigns.core.private_files import write_new
from campaigns.runs.dispatch.sweeper import clean_up
from campaigns.store.people import audit
from campaigns.store.runs import delivery_events, runs, uncertain
from campaigns.store.runs.states import DeliveryState
from campaigns.workspace.context import Context

CSV_COLUMNS: Final = ("delivery", "position", "member_id", "channel", "provider", "claimed_at", "detail")
_AT_ONCE: Final = 500
_RECONCILE: Final = "reconcile"


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """Number of deliveries settled by events and by asking the provider, and of those still uncertain."""

    by_events: int
    by_provider: int
    left: int


@dataclass(frozen=True, slots=True)
class _Search:
    """Search for one delivery at the provider, in real time."""

    place: delivery_events.DeliveryKey
    number: str
    since: datetime
    until: datetime
    known: Collection[str]


def uncertain_deliveries(context: Context, run_id: str) -> list[Mapping[str, Any]]:
    """Return the uncertain deliveries of a run; `delivery` is our name for them with the provider."""
    with context.ledger.read() as connection:
        number = runs.get(connection, run_id).number or 0
        rows = uncertain.list_for_run(connection, number)
    return [{**row, "delivery": context.signer.delivery_reference(number, row["position"])} for row in rows]


def reconcile(context: Context, run_id: str) -> ReconcileResult:
    """Settle deliveries by stored events, and by asking providers that support it.

    A message missing at the provider is no proof: that delivery stays uncertain. After a crash, call it again.
    """
    before = len(uncertain_deliveries(context, run_id))
    clean_up(context.ledger, context.clock.now())
    rows = uncertain_deliveries(context, run_id)
    by_events = before - len(rows)
    provider_ids = asyncio.run(_search_provider(context.providers.sms, _searches(context, rows)))
    by_provider = 0
    with context.ledger.write() as connection:
        for place, provider_id in provider_ids.items():
            by_provider += uncertain.resolve_accepted(connection, place, provider_id)
        detail = {"by_events": by_events, "by_provider": by_provider, "left": len(rows) - by_provider}
        audit.record(connection, context.clock.now(), context.actor, _RECONCILE, run_id, detail)
    return ReconcileResult(by_events, by_provider, len(rows) - by_provider)


def set_outcome(context: Context, run_id: str, state: DeliveryState, members: Collection[str] = ()) -> int:
    """Set the outcome of a run's uncertain deliveries by hand, optionally of some members only; return how many.

    Use it after a look at the provider's log. Raises UserError for a member without an uncertain delivery.
    """
    rows = uncertain_deliveries(context, run_id)
    unknown = sorted(set(members) - {row["member_id"] for row in rows})
    if unknown:
        hint = f"`viesti uncertain {run_id}` lists those that there are"
        raise UserError.about(unknown[0], "this member has no uncertain delivery in the run", "not_uncertain", hint)
    places = [(row["run_number"], row["position"]) for row in rows if not members or row["member_id"] in members]
    marked = 0
    for start in range(0, len(places), _AT_ONCE):
        with context.ledger.write() as connection:
            count = uncertain.mark_by_hand(connection, places[start : start + _AT_ONCE], state)
            detail = {"state": state.value, "deliveries": count}
            audit.record(connection, context.clock.now(), context.actor, "mark uncertain", run_id, detail)
        marked += count
    return marked


def export(context: Context, run_id: str, file: Path) -> int:
    """Write a run's uncertain deliveries to a CSV file for spreadsheets; return how many.

    Raises UserError when the file exists or cannot be written. It holds no address: SendGrid's log and Twilio's
    callbacks know our delivery name.
    """
    rows = uncertain_deliveries(context, run_id)
    content = spreadsheet_csv(CSV_COLUMNS, ([_cell(row[name]) for name in CSV_COLUMNS] for row in rows))
    with report_write_errors(file):
        write_new(file, content)
    return len(rows)


def _cell(value: object) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)


def _searches(context: Context, rows: Sequence[Mapping[str, Any]]) -> list[_Search]:
    """Return the possible searches: only numbers with a single text message in question, so that none is confused."""
    texts = [row for row in rows if row["channel"] == Channel.SMS and row["claimed_at"] is not None]
    lease, shift = timedelta(seconds=context.repository.settings.dispatch.lease), context.clock.shift
    searches = []
    with context.ledger.read() as connection:
        members = [row["member_id"] for row in texts]
        contact = select(CONTACT.c.member_id, CONTACT.c.phone).where(CONTACT.c.member_id.in_(members))
        phones = {row.member_id: row.phone for row in connection.execute(contact) if row.phone}
        shared = Counter(phones[member] for member in members if member in phones)
        for row in texts:
            number = phones.get(row["member_id"])
            if number is None or shared[number] > 1:
                continue
            sharers = select(CONTACT.c.member_id).where(CONTACT.c.phone == number)
            known = uncertain.provider_references(connection, list(connection.execute(sharers).scalars()))
            since = row["claimed_at"] - shift
            searches.append(_Search((row["run_number"], row["position"]), number, since, since + lease, known))
    return searches


async def _search_provider(
    provider: MessageProvider[OutgoingSms], searches: Sequence[_Search]
) -> dict[delivery_events.DeliveryKey, str]:
    """Return the provider's ids of the messages that it has."""
    if not isinstance(provider, SearchableProvider) or not searches:
        return {}
    provider_ids = {}
    await provider.open()
    try:
        for search in searches:
            outcome = await provider.find_message(search.number, None, search.since, search.until, search.known)
            if isinstance(outcome, Accepted):
                provider_ids[search.place] = outcome.provider_id
    finally:
        await provider.close()
    return provider_ids
