"""Complaints and reports by mail, which recipients can forge: effects of one, and of several members."""

import pytest

from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.channels.events import EventKind
from campaigns.operations.scheduler import Scheduler
from campaigns.results.feedback.returned_mail import read_mail
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import EMAIL

AINO = MEMBERS[0]
COMPLAINTS = "breaker: {complaints: 10 percent, after: 10}"


def test_dl07_forged_reports_of_one_recipient_do_not_pause_a_campaign(maildir):
    """Reports of one delivery count as one, however many: its recipient could forge them."""
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number in range(12):
        maildir.deliver(maildir.authentication_report(AINO) + b"%d" % number)
    Scheduler(workspace.engine).read_mail()
    assert {row["code"] for row in maildir.rows(EVENT)} == {"5.7.515"}
    assert workspace.state(second) == "sending"


def test_dl07_reports_of_several_members_pause_the_campaign(maildir):
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for member in MEMBERS[:5]:
        assert workspace.state(second) == "sending"
        maildir.deliver(maildir.authentication_report(member))
        Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "paused"


def test_dl07_report_without_a_known_delivery_pauses_nothing(maildir):
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number in range(6):
        maildir.deliver(
            maildir.authentication_report(AINO).replace(maildir.sent_run.name(AINO).encode(), b"k%dk5k5k5k5" % number)
        )
    Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "sending"


def test_dl03_forged_complaints_of_few_recipients_do_not_pause_a_campaign(maildir):
    """Four of two dozen are far over the limit, but four recipients could conspire."""
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number in range(12):
        maildir.deliver(maildir.complaint(MEMBERS[number % 4], number))
    Scheduler(workspace.engine).read_mail()
    assert [row["word"] for row in maildir.rows(EVENT)] == ["complained"] * 12
    assert workspace.state(second) == "sending"


def test_dl03_mailed_complaints_of_several_members_pause_the_campaign(maildir):
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for member in MEMBERS[:5]:
        assert workspace.state(second) == "sending"
        maildir.deliver(maildir.complaint(member))
        Scheduler(workspace.engine).read_mail()
    assert (workspace.state(second), workspace.engine.queries.run(second.run_id).reason) == (
        "paused",
        "complaints: 5 of 12 messages by email",
    )


def test_dl03_signed_complaints_are_counted_apart_from_forgeable_ones(maildir):
    """Two of twelve are too many, one is not; forgeable complaints do not add to signed ones."""
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    maildir.sent_run.ingest(maildir.sent_run.event(MEMBERS[0], EventKind.COMPLAINED))
    for member in MEMBERS[:4]:
        maildir.deliver(maildir.complaint(member))
    Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "sending"
    maildir.sent_run.ingest(maildir.sent_run.event(MEMBERS[1], EventKind.COMPLAINED))
    Scheduler(workspace.engine).read_mail()
    assert workspace.engine.queries.run(second.run_id).reason == "complaints: 2 of 12 messages by email"


def test_e27_forged_complaint_ends_no_more_than_the_message_link_and_can_be_undone(maildir):
    """The recipient could follow the message's link as well: no address is suppressed, and service goes on."""
    workspace = maildir.workspace
    workspace.record_choices(AINO, "newsletter:food")
    maildir.deliver(maildir.complaint(AINO))
    read_mail(workspace.engine.context)
    contact = workspace.contact(AINO)
    assert (contact["email_own"], contact["newsletters"], contact["sms_own"]) == (False, [], True)
    assert {row["source"] for row in maildir.rows(CHOICE_ENTRY) if row["state"] == "off"} == {"complaint"}
    assert maildir.rows(SUPPRESSION) == []
    workspace.clock.advance(minutes=10)
    workspace.record_choices(AINO, "email_own")
    _, plan_counts = workspace.plan("anew", EMAIL)
    assert plan_counts.sent == len(MEMBERS)


@pytest.mark.parametrize("name", ["k5k5k5k5k5", "", "m01"])
def test_complaint_without_a_known_delivery_affects_nobody(maildir, name):
    """A sender who knows only a member's address ends no choice and adds no complaint."""
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number, member in enumerate(MEMBERS[:12]):
        raw = maildir.complaint(member, number, name or "none")
        maildir.deliver(raw.replace(b"Message-ID: <none@", b"X-No-Name: <none@") if not name else raw)
    Scheduler(workspace.engine).read_mail()
    assert {row["member_id"] for row in maildir.rows(EVENT)} == {None}
    assert [row for row in maildir.rows(CHOICE_ENTRY) if row["state"] == "off"] == []
    assert maildir.rows(SUPPRESSION) == []
    assert workspace.state(second) == "sending"
