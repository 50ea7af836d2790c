"""Sent runs, provider events about them, and the resulting contents of the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from audiences.consent.choices import consent_state_of
from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.channels.events import Event, EventKind
from campaigns.channels.outcome import Accepted, Outcome, Unknown
from campaigns.channels.provider import OutgoingEmail, OutgoingSms
from campaigns.results.feedback.ingest import IngestResult, ingest
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import DELIVERY, Run
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

ALL: Final = "audience: {register: [owners, customers]}\n"
_FRIDAY: Final = 'schedule: {at: "2018-01-05 10:30"}\n'
EMAIL: Final = f"purpose: marketing\n{ALL}channels: [email]\n{_FRIDAY}content: {{email: hello}}\n"
SMS: Final = f"purpose: marketing\n{ALL}channels: [sms]\n{_FRIDAY}content: {{sms: hello}}\n"
SERVICE: Final = EMAIL.replace("marketing", "service")
LOST: Final = frozenset(MEMBERS[12:])
"""Members whose messages got no answer."""


@dataclass(frozen=True)
class SentRun:
    """One sent run."""

    workspace: SampleWorkspace
    run: Run

    def name(self, member: str) -> str:
        """Return the opaque id of a member's delivery."""
        position = self.workspace.deliveries(self.run)[member]["position"]
        return self.workspace.engine.context.signer.delivery_reference(self.run.number or 0, position)

    def event(self, member: str, kind: EventKind, **values: Any) -> Event:
        """Return a provider event about a member's delivery; its key is built from member and kind."""
        values = {"provider": "sendgrid", "address": f"{member}@example.org", "key": f"{member}-{kind}"} | values
        return Event(kind=kind, at=self.workspace.clock.time, delivery=self.name(member), **values)

    def ingest(self, *events: Event) -> IngestResult:
        with self.workspace.engine.context.ledger.write() as connection:
            return self.ingest_in(connection, events)

    def ingest_in(self, connection: Connection, events: Sequence[Event]) -> IngestResult:
        return ingest(connection, self.workspace.engine.context.signer, events, self.workspace.clock.time)

    def end(self, member: str) -> tuple[str, str | None]:
        return self.workspace.end_states(self.run)[member]


def send_run(workspace: SampleWorkspace, text: str = EMAIL, name: str = "offers") -> SentRun:
    """Send a campaign to all members; the outcome of some messages stays unknown."""
    with_scripted_provider(workspace, ScriptedProvider(_answer))
    run = workspace.start(name, text)
    assert workspace.send(run).closed
    return load_sent_run(workspace)


def load_sent_run(workspace: SampleWorkspace) -> SentRun:
    """Return the latest run of this workspace, five minutes after it was sent."""
    with_scripted_provider(workspace, ScriptedProvider(_answer))
    workspace.clock.advance(minutes=5)
    return SentRun(workspace, workspace.engine.queries.recent_runs()[0])


def _answer(message: OutgoingEmail | OutgoingSms) -> Outcome:
    is_lost = message.claimed.member_id in LOST
    return Unknown("no answer") if is_lost else Accepted(f"ref-{message.claimed.position}")


def stored_effects(connection: Connection) -> dict[str, Any]:
    """Return the contents of the ledger that events change, without times."""
    entries = connection.execute(select(CHOICE_ENTRY.c.member_id, CHOICE_ENTRY.c.choice, CHOICE_ENTRY.c.state))
    return {
        "deliveries": _rows(connection, DELIVERY, "member_id", "state", "reason", "provider_ref"),
        "suppressions": _rows(connection, SUPPRESSION, "kind", "value", "reason", "scope"),
        "stances": {member: consent_state_of(connection, member) for member in MEMBERS},
        "said": {tuple(row) for row in entries},
        "events": _rows(connection, EVENT, "provider", "key", "word", "member_id"),
    }


def _rows(connection: Connection, table: Any, *names: str) -> list[tuple[Any, ...]]:
    rows: Iterable[Any] = connection.execute(select(*(table.c[name] for name in names)))
    return sorted((tuple(row) for row in rows), key=repr)
