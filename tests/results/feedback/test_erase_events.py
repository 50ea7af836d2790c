"""What was told of members goes with them: erasure, merging, retention, on either ledger."""

from sqlalchemy import select

from campaigns.channels.events import Event, EventKind
from campaigns.channels.twilio_events import reply_event
from campaigns.people.privacy import erasure
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS

AINO, OTHER = MEMBERS[0], MEMBERS[1]


def events(workspace):
    with workspace.engine.context.ledger.read() as connection:
        return connection.execute(select(EVENT).order_by(EVENT.c.number)).mappings().all()


def told(sending):
    """Of one member's delivery, and what she wrote to us of herself."""
    form = {"MessageSid": ["SM1"], "From": ["+358401230001"], "Body": ["Hei, olen Aino"]}
    sending.ingest(
        sending.event(AINO, EventKind.DELIVERED, raw=f'{{"email": "{AINO}@example.org"}}'),
        sending.event(OTHER, EventKind.DELIVERED, raw="of another"),
        reply_event(form, sending.workspace.clock.time),
        Event(
            "smtp", "r1", EventKind.BOUNCED, sending.workspace.clock.time, address=f"{AINO}@Example.org", raw="a report"
        ),
    )


def test_gd12_nothing_that_was_said_of_an_erased_member_is_left(sending):
    told(sending)
    workspace = sending.workspace
    assert [row["address"] for row in events(workspace)] == [None, None, "+358401230001", f"{AINO}@example.org"]
    erasure.erase(workspace.engine.context, AINO)
    mine, another, reply, report = events(workspace)
    assert mine["member_id"].startswith("erased-")
    assert [row["raw"] for row in (mine, another, reply, report)] == ["", "of another", "", ""]
    assert {row["address"] for row in events(workspace)} == {None}
    assert [row["word"] for row in events(workspace)] == ["delivered", "delivered", "replied", "bounced"]


def test_c12_a_duplicate_s_events_go_over(sending):
    told(sending)
    erasure.merge(sending.workspace.engine.context, OTHER, AINO)
    assert [row["member_id"] for row in events(sending.workspace)] == [AINO, AINO, None, None]


def test_gd03_what_was_said_is_forgotten_after_its_time_and_that_it_was_said_is_not(sending):
    told(sending)
    workspace = sending.workspace
    workspace.clock.advance(days=91)
    sending.ingest(sending.event(AINO, EventKind.CLICKED), sending.event(AINO, EventKind.DEFERRED, raw="new"))
    evidence = {each.table: each for each in erasure.apply_retention(workspace.engine.context)}["words of events"]
    assert (evidence.removed, evidence.remaining, evidence.oldest) == (4, 1, workspace.clock.time)
    assert [row["raw"] for row in events(workspace)] == ["", "", "", "", "new"]
    assert {row["address"] for row in events(workspace)} == {None}
