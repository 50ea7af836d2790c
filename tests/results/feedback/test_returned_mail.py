"""Mail that comes back into a maildir: read once, after its commit put away, and harmless whatever it is."""

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
from tests.support.sent_run import EMAIL, send_run

CORPUS = Path(__file__).parents[2] / "channels" / "bounces"
AINO, OTHER = MEMBERS[0], MEMBERS[1]
COMPLAINTS = "breaker: {complaints: 10 percent, after: 10}"


class Post:
    """A maildir that mail is delivered to."""

    def __init__(self, workspace):
        self.sending = send_run(workspace)
        self.workspace, self.folder, self.number = workspace, workspace.root / "post", 0
        for part in ("new", "cur", "tmp"):
            (self.folder / part).mkdir(parents=True)
        settings = workspace.root / "config" / "settings.yaml"
        written = settings.read_text("utf-8")
        settings.write_text(written.replace("email: {", "email: {maildir: post, "), encoding="utf-8")
        workspace.reload()

    def comes(self, raw: bytes) -> Path:
        self.number += 1
        file = self.folder / "new" / f"{self.number:06d}.host"
        file.write_bytes(raw)
        return file

    def bounce(self, name: str, member: str, address: str = "") -> bytes:
        """A report of the corpus, about a member's delivery."""
        to = verp_address("b@kyla.example.org", self.sending.name(member))
        raw = (CORPUS / f"{name}.eml").read_bytes()
        head = f"Delivered-To: {to}\n".encode()
        return head + raw.replace(b"aino@example.org", (address or f"{member}@example.org").encode())

    def unsubscription(self, member: str, **headers: str) -> bytes:
        position = self.workspace.deliveries(self.sending.run)[member]["position"]
        token = self.workspace.engine.context.signer.link("unsubscribe", self.sending.run.number, position)
        head = {"From": "somebody@example.net", "To": "b@kyla.example.org", "Subject": token} | headers
        return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in head.items()).encode() + b"\n"

    def lies(self) -> tuple[int, int]:
        """How many mails are in `new`, and how many in `cur`."""
        return len(list((self.folder / "new").iterdir())), len(list((self.folder / "cur").iterdir()))

    def rows(self, table):
        with self.workspace.engine.context.ledger.read() as connection:
            return connection.execute(select(table)).mappings().all()


@pytest.fixture
def post(workspace) -> Post:
    return Post(workspace)


def test_e10_a_bounce_suppresses_the_address_that_its_delivery_went_to(post):
    post.comes(post.bounce("user_unknown", AINO))
    assert read_mail(post.workspace.engine.context) == returned_mail.MailCounts(1, 1, 0)
    (event,) = post.rows(EVENT)
    assert (event["word"], event["member_id"], event["code"]) == ("bounced", AINO, "5.1.1")
    assert "user_unknown" not in event["raw"]
    assert [(row["value"], row["reason"]) for row in post.rows(SUPPRESSION)] == [
        (f"{AINO}@example.org", "suppressed_hard_bounce")
    ]
    assert post.lies() == (0, 1)


def test_a_bounce_about_another_address_than_its_delivery_went_to_suppresses_nothing(post):
    """Who got a message knows its name, and could write a report about anybody."""
    post.comes(post.bounce("user_unknown", AINO, f"{OTHER}@example.org"))
    read_mail(post.workspace.engine.context)
    assert len(post.rows(EVENT)) == 1
    assert post.rows(SUPPRESSION) == []


def test_a_late_bounce_does_not_follow_a_member_to_a_new_address(post):
    raw = post.bounce("user_unknown", AINO)
    post.workspace.change_contact(AINO, email="new@example.org", mailbox="new@example.org")
    post.comes(raw)
    read_mail(post.workspace.engine.context)
    assert post.rows(SUPPRESSION) == []


def test_dl07_a_report_about_our_own_fault_keeps_the_address(post):
    post.comes(post.bounce("not_authenticated", AINO).replace(b"aino@outlook.example", b"m01@example.org"))
    read_mail(post.workspace.engine.context)
    assert [event["code"] for event in post.rows(EVENT)] == ["5.7.515"]
    assert post.rows(SUPPRESSION) == []


def test_e26_a_mail_with_the_token_unsubscribes_from_what_the_message_was(post):
    post.comes(post.unsubscription(AINO))
    assert read_mail(post.workspace.engine.context) == returned_mail.MailCounts(1, 0, 1)
    contact = post.workspace.contact(AINO)
    assert not contact["email_own"]
    assert contact["sms_own"]
    (entry,) = (row for row in post.rows(CHOICE_ENTRY) if row["state"] == "off")
    assert (entry["member_id"], entry["choice"], entry["source"]) == (AINO, "email_own", "mail")
    assert [(event["provider"], event["word"]) for event in post.rows(EVENT)] == [("mailto", "unsubscribed")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Subject": "Automatic reply: weekend offers"},
        {"Subject": "A" * 40},
        {"Subject": ""},
    ],
)
def test_e06_an_absence_note_or_any_other_mail_is_no_wish(post, headers):
    post.comes(post.unsubscription(AINO, **headers))
    assert read_mail(post.workspace.engine.context) == returned_mail.MailCounts(1, 0, 0)
    assert post.workspace.contact(AINO)["email_own"]
    assert post.lies() == (0, 1)


def test_a_mail_is_put_away_after_its_commit_and_read_again_until_then(post, monkeypatch):
    post.comes(post.bounce("user_unknown", AINO))
    post.comes(post.unsubscription(OTHER))

    class Killed(BaseException):
        pass

    def killed(_file):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(returned_mail, "_put_away", killed)
        with pytest.raises(Killed):
            read_mail(post.workspace.engine.context)
    assert post.lies() == (2, 0)
    before = [post.rows(table) for table in (EVENT, SUPPRESSION, CHOICE_ENTRY)]
    post.workspace.clock.advance(minutes=1)
    assert read_mail(post.workspace.engine.context) == returned_mail.MailCounts(2, 0, 0)
    assert post.lies() == (0, 2)
    assert [post.rows(table) for table in (EVENT, SUPPRESSION, CHOICE_ENTRY)] == before


def hostile() -> dict[str, bytes]:
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


@pytest.mark.parametrize("kind", hostile())
def test_a_hostile_mail_harms_nothing_and_holds_nothing_up(post, kind):
    post.comes(hostile()[kind])
    post.comes(post.bounce("user_unknown", AINO))
    Scheduler(post.workspace.engine).read_mail()
    assert [row["value"] for row in post.rows(SUPPRESSION)] == [f"{AINO}@example.org"]
    assert len(post.rows(EVENT)) <= 21
    assert post.lies() == (0, 2)


def test_what_is_no_mail_is_left_or_passed_over(post):
    outside = post.workspace.root / "secret"
    outside.write_bytes(post.bounce("user_unknown", AINO))
    (post.folder / "new" / "link").symlink_to(outside)
    (post.folder / "new" / ".hidden").write_bytes(b"")
    read_mail(post.workspace.engine.context)
    assert post.rows(EVENT) == []
    assert outside.exists()
    assert post.lies() == (1, 1)


def test_a_mail_that_may_not_be_read_stays_and_holds_up_no_other(post, monkeypatch):
    closed, reads = post.comes(post.bounce("user_unknown", OTHER)), Path.read_bytes
    post.comes(post.bounce("user_unknown", AINO))

    def read_bytes(path):
        if path == closed:  # whoever runs the tests may read everything
            raise PermissionError(13, "Permission denied")
        return reads(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", read_bytes)
        for _ in range(2):
            with pytest.raises(UserError, match="1 of the mails here cannot be read"):
                read_mail(post.workspace.engine.context)
    assert [row["value"] for row in post.rows(SUPPRESSION)] == [f"{AINO}@example.org"]
    assert post.lies() == (1, 1)
    assert read_mail(post.workspace.engine.context).mails == 1


def test_without_a_maildir_the_rounds_read_none_and_the_command_says_so(workspace):
    Scheduler(workspace.engine).read_mail()
    with pytest.raises(UserError, match="no maildir"):
        read_mail(workspace.engine.context)


def test_the_command_reads_it(post, capsys):
    from campaigns.cli.main import run

    post.comes(post.bounce("user_unknown", AINO))
    with pytest.raises(SystemExit) as ended:
        run(["--workspace", str(post.workspace.root), "mail", "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == {"mails": 1, "events": 1, "unsubscribed": 0}


def shut_out(post: Post, member: str) -> bytes:
    """A report of one member's delivery as anybody can write it who got that message."""
    return post.bounce("not_authenticated", member).replace(b"aino@outlook.example", f"{member}@example.org".encode())


def test_dl07_no_single_reader_can_halt_a_campaign_by_forged_reports(post):
    """Whoever got a message knows the name of its delivery: one member's mails count as one, however many they are."""
    workspace, second = post.workspace, post.workspace.start("offers")
    for number in range(12):
        post.comes(shut_out(post, AINO) + b"%d" % number)
    Scheduler(workspace.engine).read_mail()
    assert {row["code"] for row in post.rows(EVENT)} == {"5.7.515"}
    assert workspace.state(second) == "sending"


def test_dl07_reports_of_several_members_halt(post):
    workspace, second = post.workspace, post.workspace.start("offers")
    for member in MEMBERS[:5]:
        assert workspace.state(second) == "sending"
        post.comes(shut_out(post, member))
        Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "paused"


def test_dl07_a_report_that_names_no_delivery_of_ours_halts_nothing(post):
    workspace, second = post.workspace, post.workspace.start("offers")
    for number in range(6):
        post.comes(shut_out(post, AINO).replace(post.sending.name(AINO).encode(), b"k%dk5k5k5k5" % number))
    Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "sending"


def complaint(post: Post, member: str, number: int = 0, name: str = "") -> bytes:
    """A complaint about one member's delivery as anybody can write it who got that message, or about another `name`."""
    raw = (CORPUS / "complaint.eml").read_bytes().replace(b"k5k5k5k5k5", (name or post.sending.name(member)).encode())
    return raw.replace(b"aino@example.com", f"{member}@example.org".encode()).replace(
        b"FW: Hei", b"FW: Hei %d" % number
    )


def test_dl03_no_few_readers_can_halt_a_campaign_by_forged_complaints(post):
    """Four of two dozen are far over the limit, and each wrote often: but four could have agreed on it."""
    post.workspace.add_setting(COMPLAINTS)
    workspace, second = post.workspace, post.workspace.start("offers")
    for number in range(12):
        post.comes(complaint(post, MEMBERS[number % 4], number))
    Scheduler(workspace.engine).read_mail()
    assert [row["word"] for row in post.rows(EVENT)] == ["complained"] * 12
    assert workspace.state(second) == "sending"


def test_dl03_complaints_by_mail_of_several_members_halt(post):
    post.workspace.add_setting(COMPLAINTS)
    workspace, second = post.workspace, post.workspace.start("offers")
    for member in MEMBERS[:5]:
        assert workspace.state(second) == "sending"
        post.comes(complaint(post, member))
        Scheduler(workspace.engine).read_mail()
    assert (workspace.state(second), workspace.engine.queries.run(second.run_id).reason) == (
        "paused",
        "complaints: 5 of 12 messages by email",
    )


def test_dl03_complaints_that_are_signed_count_without_those_that_few_could_forge(post):
    """Two of twelve would be too many, one is not: whose word is believed is not whose is not."""
    post.workspace.add_setting(COMPLAINTS)
    workspace, second = post.workspace, post.workspace.start("offers")
    post.sending.ingest(post.sending.event(MEMBERS[0], EventKind.COMPLAINED))
    for member in MEMBERS[:4]:
        post.comes(complaint(post, member))
    Scheduler(workspace.engine).read_mail()
    assert workspace.state(second) == "sending"
    post.sending.ingest(post.sending.event(MEMBERS[1], EventKind.COMPLAINED))
    Scheduler(workspace.engine).read_mail()
    assert workspace.engine.queries.run(second.run_id).reason == "complaints: 2 of 12 messages by email"


def test_e27_a_forged_complaint_ends_what_the_message_itself_could_end_and_its_member_can_allow_it_again(
    post,
):
    """Whoever has the message could press its link as well: no address is closed for good, and service goes on."""
    workspace = post.workspace
    workspace.record_choices(AINO, "newsletter:food")
    post.comes(complaint(post, AINO))
    read_mail(workspace.engine.context)
    contact = workspace.contact(AINO)
    assert (contact["email_own"], contact["newsletters"], contact["sms_own"]) == (False, [], True)
    assert {row["source"] for row in post.rows(CHOICE_ENTRY) if row["state"] == "off"} == {"complaint"}
    assert post.rows(SUPPRESSION) == []
    workspace.clock.advance(minutes=10)
    workspace.record_choices(AINO, "email_own")
    _, tally = workspace.plan("anew", EMAIL)
    assert tally.sent == len(MEMBERS)


@pytest.mark.parametrize("name", ["k5k5k5k5k5", "", "m01"])
def test_a_complaint_that_names_no_delivery_of_ours_is_about_nobody(post, name):
    """Whoever knows no more than a member's address ends nothing and counts nowhere."""
    post.workspace.add_setting(COMPLAINTS)
    workspace, second = post.workspace, post.workspace.start("offers")
    for number, member in enumerate(MEMBERS[:12]):
        raw = complaint(post, member, number, name or "none")
        post.comes(raw.replace(b"Message-ID: <none@", b"X-No-Name: <none@") if not name else raw)
    Scheduler(workspace.engine).read_mail()
    assert {row["member_id"] for row in post.rows(EVENT)} == {None}
    assert [row for row in post.rows(CHOICE_ENTRY) if row["state"] == "off"] == []
    assert post.rows(SUPPRESSION) == []
    assert workspace.state(second) == "sending"


def test_a_maildir_that_is_gone_is_said_once_until_something_changes(post, caplog):
    rounds, away = Scheduler(post.workspace.engine), post.folder.with_name("away")
    post.folder.rename(away)
    for _ in range(3):
        rounds.read_mail()
    assert caplog.text.count("is no maildir") == 1
    away.rename(post.folder)
    post.comes(post.bounce("user_unknown", AINO))
    rounds.read_mail()
    assert post.lies() == (0, 1)
    post.folder.rename(away)
    rounds.read_mail()
    assert caplog.text.count("is no maildir") == 2
