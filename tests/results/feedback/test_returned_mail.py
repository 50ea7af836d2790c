"""Returned mail in a maildir: read once, moved after its commit, and harmless whatever it contains."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.channels.bounces import verp_address
from campaigns.channels.events import EventKind
from campaigns.core.errors import UserError
from campaigns.operations.scheduler import Scheduler
from campaigns.results.feedback import returned_mail
from campaigns.results.feedback.returned_mail import read_mail
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import EMAIL, SentRun

CORPUS = Path(__file__).parents[2] / "channels" / "bounces"
AINO, OTHER = MEMBERS[0], MEMBERS[1]
COMPLAINTS = "breaker: {complaints: 10 percent, after: 10}"


class Maildir:
    """A maildir of a workspace with a sent run."""

    def __init__(self, sent_run: SentRun) -> None:
        self.sent_run, self.workspace = sent_run, sent_run.workspace
        workspace, self.folder, self.number = self.workspace, self.workspace.root / "post", 0
        for part in ("new", "cur", "tmp"):
            (self.folder / part).mkdir(parents=True)
        settings = workspace.root / "config" / "settings.yaml"
        content = settings.read_text("utf-8")
        settings.write_text(content.replace("email: {", "email: {maildir: post, "), encoding="utf-8")
        workspace.reload()

    def deliver(self, raw: bytes) -> Path:
        self.number += 1
        file = self.folder / "new" / f"{self.number:06d}.host"
        file.write_bytes(raw)
        return file

    def bounce(self, name: str, member: str, address: str = "") -> bytes:
        """Return a report of the corpus, about a member's delivery."""
        to = verp_address("b@kyla.example.org", self.sent_run.name(member))
        raw = (CORPUS / f"{name}.eml").read_bytes()
        head = f"Delivered-To: {to}\n".encode()
        return head + raw.replace(b"aino@example.org", (address or f"{member}@example.org").encode())

    def unsubscription(self, member: str, **headers: str) -> bytes:
        position = self.workspace.deliveries(self.sent_run.run)[member]["position"]
        token = self.workspace.engine.context.signer.link_token("unsubscribe", self.sent_run.run.number, position)
        head = {"From": "somebody@example.net", "To": "b@kyla.example.org", "Subject": token} | headers
        return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in head.items()).encode() + b"\n"

    def file_counts(self) -> tuple[int, int]:
        """Return the number of mails in `new` and in `cur`."""
        return len(list((self.folder / "new").iterdir())), len(list((self.folder / "cur").iterdir()))

    def rows(self, table):
        with self.workspace.engine.context.ledger.read() as connection:
            return connection.execute(select(table)).mappings().all()


@pytest.fixture
def maildir(sent_run: SentRun) -> Maildir:
    return Maildir(sent_run)


def test_e10_bounce_suppresses_the_address_of_its_delivery(maildir):
    maildir.deliver(maildir.bounce("user_unknown", AINO))
    assert read_mail(maildir.workspace.engine.context) == returned_mail.MailCounts(1, 1, 0)
    (event,) = maildir.rows(EVENT)
    assert (event["word"], event["member_id"], event["code"]) == ("bounced", AINO, "5.1.1")
    assert "user_unknown" not in event["raw"]
    assert [(row["value"], row["reason"]) for row in maildir.rows(SUPPRESSION)] == [
        (f"{AINO}@example.org", "suppressed_hard_bounce")
    ]
    assert maildir.file_counts() == (0, 1)


def test_bounce_about_another_address_suppresses_nothing(maildir):
    """A recipient knows the delivery reference, and could forge a report about any address."""
    maildir.deliver(maildir.bounce("user_unknown", AINO, f"{OTHER}@example.org"))
    read_mail(maildir.workspace.engine.context)
    assert len(maildir.rows(EVENT)) == 1
    assert maildir.rows(SUPPRESSION) == []


def test_late_bounce_does_not_suppress_the_members_new_address(maildir):
    raw = maildir.bounce("user_unknown", AINO)
    maildir.workspace.change_contact(AINO, email="new@example.org", mailbox="new@example.org")
    maildir.deliver(raw)
    read_mail(maildir.workspace.engine.context)
    assert maildir.rows(SUPPRESSION) == []


def test_dl07_report_of_our_own_fault_suppresses_nothing(maildir):
    maildir.deliver(maildir.bounce("not_authenticated", AINO).replace(b"aino@outlook.example", b"m01@example.org"))
    read_mail(maildir.workspace.engine.context)
    assert [event["code"] for event in maildir.rows(EVENT)] == ["5.7.515"]
    assert maildir.rows(SUPPRESSION) == []


def test_e26_mail_with_the_token_unsubscribes_from_that_kind_of_message(maildir):
    maildir.deliver(maildir.unsubscription(AINO))
    assert read_mail(maildir.workspace.engine.context) == returned_mail.MailCounts(1, 0, 1)
    contact = maildir.workspace.contact(AINO)
    assert not contact["email_own"]
    assert contact["sms_own"]
    (entry,) = (row for row in maildir.rows(CHOICE_ENTRY) if row["state"] == "off")
    assert (entry["member_id"], entry["choice"], entry["source"]) == (AINO, "email_own", "mail")
    assert [(event["provider"], event["word"]) for event in maildir.rows(EVENT)] == [("mailto", "unsubscribed")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Subject": "Automatic reply: weekend offers"},
        {"Subject": "A" * 40},
        {"Subject": ""},
    ],
)
def test_e06_automatic_reply_or_other_mail_unsubscribes_nobody(maildir, headers):
    maildir.deliver(maildir.unsubscription(AINO, **headers))
    assert read_mail(maildir.workspace.engine.context) == returned_mail.MailCounts(1, 0, 0)
    assert maildir.workspace.contact(AINO)["email_own"]
    assert maildir.file_counts() == (0, 1)


def test_mail_is_moved_after_its_commit_and_read_again_until_then(maildir, monkeypatch):
    maildir.deliver(maildir.bounce("user_unknown", AINO))
    maildir.deliver(maildir.unsubscription(OTHER))

    class Killed(BaseException):
        pass

    def be_killed(_file):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(returned_mail, "_move_to_cur", be_killed)
        with pytest.raises(Killed):
            read_mail(maildir.workspace.engine.context)
    assert maildir.file_counts() == (2, 0)
    before = [maildir.rows(table) for table in (EVENT, SUPPRESSION, CHOICE_ENTRY)]
    maildir.workspace.clock.advance(minutes=1)
    assert read_mail(maildir.workspace.engine.context) == returned_mail.MailCounts(2, 0, 0)
    assert maildir.file_counts() == (0, 2)
    assert [maildir.rows(table) for table in (EVENT, SUPPRESSION, CHOICE_ENTRY)] == before


def hostile_mails() -> dict[str, bytes]:
    part = b"--b\nContent-Type: message/delivery-status\n\n"
    head = b"Content-Type: multipart/report; boundary=b\n\n" + part
    nested = b"".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n".encode() for n in range(3000))
    return {
        "empty": b"",
        "nul": b"\0" * 5000,
        "nested": nested,
        "one long line": b"Subject: " + b"x" * 1_000_000,
        "no charset": b"Subject: =?x-nothing?B?////?=\nContent-Type: text/plain; charset=nothing\n\n\xff",
        "many readers": head
        + b"Reporting-MTA: dns; x\n\n"
        + b"Final-Recipient: rfc822; a@b\nAction: failed\n\n" * 40_000,
        "surrogates": "Subject: \ud800\n\n".encode("utf-8", "surrogatepass") + b"\xed\xa0\x80",
        "too large": b"x" * (3 * 1024 * 1024),
    }


@pytest.mark.parametrize("kind", hostile_mails())
def test_hostile_mail_harms_nothing_and_delays_no_other(maildir, kind):
    maildir.deliver(hostile_mails()[kind])
    maildir.deliver(maildir.bounce("user_unknown", AINO))
    Scheduler(maildir.workspace.engine).read_mail()
    assert [row["value"] for row in maildir.rows(SUPPRESSION)] == [f"{AINO}@example.org"]
    assert len(maildir.rows(EVENT)) <= 21
    assert maildir.file_counts() == (0, 2)


def test_symlink_and_hidden_file_are_not_read_as_mail(maildir):
    outside = maildir.workspace.root / "secret"
    outside.write_bytes(maildir.bounce("user_unknown", AINO))
    (maildir.folder / "new" / "link").symlink_to(outside)
    (maildir.folder / "new" / ".hidden").write_bytes(b"")
    read_mail(maildir.workspace.engine.context)
    assert maildir.rows(EVENT) == []
    assert outside.exists()
    assert maildir.file_counts() == (1, 1)


def test_unreadable_mail_stays_and_delays_no_other(maildir, monkeypatch):
    unreadable, original = maildir.deliver(maildir.bounce("user_unknown", OTHER)), Path.read_bytes
    maildir.deliver(maildir.bounce("user_unknown", AINO))

    def read_bytes(path):
        if path == unreadable:  # file modes do not stop root
            raise PermissionError(13, "Permission denied")
        return original(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", read_bytes)
        for _ in range(2):
            with pytest.raises(UserError, match="1 of the mails here cannot be read"):
                read_mail(maildir.workspace.engine.context)
    assert [row["value"] for row in maildir.rows(SUPPRESSION)] == [f"{AINO}@example.org"]
    assert maildir.file_counts() == (1, 1)
    assert read_mail(maildir.workspace.engine.context).mails == 1


def test_workspace_without_a_maildir_is_skipped_by_the_scheduler_and_refused_by_the_command(workspace):
    Scheduler(workspace.engine).read_mail()
    with pytest.raises(UserError, match="no maildir"):
        read_mail(workspace.engine.context)


def test_mail_command_reads_the_maildir(maildir, capsys):
    from campaigns.cli.main import run

    maildir.deliver(maildir.bounce("user_unknown", AINO))
    with pytest.raises(SystemExit) as ended:
        run(["--workspace", str(maildir.workspace.root), "mail", "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"mails": 1, "events": 1, "unsubscribed": 0}


def authentication_report(maildir: Maildir, member: str) -> bytes:
    """Return a report of one member's delivery, as the recipient of that message could forge it."""
    return maildir.bounce("not_authenticated", member).replace(
        b"aino@outlook.example", f"{member}@example.org".encode()
    )


def test_dl07_forged_reports_of_one_recipient_do_not_pause_a_campaign(maildir):
    """Reports of one delivery count as one, however many: its recipient could forge them."""
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number in range(12):
        maildir.deliver(authentication_report(maildir, AINO) + b"%d" % number)
    Scheduler(workspace.engine).read_mail()
    assert {row["code"] for row in maildir.rows(EVENT)} == {"5.7.515"}
    assert workspace.state(second) == "sending"


def test_dl07_reports_of_several_members_pause_the_campaign(maildir):
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for member in MEMBERS[:5]:
        assert workspace.state(second) == "sending"
        maildir.deliver(authentication_report(maildir, member))
        Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "paused"


def test_dl07_report_without_a_known_delivery_pauses_nothing(maildir):
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number in range(6):
        maildir.deliver(
            authentication_report(maildir, AINO).replace(maildir.sent_run.name(AINO).encode(), b"k%dk5k5k5k5" % number)
        )
    Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "sending"


def complaint(maildir: Maildir, member: str, number: int = 0, name: str = "") -> bytes:
    """Return a complaint about one member's delivery, as its recipient could forge it, or about another `name`."""
    raw = (
        (CORPUS / "complaint.eml").read_bytes().replace(b"k5k5k5k5k5", (name or maildir.sent_run.name(member)).encode())
    )
    return raw.replace(b"aino@example.com", f"{member}@example.org".encode()).replace(
        b"FW: Hei", b"FW: Hei %d" % number
    )


def test_dl03_forged_complaints_of_few_recipients_do_not_pause_a_campaign(maildir):
    """Four of two dozen are far over the limit, but four recipients could conspire."""
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number in range(12):
        maildir.deliver(complaint(maildir, MEMBERS[number % 4], number))
    Scheduler(workspace.engine).read_mail()
    assert [row["word"] for row in maildir.rows(EVENT)] == ["complained"] * 12
    assert workspace.state(second) == "sending"


def test_dl03_mailed_complaints_of_several_members_pause_the_campaign(maildir):
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for member in MEMBERS[:5]:
        assert workspace.state(second) == "sending"
        maildir.deliver(complaint(maildir, member))
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
        maildir.deliver(complaint(maildir, member))
    Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "sending"
    maildir.sent_run.ingest(maildir.sent_run.event(MEMBERS[1], EventKind.COMPLAINED))
    Scheduler(workspace.engine).read_mail()
    assert workspace.engine.queries.run(second.run_id).reason == "complaints: 2 of 12 messages by email"


def test_e27_forged_complaint_ends_no_more_than_the_message_link_and_can_be_undone(
    maildir,
):
    """The recipient could follow the message's link as well: no address is suppressed, and service goes on."""
    workspace = maildir.workspace
    workspace.record_choices(AINO, "newsletter:food")
    maildir.deliver(complaint(maildir, AINO))
    read_mail(workspace.engine.context)
    contact = workspace.contact(AINO)
    assert (contact["email_own"], contact["newsletters"], contact["sms_own"]) == (False, [], True)
    assert {row["source"] for row in maildir.rows(CHOICE_ENTRY) if row["state"] == "off"} == {"complaint"}
    assert maildir.rows(SUPPRESSION) == []
    workspace.clock.advance(minutes=10)
    workspace.record_choices(AINO, "email_own")
    _, tally = workspace.plan("anew", EMAIL)
    assert tally.sent == len(MEMBERS)


@pytest.mark.parametrize("name", ["k5k5k5k5k5", "", "m01"])
def test_complaint_without_a_known_delivery_affects_nobody(maildir, name):
    """A sender who knows only a member's address ends no choice and adds no complaint."""
    maildir.workspace.add_setting(COMPLAINTS)
    workspace, second = maildir.workspace, maildir.workspace.start("offers")
    for number, member in enumerate(MEMBERS[:12]):
        raw = complaint(maildir, member, number, name or "none")
        maildir.deliver(raw.replace(b"Message-ID: <none@", b"X-No-Name: <none@") if not name else raw)
    Scheduler(workspace.engine).read_mail()
    assert {row["member_id"] for row in maildir.rows(EVENT)} == {None}
    assert [row for row in maildir.rows(CHOICE_ENTRY) if row["state"] == "off"] == []
    assert maildir.rows(SUPPRESSION) == []
    assert workspace.state(second) == "sending"


def test_missing_maildir_is_logged_once_until_it_changes(maildir, caplog):
    scheduler, away = Scheduler(maildir.workspace.engine), maildir.folder.with_name("away")
    maildir.folder.rename(away)
    for _ in range(3):
        scheduler.read_mail()
    assert caplog.text.count("is no maildir") == 1
    away.rename(maildir.folder)
    maildir.deliver(maildir.bounce("user_unknown", AINO))
    scheduler.read_mail()
    assert maildir.file_counts() == (0, 1)
    maildir.folder.rename(away)
    scheduler.read_mail()
    assert caplog.text.count("is no maildir") == 2
