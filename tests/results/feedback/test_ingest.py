"""What follows from what providers tell, on either ledger, however often and in whatever order it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from audiences.consent.suppressions import AddressKind
from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.channels.events import EventAction, EventKind
from campaigns.channels.twilio_events import reply_event
from campaigns.people.privacy import erasure
from campaigns.runs.dispatch.sweeper import clean_up
from campaigns.runs.planning import contact_history
from campaigns.store.runs.event_tables import EVENT
from campaigns.store.runs.run_tables import DELIVERY
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import ALL, LOST, SERVICE, SMS, holds, send_run

KNOWN, OTHER = MEMBERS[0], MEMBERS[1]
UNKNOWN = min(LOST)
COMPLAINT = frozenset({EventAction.SUPPRESS_COMPLAINED, EventAction.WITHDRAW_EMAIL})
BOUNCED = frozenset({EventAction.SUPPRESS_BOUNCED})
STOPPED = frozenset({EventAction.WITHDRAW_SMS})


def told(sending):
    """Something of every kind, contradictions included."""
    return [
        sending.event(UNKNOWN, EventKind.TAKEN, provider_id="sg-1"),
        sending.event(UNKNOWN, EventKind.DELIVERED, provider_id="sg-1"),
        sending.event(MEMBERS[13], EventKind.DROPPED, asks=frozenset({EventAction.SUPPRESS_INVALID})),
        sending.event(MEMBERS[14], EventKind.DROPPED, provider_id="sg-2"),
        sending.event(MEMBERS[14], EventKind.TAKEN, provider_id="sg-2"),
        sending.event(KNOWN, EventKind.DROPPED),
        sending.event(KNOWN, EventKind.BOUNCED, asks=BOUNCED, code="5.1.1"),
        sending.event(OTHER, EventKind.COMPLAINED, asks=COMPLAINT),
        sending.event(OTHER, EventKind.UNSUBSCRIBED, asks=frozenset({EventAction.WITHDRAW_EMAIL})),
        sending.event(OTHER, EventKind.RESUBSCRIBED),
        sending.event(MEMBERS[2], EventKind.CLICKED),
        sending.event(MEMBERS[3], EventKind.CLICKED),
    ]


def test_sg12_replayed_and_shuffled_the_same_is_known(sending):
    """TW-14 too: each order, with repeats and in batches of any size, ends in the same ledger."""
    workspace = sending.workspace
    workspace.record_choices(MEMBERS[2], "tracking")
    workspace.record_choices(OTHER, "newsletter:food")
    workspace.clock.advance(minutes=1)
    events = told(sending)

    def after(*batches):
        with workspace.engine.context.ledger.write() as connection:
            undo = connection.begin_nested()
            for batch in batches:
                sending.ingest_in(connection, batch)
            found = holds(connection)
            undo.rollback()
        return found

    once = after(events)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def law(data):
        again = data.draw(st.lists(st.sampled_from(events), max_size=8))
        shuffled = data.draw(st.permutations(events + again))
        cut = data.draw(st.integers(0, len(shuffled)))
        assert after(shuffled[:cut], shuffled[cut:]) == once

    law()


def test_dl07_what_was_uncertain_is_settled_by_what_is_told(sending):
    assert sending.end(UNKNOWN) == ("uncertain", "unknown_outcome")
    sending.ingest(sending.event(UNKNOWN, EventKind.DEFERRED, provider_id="sg-1"))
    assert sending.end(UNKNOWN) == ("accepted", None)
    assert sending.workspace.deliveries(sending.run)[UNKNOWN]["provider_ref"] == "sg-1"
    sending.ingest(sending.event(MEMBERS[13], EventKind.DROPPED))
    assert sending.end(MEMBERS[13]) == ("refused", "provider_rejected")
    assert sending.workspace.balance(sending.run) == {"accepted": 13, "refused": 1, "uncertain": 10}


def test_what_was_told_before_the_sweep_settles_after_it(sending):
    """An event overtakes our own knowing that the outcome was lost."""
    workspace, at = sending.workspace, sending.workspace.deliveries(sending.run)[UNKNOWN]["position"]
    row = (DELIVERY.c.run_number == sending.run.number) & (DELIVERY.c.position == at)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(state="sending", reason=None))
    sending.ingest(sending.event(UNKNOWN, EventKind.DELIVERED))
    assert sending.end(UNKNOWN)[0] == "sending"
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(state="uncertain", reason="unknown_outcome"))
    clean_up(workspace.engine.context.ledger, workspace.clock.time)
    assert sending.end(UNKNOWN) == ("accepted", None)


@pytest.mark.parametrize(
    ("word", "asks", "reason", "scope"),
    [
        (EventKind.BOUNCED, BOUNCED, "suppressed_hard_bounce", "all"),
        (EventKind.DROPPED, frozenset({EventAction.SUPPRESS_INVALID}), "suppressed_invalid", "all"),
        (EventKind.COMPLAINED, COMPLAINT, "suppressed_complaint", "marketing"),
    ],
)
def test_sg13_an_address_is_bound_for_all_who_share_it(sending, word, asks, reason, scope):
    sending.workspace.change_contact(OTHER, email=f"{KNOWN.upper()}@example.org", mailbox=f"{KNOWN}@example.org")
    sending.ingest(sending.event(KNOWN, word, asks=asks, address=f"{KNOWN}@Example.org"))
    with sending.workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(SUPPRESSION)).all()
    assert [(row.kind, row.value, row.reason, row.scope) for row in rows] == [
        (AddressKind.EMAIL, f"{KNOWN}@example.org", reason, scope)
    ]
    if scope == "all":
        _, tally = sending.workspace.plan("again", SERVICE)
        assert sum(tally.skips.values()) == 2


def test_e27_a_complaint_ends_all_marketing_by_mail_and_nothing_else(sending):
    sending.workspace.record_choices(KNOWN, "newsletter:food", "email_partner", "electronic_owner_post")
    sending.ingest(sending.event(KNOWN, EventKind.COMPLAINED, asks=COMPLAINT))
    stance = sending.workspace.contact(KNOWN)
    assert [name for name in ("email_own", "email_partner") if stance[name]] == []
    assert stance["newsletters"] == []
    assert stance["sms_own"]
    assert stance["electronic_owner_post"]
    assert sending.workspace.contact(OTHER)["email_own"]


def test_a_yes_that_came_after_what_was_told_holds(sending):
    event = sending.event(KNOWN, EventKind.UNSUBSCRIBED, asks=frozenset({EventAction.WITHDRAW_EMAIL}))
    sending.workspace.clock.advance(minutes=10)
    sending.workspace.record_choices(KNOWN, "email_own")
    sending.workspace.clock.advance(minutes=10)
    sending.ingest(event)
    assert sending.workspace.contact(KNOWN)["email_own"]


def test_tw06_stop_ends_text_messages_for_all_who_share_the_number(workspace):
    workspace.change_contact(OTHER, phone="+358401230001")
    sending = send_run(workspace, SMS, "texts")
    form = {"MessageSid": ["SM1"], "From": ["+358401230001"], "To": ["+358450000000"], "Body": ["Lopeta!"]}
    sending.ingest(reply_event(form, workspace.clock.time))
    for member in (KNOWN, OTHER):
        assert not workspace.contact(member)["sms_own"]
        assert workspace.contact(member)["email_own"]
    assert workspace.contact(MEMBERS[2])["sms_own"]
    later = workspace.clock.time + timedelta(minutes=1)
    sending.ingest(reply_event(form | {"MessageSid": ["SM2"], "Body": ["START"]}, later))
    assert not workspace.contact(KNOWN)["sms_own"]


def test_clicks_are_kept_with_consent_to_tracking_and_forgotten_without(sending):
    workspace = sending.workspace
    workspace.record_choices(KNOWN, "tracking")
    sending.ingest(sending.event(KNOWN, EventKind.CLICKED), sending.event(OTHER, EventKind.CLICKED))
    assert contact_history.clicks(workspace.engine.context.ledger).column("member_id").to_pylist() == [KNOWN]
    assert contact_history.clicks(workspace.engine.context.ledger).column("campaign").to_pylist() == ["offers"]
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(EVENT.c.member_id)).scalars().all() == [KNOWN]
    workspace.clock.advance(minutes=1)
    workspace.record_choices(KNOWN, "tracking", on=False)
    assert contact_history.clicks(workspace.engine.context.ledger).num_rows == 0


def test_a_name_that_was_made_up_finds_no_delivery(sending):
    event = sending.event(UNKNOWN, EventKind.DELIVERED)
    wrong = event.delivery.replace(event.delivery[3], "q" if event.delivery[3] != "q" else "r", 1)
    sending.ingest(replace(event, delivery=wrong))
    assert sending.end(UNKNOWN)[0] == "uncertain"
    sending.ingest(replace(event, delivery=event.delivery.upper(), key="another"))
    assert sending.end(UNKNOWN)[0] == "accepted"


def test_what_a_stranger_writes_can_be_stored(sending):
    sending.ingest(sending.event(KNOWN, EventKind.DELIVERED, key="a\0b\ud800", raw="\0\udfff", code="\0"))
    with sending.workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(EVENT.c.key, EVENT.c.raw)).one() == ("ab?", "?")
    assert sending.ingest(sending.event(KNOWN, EventKind.DELIVERED, key="a\0b\ud800")).new == 0


def test_who_has_no_address_any_more_is_still_whom_a_complaint_is_from(sending):
    sending.workspace.change_contact(KNOWN, email=None, mailbox=None)
    sending.ingest(sending.event(KNOWN, EventKind.COMPLAINED, asks=COMPLAINT))
    assert not sending.workspace.contact(KNOWN)["email_own"]


def test_an_erased_member_gets_no_choices(sending):
    event = sending.event(KNOWN, EventKind.COMPLAINED, asks=COMPLAINT)
    erasure.erase(sending.workspace.engine.context, KNOWN)
    sending.ingest(event)
    with sending.workspace.engine.context.ledger.read() as connection:
        said = connection.execute(select(CHOICE_ENTRY.c.source).where(CHOICE_ENTRY.c.member_id.like("erased-%")))
        assert set(said.scalars()) == {"web"}


def test_a_click_is_read_by_rules_of_those_who_consent(sending):
    """`clicked` (design, section 6) finds whom the redirector or a provider told of."""
    workspace = sending.workspace
    for member in (KNOWN, OTHER):
        workspace.record_choices(member, "tracking")
    workspace.clock.advance(minutes=1)
    sending.ingest(sending.event(KNOWN, EventKind.CLICKED), sending.event(OTHER, EventKind.CLICKED))
    workspace.record_choices(OTHER, "tracking", on=False)
    workspace.clock.advance(hours=1)
    rule = "audience: {all: [{register: [owners, customers]}, {clicked: {campaign: offers, within: 7 days}}]}\n"
    run, _ = workspace.plan("thanks", SERVICE.replace(ALL, rule))
    assert set(workspace.decisions(run)) == {KNOWN}
