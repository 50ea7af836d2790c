"""Letters and calls are handed over at most once and none is lost, wherever one of several processes dies."""

import csv
import json
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, Thread

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from campaigns.channels.registry import ChannelProviders
from campaigns.core.model.enums import BUNDLED_CHANNELS, Channel
from campaigns.operations.worker import Worker
from campaigns.runs.dispatch import bundle_sender, run_transitions
from campaigns.runs.dispatch.dispatcher import runs_under_way
from campaigns.store.runs.run_tables import BUNDLE
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import ScriptedProvider, with_scripted_provider

pytestmark = pytest.mark.long

LETTERS = """\
purpose: marketing
schedule: {at: "2018-01-05 10:30"}
audience: {register: [owners, customers]}
channels: [post]
content: {post: survey}
"""
CALLS = (
    LETTERS.replace("marketing", "survey").replace("[post]", "[phone]").replace("post: survey", "phone: survey_script")
)
ALL = len(MEMBERS)


class ProcessKilledError(BaseException):
    """Stands for `kill -9`: nothing catches it."""


@dataclass
class DyingProvider:
    """Real provider of bundles whose process dies at a step."""

    real: object
    dies_in: str = ""
    after: bool = False

    def _step(self, name, *args):
        if self.dies_in == name and not self.after:
            raise ProcessKilledError
        result = getattr(self.real, name)(*args)
        if self.dies_in == name:
            raise ProcessKilledError
        return result

    def prepare(self, bundle):
        return self._step("prepare", bundle)

    def commit(self, bundle, sha256):
        return self._step("commit", bundle, sha256)

    def discard(self, bundle):
        return self._step("discard", bundle)


def with_dying_provider(workspace: SampleWorkspace, dies_in: str = "", *, after: bool = False) -> DyingProvider:
    with_scripted_provider(workspace, ScriptedProvider())
    real: ChannelProviders = workspace.engine.context.providers
    post = DyingProvider(real.post, dies_in, after)
    workspace.use(providers=ChannelProviders(real.email, real.sms, post, real.phone))
    return post


def letters_by_street(workspace: SampleWorkspace) -> Counter[str]:
    """Count the letters in the handed-over bundles by the street of their address."""
    letters: Counter[str] = Counter()
    for pdf in workspace.root.glob("outbox/*/post-*/*.pdf"):
        for page in PdfReader(pdf).pages:
            letters.update(re.findall(r"^Kylätie \d+$", page.extract_text(), re.MULTILINE))
    return letters


STREETS = Counter(f"Kylätie {number}" for number in range(1, ALL + 1))


@pytest.fixture
def run(workspace):
    with_dying_provider(workspace)
    return workspace.start("hi", LETTERS)


def hidden_folders(root: Path) -> list[Path]:
    return list(root.glob("outbox/*/.*"))


@pytest.mark.parametrize(
    ("step", "after"), [("prepare", False), ("prepare", True), ("commit", False), ("commit", True)]
)
def test_process_death_at_any_step_loses_and_doubles_no_letter(workspace, run, step, after):
    with_dying_provider(workspace, step, after=after)
    with pytest.raises(ProcessKilledError):
        workspace.send(run)
    workspace.balance(run)
    with_dying_provider(workspace)
    workspace.clock.advance(seconds=5)
    assert workspace.send(run).closed
    assert workspace.balance(run) == {"accepted": ALL}
    assert letters_by_street(workspace) == STREETS
    assert hidden_folders(workspace.root) == []


def test_run_with_unnamed_bundles_is_not_closed_by_a_sender_of_other_channels(workspace, run):
    with_dying_provider(workspace, "commit", after=False)
    with pytest.raises(ProcessKilledError):
        workspace.send(run)
    assert workspace.balance(run) == {"accepted": ALL}
    with_dying_provider(workspace)
    assert not workspace.engine.sender.send(run.run_id, str, (Channel.EMAIL, Channel.SMS)).closed
    assert workspace.engine.sender.send(run.run_id, str, BUNDLED_CHANNELS).closed
    assert letters_by_street(workspace) == STREETS


@pytest.mark.parametrize("action", [run_transitions.pause, run_transitions.cancel])
def test_bundle_handed_over_before_a_death_is_named_though_the_run_was_stopped(workspace, run, action):
    with_dying_provider(workspace, "commit", after=False)
    with pytest.raises(ProcessKilledError):
        workspace.send(run)
    workspace.engine.run_control.transition(action, run.run_id)
    with_dying_provider(workspace)
    Worker(workspace.engine).send_all()
    if action is run_transitions.pause:
        assert letters_by_street(workspace) == Counter()
        workspace.engine.run_control.transition(run_transitions.resume, run.run_id)
        Worker(workspace.engine).send_all()
    assert workspace.balance(run) == {"accepted": ALL}
    assert letters_by_street(workspace) == STREETS
    assert hidden_folders(workspace.root) == []
    assert runs_under_way(workspace.engine.context.ledger, workspace.clock.time) == []


def test_missing_bundle_files_are_logged_and_hold_up_no_other_run(workspace, run, caplog):
    with_dying_provider(workspace, "commit", after=False)
    with pytest.raises(ProcessKilledError):
        workspace.send(run)
    with_dying_provider(workspace)
    for folder in hidden_folders(workspace.root):
        shutil.rmtree(folder)
    other = workspace.start("calls", CALLS)
    Worker(workspace.engine).send_all()
    assert workspace.balance(other) == {"accepted": ALL}
    assert f"{run.run_id}: the files of post-1 are gone" in caplog.messages


def test_process_death_before_the_commit_releases_the_rows_after_their_lease(workspace, run):
    with_dying_provider(workspace, "prepare", after=True)
    with pytest.raises(ProcessKilledError):
        workspace.send(run)
    assert workspace.balance(run) == {"sending": ALL}
    with_dying_provider(workspace)
    sent = workspace.send(run)
    assert not sent.closed
    assert workspace.balance(run) == {"sending": ALL}  # its process may still be alive
    workspace.clock.time = sent.resume_at
    assert workspace.send(run).closed


def test_pr09_objection_while_letters_are_rendered_removes_the_letter(workspace, run):
    post = with_dying_provider(workspace)
    prepare, prepared = post.prepare, []

    def slow(bundle):
        manifest = prepare(bundle)
        prepared.append(manifest.items)
        if len(prepared) == 1:
            workspace.record_choices("m05", "no_direct_mail")
            workspace.erase("m06")
        return manifest

    post.prepare = slow
    assert workspace.send(run).closed
    assert prepared == [ALL, ALL - 2]
    assert workspace.end_states(run)["m05"] == ("withdrawn", "objected_channel")
    assert workspace.end_states(run)["m06"] == ("withdrawn", "not_processed")
    assert letters_by_street(workspace) == STREETS - Counter(["Kylätie 5", "Kylätie 6"])
    workspace.balance(run)


@pytest.mark.parametrize(
    ("action", "end"),
    [(run_transitions.pause, ("pending", None)), (run_transitions.cancel, ("withdrawn", "cancelled"))],
)
def test_run_stopped_while_letters_are_rendered_hands_none_over(workspace, run, action, end):
    post = with_dying_provider(workspace)
    prepare = post.prepare

    def stopped(bundle):
        manifest = prepare(bundle)
        workspace.engine.run_control.transition(action, run.run_id)
        return manifest

    post.prepare = stopped
    workspace.send(run)
    assert set(workspace.end_states(run).values()) == {end}
    assert letters_by_street(workspace) == Counter()
    assert hidden_folders(workspace.root) == []
    workspace.balance(run)


def test_rows_released_while_letters_are_rendered_are_not_in_the_bundle(workspace, run):
    """Another process releases the rows of one that is asleep, and hands the letters over itself."""
    post = with_dying_provider(workspace)
    prepare = post.prepare
    other = SampleWorkspace(workspace.root, workspace.clock)
    with_dying_provider(other)

    def asleep(bundle):
        manifest = prepare(bundle)
        if workspace.balance(run) == {"sending": ALL}:
            workspace.clock.advance(seconds=5)
            other.send(run)
        return manifest

    post.prepare = asleep
    workspace.send(run)
    other.close()
    assert workspace.balance(run) == {"accepted": ALL}
    assert letters_by_street(workspace) == STREETS


def test_two_concurrent_processes_hand_over_each_letter_once(workspace, run, monkeypatch):
    monkeypatch.setattr(bundle_sender, "_MAX_ITEMS", 5)
    processes = [SampleWorkspace(workspace.root, workspace.clock) for _ in range(2)]
    together = Barrier(2)

    def send(process: SampleWorkspace) -> None:
        with_dying_provider(process)
        together.wait()
        process.send(run)

    threads = [Thread(target=send, args=[process]) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        process.close()
    workspace.send(run)
    assert workspace.balance(run) == {"accepted": ALL}
    assert letters_by_street(workspace) == STREETS
    numbers = [int(path.name.partition("-")[2]) for path in workspace.root.glob("outbox/*/post-*")]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_pr08_bundles_are_ordered_by_postal_code(workspace, run, monkeypatch):
    monkeypatch.setattr(bundle_sender, "_MAX_ITEMS", 10)
    workspace.send(run)
    folders = sorted(workspace.root.glob("outbox/*/post-*"))
    assert [json.loads((folder / "manifest.json").read_text())["items"] for folder in folders] == [10, 10, 4]
    codes = [workspace.contact(member)["postal_code"] for member in workspace.deliveries(run)]
    assert codes == sorted(codes)
    with workspace.engine.context.ledger.read() as connection:
        states = connection.execute(select(BUNDLE.c.state, BUNDLE.c.manifest_sha256.is_not(None))).all()
    assert set(states) == {("named", True)}


def test_a_letter_that_cannot_be_addressed_is_refused_alone(workspace, run):
    workspace.change_contact("m05", city="\u200b")
    workspace.send(run)
    assert workspace.end_states(run)["m05"][0] in {"refused", "withdrawn"}
    assert sum(letters_by_street(workspace).values()) == ALL - 1
    workspace.balance(run)


def test_call_lists_hold_each_number_once(workspace):
    with_dying_provider(workspace)
    run = workspace.start("calls", CALLS)
    workspace.record_choices("m05", "no_surveys_or_phone")
    assert workspace.send(run).closed
    (path,) = workspace.root.glob("outbox/*/phone-1/calls.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        numbers = [row["number"] for row in csv.DictReader(file, delimiter=";")]
    assert len(set(numbers)) == len(numbers) == ALL - 1
    assert workspace.balance(run) == {"accepted": ALL - 1, "withdrawn": 1}
