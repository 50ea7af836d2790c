"""Files of an erased member: their own go at once, those of many members on the day that was named (GD-12)."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import select

from audiences.people import contacts
from campaigns.core.model.enums import Channel, Language
from campaigns.operations.nightly import NightlyJobs
from campaigns.people.privacy import erasure, merging
from campaigns.rendering.notice_writer import copy_lines
from campaigns.store.people.people_tables import KEPT_FILE
from tests.support.member_files import (
    AINO,
    CONTACT,
    OTHER,
    SECRETS,
    SERVICE,
    member_mail,
    night,
    places_of,
    send,
    to,
    write_everything,
    write_messages,
)
from tests.support.sample_workspace import SampleWorkspace


@pytest.fixture(scope="module")
def written(base_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workspace with one member more, whose values stand nowhere else, and every kind of file about them."""
    root = tmp_path_factory.mktemp("written") / "workspace"
    shutil.copytree(base_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        workspace.import_rows("members", [CONTACT])
        (root / "members.csv").unlink()
        workspace.add_setting("internal_addresses: [proofs@kyla.example.org]")
        write_messages(workspace)
    return root


@pytest.fixture
def workspace(written: Path, tmp_path: Path) -> Iterator[SampleWorkspace]:
    root = tmp_path / "workspace"
    shutil.copytree(written, root)
    with closing(SampleWorkspace(root)) as workspace:
        yield workspace


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["e-mail", "notice", "proof", "preview", "export"])
def test_gd12_a_file_of_the_member_alone_is_gone_at_once(workspace: SampleWorkspace, kind: str) -> None:
    path = write_everything(workspace)[kind]
    assert path.exists()
    erasure.erase(workspace.engine.context, AINO)
    assert not path.exists()


@pytest.mark.hostile
def test_gd12_a_text_message_is_overwritten_in_place_and_the_others_stay(workspace: SampleWorkspace) -> None:
    file = write_everything(workspace)["text message"]
    before = file.read_bytes()
    erasure.erase(workspace.engine.context, AINO)
    after = file.read_bytes()
    assert CONTACT["phone"].encode() in before
    assert CONTACT["phone"].encode() not in after
    assert len(before) == len(after)
    lines = [json.loads(line) for line in after.splitlines()]
    assert [line["text"] == "" for line in lines].count(True) == 1
    assert len({line["to"] for line in lines}) == len(lines)


def test_gd12_the_messages_of_other_members_stay(workspace: SampleWorkspace) -> None:
    path = write_everything(workspace)["e-mail"]
    before = {to(mail) for mail in path.parent.iterdir()}
    erasure.erase(workspace.engine.context, AINO)
    assert {to(mail) for mail in path.parent.iterdir()} == before - {CONTACT["email"]}


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["letters", "call list", "backup"])
def test_gd12_a_file_with_many_members_goes_on_the_day_that_was_named(workspace: SampleWorkspace, kind: str) -> None:
    path = write_everything(workspace)[kind]
    copies = erasure.erase(workspace.engine.context, AINO)
    day = copies.backups if kind == "backup" else copies.letters
    assert day == date(2018, 2, 1)
    night(workspace, days=29)
    assert path.exists()
    night(workspace, days=2)
    assert workspace.clock.time.date() <= day
    assert not path.exists()


@pytest.mark.hostile
def test_gd12_after_the_retention_no_file_of_the_workspace_holds_the_member(workspace: SampleWorkspace) -> None:
    write_everything(workspace)
    assert all(places_of(workspace.root, secret) for secret in SECRETS)
    erasure.erase_and_notify(workspace.engine.context, AINO)
    workspace.engine.notice_sender.send_waiting()
    make_as_old_as_the_clock(workspace)
    night(workspace, days=32)
    found = {secret: places_of(workspace.root, secret) for secret in SECRETS}
    mark = ("data/warehouse/tombstones", "data/warehouse/manifest.json")  # keeps the member from being imported again
    assert [path for path in found.pop(AINO) if not path.startswith(mark)] == []
    assert not any(found.values()), found


def make_as_old_as_the_clock(workspace: SampleWorkspace) -> None:
    """Set the times of the files in the outbox to those of the workspace's clock, which is not the machine's."""
    moment = workspace.clock.time.timestamp()
    for path in (workspace.root / "outbox").rglob("*"):
        os.utime(path, (moment, moment))


@pytest.mark.hostile
def test_gd12_an_erasure_that_was_interrupted_removes_the_files_when_it_is_repeated(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_everything(workspace)["e-mail"]

    def die(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(erasure.member_erasure, "erase_from_ledger", die)
        with pytest.raises(KeyboardInterrupt):
            erasure.erase(workspace.engine.context, AINO)
    assert erasure.erase(workspace.engine.context, AINO).letters is not None
    assert not path.exists()


@pytest.mark.hostile
def test_gd12_a_message_whose_run_is_still_open_is_not_deleted_by_night(workspace: SampleWorkspace) -> None:
    run = workspace.start("slow", SERVICE + "channels: [email]\ncontent: {email: hello}\nlimits: {rate: 2 per hour}\n")
    workspace.send(run)
    mail = next((workspace.root / "outbox" / run.run_id / "email").glob("*.eml"))
    night(workspace, days=1)
    assert mail.exists()


@pytest.mark.hostile
@pytest.mark.parametrize("kind", ["backup", "export"])
def test_another_file_that_took_the_place_of_ours_is_not_deleted(workspace: SampleWorkspace, kind: str) -> None:
    path = write_everything(workspace)[kind]
    path.write_text("a letter to my mother", "utf-8")
    erasure.erase(workspace.engine.context, AINO)
    night(workspace, days=32)
    assert path.read_text("utf-8") == "a letter to my mother"


@pytest.mark.hostile
@pytest.mark.parametrize(("kind", "other"), [("backup", "export"), ("export", "backup")])
@pytest.mark.parametrize("put", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
def test_whatever_took_the_place_of_a_file_stops_neither_the_erasure_nor_the_night(
    workspace: SampleWorkspace, kind: str, other: str, put: Callable[[Path], None]
) -> None:
    paths = write_everything(workspace)
    paths[kind].unlink()
    put(paths[kind])
    erasure.erase(workspace.engine.context, AINO)
    night(workspace, days=32)
    assert not paths[other].exists()
    assert paths[kind].exists()


@pytest.mark.hostile
def test_gd12_a_file_that_this_account_may_not_delete_stops_no_erasure_and_is_named(
    workspace: SampleWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_everything(workspace)
    unlink = Path.unlink

    def refuse(path: Path, **options: bool) -> None:
        if path == paths["export"]:
            raise PermissionError(errno.EACCES, "Permission denied")
        unlink(path, **options)

    with monkeypatch.context() as account:
        account.setattr(Path, "unlink", refuse)
        copies = erasure.erase(workspace.engine.context, AINO)
        assert copies.exports == date(2018, 2, 1)
        night(workspace, days=32)
        assert not paths["backup"].exists()
    assert paths["export"].exists()
    night(workspace, days=1)
    assert not paths["export"].exists()


def test_retention_of_files_is_a_setting(workspace: SampleWorkspace) -> None:
    workspace.add_setting("retention: {outbox: 3 days, backups: 5 days, exports: 1 day}")
    paths = write_everything(workspace)
    copies = erasure.erase(workspace.engine.context, AINO)
    assert (copies.letters, copies.backups) == (date(2018, 1, 5), date(2018, 1, 7))
    night(workspace, days=4)
    assert [paths[kind].exists() for kind in ("letters", "backup")] == [False, True]


def test_exports_are_deleted_when_their_retention_is_over(workspace: SampleWorkspace) -> None:
    path = write_everything(workspace)["export"]
    night(workspace, days=29)
    assert path.exists()
    night(workspace, days=2)
    assert not path.exists()


def test_c12_a_merge_moves_the_exports_of_the_duplicate_and_deletes_its_previews(workspace: SampleWorkspace) -> None:
    paths = write_everything(workspace)
    merging.merge(workspace.engine.context, AINO, OTHER, approved=True)
    assert [paths[kind].exists() for kind in ("preview", "proof", "export")] == [False, False, True]
    with workspace.engine.context.ledger.read() as connection:
        members = connection.execute(select(KEPT_FILE.c.member_id).where(KEPT_FILE.c.kind == "export")).scalars().all()
    assert members == [OTHER]
    erasure.erase(workspace.engine.context, OTHER, despite_wait=True)
    assert not paths["export"].exists()


def test_gd12_the_last_notice_names_what_goes_later(workspace: SampleWorkspace) -> None:
    write_everything(workspace)
    copies = erasure.erase_and_notify(workspace.engine.context, AINO)
    workspace.engine.notice_sender.send_waiting()
    notice = member_mail(workspace.root / "outbox" / "notes")
    text = message_from_bytes(notice.read_bytes(), policy=default).get_body(("plain",)).get_content()
    lines = copy_lines(copies.days(), Language.FI, workspace.engine.context.repository.settings)
    assert len(lines) == 3  # letters, this message, backups
    assert all(line in " ".join(text.split()) for line in lines)
    assert all("1.2.2018" in line for line in lines)


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_member_without_copies_is_told_of_none(base_workspace: Path, tmp_path: Path, channel: str) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(base_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        send(workspace, channel)
        assert erasure.erase(workspace.engine.context, OTHER).days() == {}


def test_gd14_the_print_house_and_the_call_centre_are_among_the_recipients(workspace: SampleWorkspace) -> None:
    from campaigns.people.privacy import processors

    write_everything(workspace)
    erasure.erase(workspace.engine.context, AINO)
    tasks = processors.open_tasks(workspace.engine.context)
    assert {task.processor for task in tasks} == {"print_house", "call_centre"}
    assert {task.channel for task in tasks} == {Channel.POST, Channel.PHONE}


def test_the_nightly_job_of_the_server_deletes_files(workspace: SampleWorkspace) -> None:
    path = write_everything(workspace)["backup"]
    jobs = NightlyJobs(workspace.engine.context)
    jobs.run_if_due()
    workspace.clock.time += timedelta(days=32)
    jobs.run_if_due()
    assert not path.exists()


def test_an_outbox_that_is_gone_hinders_no_erasure(workspace: SampleWorkspace) -> None:
    write_everything(workspace)
    shutil.rmtree(workspace.root / "outbox")
    erasure.erase(workspace.engine.context, AINO)
    night(workspace, days=32)
    with workspace.engine.context.ledger.read() as connection:
        assert contacts.existing_members(connection, [AINO]) == set()
