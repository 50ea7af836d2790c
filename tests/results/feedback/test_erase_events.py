"""Events of members follow erasure, merging and retention, on either ledger."""

from sqlalchemy import select

from campaigns.channels.events import Event, EventKind
from campaigns.channels.twilio_events import reply_event
from campaigns.people.privacy import erasure, merging
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS

AINO, OTHER = MEMBERS[0], MEMBERS[1]


def events(workspace):
    with workspace.engine.context.ledger.read() as connection:
        return connection.execute(select(EVENT).order_by(EVENT.c.number)).mappings().all()


def ingest_reports(sent_run):
    """Ingest events of two members' deliveries, a reply, and a bounce report with an address."""
    form = {"MessageSid": ["SM1"], "From": ["+358401230001"], "Body": ["Hei, olen Aino"]}
    sent_run.ingest(
        sent_run.event(AINO, EventKind.DELIVERED, raw=f'{{"email": "{AINO}@example.org"}}'),
        sent_run.event(OTHER, EventKind.DELIVERED, raw="of another"),
        reply_event(form, sent_run.workspace.clock.time),
        Event(
            "smtp",
            "r1",
            EventKind.BOUNCED,
            sent_run.workspace.clock.time,
            address=f"{AINO}@Example.org",
            raw="a report",
        ),
    )


def test_gd12_erasure_empties_the_members_events(sent_run):
    ingest_reports(sent_run)
    workspace = sent_run.workspace
    assert [row["address"] for row in events(workspace)] == [None, None, "+358401230001", f"{AINO}@example.org"]
    erasure.erase(workspace.engine.context, AINO)
    own, another, reply, report = events(workspace)
    assert own["member_id"].startswith("erased-")
    assert [row["raw"] for row in (own, another, reply, report)] == ["", "of another", "", ""]
    assert {row["address"] for row in events(workspace)} == {None}
    assert [row["word"] for row in events(workspace)] == ["delivered", "delivered", "replied", "bounced"]


def test_c12_events_of_the_duplicate_move_to_the_member(sent_run):
    ingest_reports(sent_run)
    merging.merge(sent_run.workspace.engine.context, OTHER, AINO, approved=True)
    assert [row["member_id"] for row in events(sent_run.workspace)] == [AINO, AINO, None, None]


def test_gd03_event_payloads_are_purged_after_their_time_and_events_remain(sent_run):
    ingest_reports(sent_run)
    workspace = sent_run.workspace
    workspace.clock.advance(days=91)
    sent_run.ingest(sent_run.event(AINO, EventKind.CLICKED), sent_run.event(AINO, EventKind.DEFERRED, raw="new"))
    evidence = {item.table: item for item in erasure.apply_retention(workspace.engine.context)}["words of events"]
    assert (evidence.removed, evidence.remaining, evidence.oldest) == (4, 1, workspace.clock.time)
    assert [row["raw"] for row in events(workspace)] == ["", "", "", "", "new"]
    assert {row["address"] for row in events(workspace)} == {None}
