"""Runs that were sent, what is told about them, and what the ledger holds then."""

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
"""Those of whose messages no answer came."""


@dataclass(frozen=True)
class SentRun:
    """One run that was sent."""

    workspace: SampleWorkspace
    run: Run

    def name(self, member: str) -> str:
        """Our opaque name of a member's delivery."""
        position = self.workspace.deliveries(self.run)[member]["position"]
        return self.workspace.engine.context.signer.delivery_reference(self.run.number or 0, position)

    def event(self, member: str, word: EventKind, **said: Any) -> Event:
        """What a provider that signs tells of a member's delivery; its key is made of who and what."""
        said = {"provider": "sendgrid", "address": f"{member}@example.org", "key": f"{member}-{word}"} | said
        return Event(kind=word, at=self.workspace.clock.time, delivery=self.name(member), **said)

    def ingest(self, *told: Event) -> IngestResult:
        with self.workspace.engine.context.ledger.write() as connection:
            return self.ingest_in(connection, told)

    def ingest_in(self, connection: Connection, told: Sequence[Event]) -> IngestResult:
        return ingest(connection, self.workspace.engine.context.signer, told, self.workspace.clock.time)

    def end(self, member: str) -> tuple[str, str | None]:
        return self.workspace.end_states(self.run)[member]


def send_run(workspace: SampleWorkspace, text: str = EMAIL, name: str = "offers") -> SentRun:
    """Send a campaign to everybody; of the messages of some, nobody knows what became."""
    with_scripted_provider(workspace, ScriptedProvider(_answer))
    run = workspace.start(name, text)
    assert workspace.send(run).closed
    return load_sent_run(workspace)


def load_sent_run(workspace: SampleWorkspace) -> SentRun:
    """What was sent last in this village or in the one that it is a copy of, five minutes later."""
    with_scripted_provider(workspace, ScriptedProvider(_answer))
    workspace.clock.advance(minutes=5)
    return SentRun(workspace, workspace.engine.queries.recent_runs()[0])


def _answer(message: OutgoingEmail | OutgoingSms) -> Outcome:
    lost = message.claimed.member_id in LOST
    return Unknown("no answer") if lost else Accepted(f"ref-{message.claimed.position}")


def holds(connection: Connection) -> dict[str, Any]:
    """What the ledger holds because of what was told, whenever that was."""
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
