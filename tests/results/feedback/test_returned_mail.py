"""Returned mail in a maildir: read once, moved after its commit, and harmless whatever it contains."""

import json
import os
from pathlib import Path

import pytest

from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.core.errors import UserError
from campaigns.operations.scheduler import Scheduler
from campaigns.results.feedback import returned_mail
from campaigns.results.feedback.returned_mail import read_mail
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS

AINO, OTHER = MEMBERS[0], MEMBERS[1]


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


@pytest.mark.long
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


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["pipe", "folder", "link to a device", "link to a pipe"])
def test_an_entry_that_is_no_file_delays_no_mail(maildir, tmp_path, kind):
    trap, new = tmp_path / "trap", maildir.folder / "new" / "000000.trap"
    match kind:
        case "pipe":
            os.mkfifo(new)
        case "folder":
            new.mkdir()
        case "link to a device":
            new.symlink_to("/dev/zero")
        case _:
            os.mkfifo(trap)
            new.symlink_to(trap)
    maildir.deliver(maildir.bounce("user_unknown", AINO))
    read_mail(maildir.workspace.engine.context)
    assert len(maildir.rows(EVENT)) == 1


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
