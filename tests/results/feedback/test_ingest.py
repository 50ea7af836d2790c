"""Effects of provider events on either ledger, however often and in whatever order they arrive."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
from tests.support.examples import examples
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import ALL, EMAIL, LOST, SERVICE, SMS, send_run, stored_effects

KNOWN, OTHER = MEMBERS[0], MEMBERS[1]
UNKNOWN = min(LOST)
COMPLAINT = frozenset({EventAction.SUPPRESS_COMPLAINED, EventAction.WITHDRAW_EMAIL})
BOUNCED = frozenset({EventAction.SUPPRESS_BOUNCED})
STOPPED = frozenset({EventAction.WITHDRAW_SMS})


def sample_events(sent_run):
    """Return events of every kind, contradictions included."""
    return [
        sent_run.event(UNKNOWN, EventKind.TAKEN, provider_id="sg-1"),
        sent_run.event(UNKNOWN, EventKind.DELIVERED, provider_id="sg-1"),
        sent_run.event(MEMBERS[13], EventKind.DROPPED, actions=frozenset({EventAction.SUPPRESS_INVALID})),
        sent_run.event(MEMBERS[14], EventKind.DROPPED, provider_id="sg-2"),
        sent_run.event(MEMBERS[14], EventKind.TAKEN, provider_id="sg-2"),
        sent_run.event(KNOWN, EventKind.DROPPED),
        sent_run.event(KNOWN, EventKind.BOUNCED, actions=BOUNCED, code="5.1.1"),
        sent_run.event(OTHER, EventKind.COMPLAINED, actions=COMPLAINT),
        sent_run.event(OTHER, EventKind.UNSUBSCRIBED, actions=frozenset({EventAction.WITHDRAW_EMAIL})),
        sent_run.event(OTHER, EventKind.RESUBSCRIBED),
        sent_run.event(MEMBERS[2], EventKind.CLICKED),
        sent_run.event(MEMBERS[3], EventKind.CLICKED),
    ]


def test_sg12_replayed_and_shuffled_events_end_in_the_same_ledger(sent_run):
    """TW-14 too: any order, any repeats and any batch size end in the same ledger."""
    workspace = sent_run.workspace
    workspace.record_choices(MEMBERS[2], "tracking")
    workspace.record_choices(OTHER, "newsletter:food")
    workspace.clock.advance(minutes=1)
    events = sample_events(sent_run)

    def ledger_after(*batches):
        with workspace.engine.context.ledger.write() as connection:
            undo = connection.begin_nested()
            for batch in batches:
                sent_run.ingest_in(connection, batch)
            contents = stored_effects(connection)
            undo.rollback()
        return contents

    once = ledger_after(events)

    @settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def law(data):
        repeats = data.draw(st.lists(st.sampled_from(events), max_size=8))
        shuffled = data.draw(st.permutations(events + repeats))
        cut = data.draw(st.integers(0, len(shuffled)))
        assert ledger_after(shuffled[:cut], shuffled[cut:]) == once

    law()


def test_dl07_uncertain_delivery_is_settled_by_an_event(sent_run):
    assert sent_run.end(UNKNOWN) == ("uncertain", "unknown_outcome")
    sent_run.ingest(sent_run.event(UNKNOWN, EventKind.DEFERRED, provider_id="sg-1"))
    assert sent_run.end(UNKNOWN) == ("accepted", None)
    assert sent_run.workspace.deliveries(sent_run.run)[UNKNOWN]["provider_ref"] == "sg-1"
    sent_run.ingest(sent_run.event(MEMBERS[13], EventKind.DROPPED))
    assert sent_run.end(MEMBERS[13]) == ("refused", "provider_rejected")
    assert sent_run.workspace.balance(sent_run.run) == {"accepted": 13, "refused": 1, "uncertain": 10}


def test_event_before_the_sweep_settles_the_delivery_after_it(sent_run):
    """The event arrives before the sweep marks the delivery as uncertain."""
    workspace, at = sent_run.workspace, sent_run.workspace.deliveries(sent_run.run)[UNKNOWN]["position"]
    row = (DELIVERY.c.run_number == sent_run.run.number) & (DELIVERY.c.position == at)
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(state="sending", reason=None))
    sent_run.ingest(sent_run.event(UNKNOWN, EventKind.DELIVERED))
    assert sent_run.end(UNKNOWN)[0] == "sending"
    with workspace.engine.context.ledger.write() as connection:
        connection.execute(update(DELIVERY).where(row).values(state="uncertain", reason="unknown_outcome"))
    clean_up(workspace.engine.context.ledger, workspace.clock.time)
    assert sent_run.end(UNKNOWN) == ("accepted", None)


@pytest.mark.parametrize(
    ("kind", "actions", "reason", "scope"),
    [
        (EventKind.BOUNCED, BOUNCED, "suppressed_hard_bounce", "all"),
        (EventKind.DROPPED, frozenset({EventAction.SUPPRESS_INVALID}), "suppressed_invalid", "all"),
        (EventKind.COMPLAINED, COMPLAINT, "suppressed_complaint", "marketing"),
    ],
)
def test_sg13_suppression_binds_all_members_sharing_the_address(sent_run, kind, actions, reason, scope):
    sent_run.workspace.change_contact(OTHER, email=f"{KNOWN.upper()}@example.org", mailbox=f"{KNOWN}@example.org")
    sent_run.ingest(sent_run.event(KNOWN, kind, actions=actions, address=f"{KNOWN}@Example.org"))
    with sent_run.workspace.engine.context.ledger.read() as connection:
        rows = connection.execute(select(SUPPRESSION)).all()
    assert [(row.kind, row.value, row.reason, row.scope) for row in rows] == [
        (AddressKind.EMAIL, f"{KNOWN}@example.org", reason, scope)
    ]
    if scope == "all":
        _, tally = sent_run.workspace.plan("again", SERVICE)
        assert sum(tally.skips.values()) == 2


def test_e27_complaint_ends_all_email_marketing_and_nothing_else(sent_run):
    sent_run.workspace.record_choices(KNOWN, "newsletter:food", "email_partner", "electronic_owner_post")
    sent_run.ingest(sent_run.event(KNOWN, EventKind.COMPLAINED, actions=COMPLAINT))
    contact = sent_run.workspace.contact(KNOWN)
    assert [name for name in ("email_own", "email_partner") if contact[name]] == []
    assert contact["newsletters"] == []
    assert contact["sms_own"]
    assert contact["electronic_owner_post"]
    assert sent_run.workspace.contact(OTHER)["email_own"]


def test_opt_in_after_the_event_time_holds(sent_run):
    event = sent_run.event(KNOWN, EventKind.UNSUBSCRIBED, actions=frozenset({EventAction.WITHDRAW_EMAIL}))
    sent_run.workspace.clock.advance(minutes=10)
    sent_run.workspace.record_choices(KNOWN, "email_own")
    sent_run.workspace.clock.advance(minutes=10)
    sent_run.ingest(event)
    assert sent_run.workspace.contact(KNOWN)["email_own"]


def test_tw06_stop_ends_text_messages_for_all_members_sharing_the_number(workspace):
    workspace.change_contact(OTHER, phone="+358401230001")
    sent_run = send_run(workspace, SMS, "texts")
    form = {"MessageSid": ["SM1"], "From": ["+358401230001"], "To": ["+358450000000"], "Body": ["Lopeta!"]}
    sent_run.ingest(reply_event(form, workspace.clock.time))
    for member in (KNOWN, OTHER):
        assert not workspace.contact(member)["sms_own"]
        assert workspace.contact(member)["email_own"]
    assert workspace.contact(MEMBERS[2])["sms_own"]
    later = workspace.clock.time + timedelta(minutes=1)
    sent_run.ingest(reply_event(form | {"MessageSid": ["SM2"], "Body": ["START"]}, later))
    assert not workspace.contact(KNOWN)["sms_own"]


def test_clicks_are_kept_only_with_consent_to_tracking(sent_run):
    workspace = sent_run.workspace
    workspace.record_choices(KNOWN, "tracking")
    sent_run.ingest(sent_run.event(KNOWN, EventKind.CLICKED), sent_run.event(OTHER, EventKind.CLICKED))
    assert contact_history.clicks(workspace.engine.context.ledger).column("member_id").to_pylist() == [KNOWN]
    assert contact_history.clicks(workspace.engine.context.ledger).column("campaign").to_pylist() == ["offers"]
    with workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(EVENT.c.member_id)).scalars().all() == [KNOWN]
    workspace.clock.advance(minutes=1)
    workspace.record_choices(KNOWN, "tracking", on=False)
    assert contact_history.clicks(workspace.engine.context.ledger).num_rows == 0


def test_forged_delivery_reference_finds_no_delivery(sent_run):
    event = sent_run.event(UNKNOWN, EventKind.DELIVERED)
    forged = event.delivery.replace(event.delivery[3], "q" if event.delivery[3] != "q" else "r", 1)
    sent_run.ingest(replace(event, delivery=forged))
    assert sent_run.end(UNKNOWN)[0] == "uncertain"
    sent_run.ingest(replace(event, delivery=event.delivery.upper(), key="another"))
    assert sent_run.end(UNKNOWN)[0] == "accepted"


def test_invalid_characters_of_an_event_are_replaced_or_removed(sent_run):
    sent_run.ingest(sent_run.event(KNOWN, EventKind.DELIVERED, key="a\0b\ud800", raw="\0\udfff", code="\0"))
    with sent_run.workspace.engine.context.ledger.read() as connection:
        assert connection.execute(select(EVENT.c.key, EVENT.c.raw)).one() == ("ab?", "?")
    assert sent_run.ingest(sent_run.event(KNOWN, EventKind.DELIVERED, key="a\0b\ud800")).new == 0


def test_complaint_counts_for_a_member_without_an_address(sent_run):
    sent_run.workspace.change_contact(KNOWN, email=None, mailbox=None)
    sent_run.ingest(sent_run.event(KNOWN, EventKind.COMPLAINED, actions=COMPLAINT))
    assert not sent_run.workspace.contact(KNOWN)["email_own"]


def test_erased_member_gets_no_choices(sent_run):
    event = sent_run.event(KNOWN, EventKind.COMPLAINED, actions=COMPLAINT)
    erasure.erase(sent_run.workspace.engine.context, KNOWN)
    sent_run.ingest(event)
    with sent_run.workspace.engine.context.ledger.read() as connection:
        sources = connection.execute(select(CHOICE_ENTRY.c.source).where(CHOICE_ENTRY.c.member_id.like("erased-%")))
        assert set(sources.scalars()) == {"web"}


def test_clicked_rule_matches_only_members_who_consent_to_tracking(sent_run):
    """`clicked` (design, section 6) uses the clicks that the redirector or a provider reported."""
    workspace = sent_run.workspace
    for member in (KNOWN, OTHER):
        workspace.record_choices(member, "tracking")
    workspace.clock.advance(minutes=1)
    sent_run.ingest(sent_run.event(KNOWN, EventKind.CLICKED), sent_run.event(OTHER, EventKind.CLICKED))
    workspace.record_choices(OTHER, "tracking", on=False)
    workspace.clock.advance(hours=1)
    rule = "audience: {all: [{register: [owners, customers]}, {clicked: {campaign: offers, within: 7 days}}]}\n"
    run, _ = workspace.plan("thanks", SERVICE.replace(ALL, rule))
    assert set(workspace.decisions(run)) == {KNOWN}


NEWSLETTER = EMAIL.replace("purpose: marketing", "purpose: newsletter\nnewsletter: food").replace(ALL, "")
PARTNER = EMAIL.replace("purpose: marketing", "purpose: marketing\nsender: {partner: Kahvila Oy}")
UNSUBSCRIBED = frozenset({EventAction.WITHDRAW_EMAIL})
EVERY_KIND = ("email_own", "email_partner", "newsletter:food", "newsletter:beauty")


def allowed(workspace, member):
    """Return the kinds of e-mail marketing that a member allows."""
    contact = workspace.contact(member)
    lists = {f"newsletter:{name}" for name in contact["newsletters"]}
    return lists | {name for name in ("email_own", "email_partner") if contact[name]}


@pytest.mark.parametrize(
    ("text", "ended"),
    [(NEWSLETTER, "newsletter:food"), (PARTNER, "email_partner"), (EMAIL, "email_own")],
    ids=["newsletter", "partner", "own marketing"],
)
def test_e27_unsubscribing_at_the_provider_ends_the_kind_of_the_message_alone(workspace, text, ended):
    workspace.record_choices(KNOWN, *EVERY_KIND)
    workspace.change_contact(OTHER, mailbox=f"{KNOWN}@example.org")
    workspace.record_choices(OTHER, *EVERY_KIND)
    sent_run = send_run(workspace, text, "letter")
    sent_run.ingest(sent_run.event(KNOWN, EventKind.UNSUBSCRIBED, actions=UNSUBSCRIBED))
    for member in (KNOWN, OTHER):
        assert allowed(workspace, member) == set(EVERY_KIND) - {ended}


def test_e27_unsubscribing_from_an_unknown_message_ends_all_marketing_by_email(sent_run):
    sent_run.workspace.record_choices(KNOWN, *EVERY_KIND)
    event = sent_run.event(KNOWN, EventKind.UNSUBSCRIBED, actions=UNSUBSCRIBED)
    sent_run.ingest(replace(event, delivery=""))
    assert allowed(sent_run.workspace, KNOWN) == set()


def test_c12_a_yes_after_unsubscribing_holds_however_late_the_provider_tells(sent_run):
    workspace = sent_run.workspace
    workspace.record_choices(KNOWN, "email_partner")
    event = sent_run.event(KNOWN, EventKind.UNSUBSCRIBED, actions=UNSUBSCRIBED)
    workspace.clock.advance(minutes=10)
    workspace.record_choices(KNOWN, *EVERY_KIND)
    workspace.clock.advance(days=20)
    sent_run.ingest(event, replace(event, delivery="", key="about no message"))
    assert allowed(workspace, KNOWN) == set(EVERY_KIND)


def test_unsubscribing_before_the_message_was_sent_is_taken_as_now(sent_run):
    """A time that cannot be true never makes a yes hold: 1970 stands for an invalid one."""
    event = sent_run.event(KNOWN, EventKind.UNSUBSCRIBED, actions=UNSUBSCRIBED)
    sent_run.ingest(replace(event, at=datetime.fromtimestamp(0, UTC)))
    assert not sent_run.workspace.contact(KNOWN)["email_own"]
