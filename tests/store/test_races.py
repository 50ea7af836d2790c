"""Operations of two processes at the same moment take effect once, on either ledger."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from audiences.consent import choices
from audiences.consent.consent_state import ConsentEntry, ConsentSource
from audiences.consent.suppressions import AddressKind, AddressSuppression, SuppressionScope, suppress
from audiences.people import contacts
from audiences.tables import CHOICE_ENTRY, SUPPRESSION
from campaigns.channels.outcome import Outcome
from campaigns.core.errors import UserError
from campaigns.core.model.campaign import Campaign, SendRate
from campaigns.core.model.enums import Channel, Choice
from campaigns.core.model.reasons import SkipReason
from campaigns.runs.dispatch.rate_limit import RateLimiter
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles, publications, runs
from campaigns.store.runs.run_tables import RUN, Run
from campaigns.store.runs.states import RunState
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import Message, ScriptedProvider, accept, with_scripted_provider

NOW = datetime(2018, 1, 1, 8, 0, tzinfo=UTC)


def run_concurrently(address: str, *operations: Callable[[Any], Any]) -> list[Any]:
    """Run operations together, each in its own ledger and write transaction; return their results or errors."""
    ready = Barrier(len(operations))
    results: list[Any] = [None] * len(operations)

    def run(index: int, operation: Callable[[Any], Any]) -> None:
        with closing(Ledger(address)) as own_ledger:
            ready.wait()
            try:
                with own_ledger.write() as connection:
                    results[index] = operation(connection)
            except Exception as error:
                results[index] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate(operations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture(scope="module")
def campaign(base_workspace, tmp_path_factory) -> Campaign:
    root = tmp_path_factory.mktemp("drafts") / "workspace"
    shutil.copytree(base_workspace, root)
    with closing(SampleWorkspace(root)) as workspace:
        return workspace.engine.context.repository.campaign_definition(workspace.write_campaign("hi", MARKETING).stem)[
            0
        ].campaign


def test_occasion_is_taken_once(ledger, address, campaign):
    with ledger.write() as connection:
        due = publications.publish(connection, campaign, "hash", NOW, "a")
    assert due is not None
    later = due + timedelta(days=1)
    results = run_concurrently(address, *[lambda connection: publications.advance(connection, "hi", due, later)] * 4)
    assert Counter(results) == {True: 1, False: 3}
    with ledger.read() as connection:
        assert [publication.next_due for publication in publications.list_all(connection)] == [later]


def test_campaign_published_by_three_at_once_exists_once(ledger, address, campaign):
    publish = [lambda connection: publications.publish(connection, campaign, "hash", NOW, "a")] * 3
    assert run_concurrently(address, *publish) == [campaign.schedule.next_after(NOW)] * 3
    with ledger.read() as connection:
        assert len(publications.list_all(connection)) == 1


def test_run_is_opened_once_and_changes_state_once(ledger, address, campaign):
    def open_run(connection):
        return runs.open_run(connection, campaign, "hi.yaml", NOW, NOW, scheduled=False).number

    numbers = run_concurrently(address, open_run, open_run, open_run)
    assert len(set(numbers)) == 1
    number = numbers[0]
    moves = [lambda connection: runs.change_state(connection, number, [RunState.PLANNING], RunState.SENDING)] * 4
    assert Counter(run_concurrently(address, *moves)) == {True: 1, False: 3}
    with pytest.raises(UserError, match="not planned anew"), ledger.write() as connection:
        open_run(connection)
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(RUN)).scalar_one() == 1


def test_concurrent_choices_are_all_recorded(ledger, address):
    selected = [Choice.EMAIL_OWN, Choice.SMS_OWN, Choice.NO_MARKETING, Choice.TRACKING]

    def recording(choice):
        entry = ConsentEntry("m1", choice.value, True, NOW, ConsentSource.WEB)
        return lambda connection: choices.record_choices(connection, [entry])

    assert run_concurrently(address, *map(recording, selected)) == [1] * 4
    with ledger.read() as connection:
        assert choices.consent_state_of(connection, "m1").on == frozenset(selected)


def test_concurrent_entry_is_recorded_once(ledger, address):
    entry = ConsentEntry("m1", "email_own", True, NOW, ConsentSource.WEB)
    assert sorted(run_concurrently(address, *[lambda connection: choices.record_choices(connection, [entry])] * 3)) == [
        0,
        0,
        1,
    ]
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(CHOICE_ENTRY)).scalar_one() == 1


def test_concurrent_suppression_is_recorded_once(ledger, address):
    suppression = AddressSuppression(
        AddressKind.EMAIL, "a@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE, SuppressionScope.ALL, NOW, "test"
    )
    assert sorted(run_concurrently(address, *[lambda connection: suppress(connection, [suppression])] * 3)) == [0, 0, 1]
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(SUPPRESSION)).scalar_one() == 1


def test_concurrent_contact_is_written_once(ledger, address):
    row = {"member_id": "m1", "register": "owners", "email": "a@example.org"}
    results = run_concurrently(address, *[lambda connection: contacts.upsert_contacts(connection, [row], "fi")] * 3)
    assert sorted(results) == [[], [], ["m1"]]


def test_concurrent_bundles_get_different_numbers(ledger, address):
    open_bundles = [lambda connection: bundles.open_bundle(connection, 1, Channel.POST, "a").number] * 4
    assert sorted(run_concurrently(address, *open_bundles)) == [1, 2, 3, 4]


def test_rate_permits_are_shared(ledger, address):
    limiter = RateLimiter("account", SendRate(messages=20, per=timedelta(seconds=20)))

    def take_permits(connection):
        permitted = limiter.available(connection, 100, NOW)
        limiter.take(connection, permitted, NOW)
        return permitted

    (permits,) = run_concurrently(address, take_permits)
    assert permits >= 1
    assert run_concurrently(address, take_permits, take_permits, take_permits) == [0, 0, 0]


async def answer_slowly(message: Message) -> Outcome:
    await asyncio.sleep(0.02)
    return accept(message)


@contextmanager
def second_workspace(workspace: SampleWorkspace) -> Iterator[SampleWorkspace]:
    """Open the workspace and its ledger a second time, like another process; both may send."""
    with closing(SampleWorkspace(workspace.root, workspace.clock)) as other:
        for sender in (workspace, other):
            with_scripted_provider(sender, ScriptedProvider(answer_slowly))
        yield other


def send_concurrently(*jobs: tuple[SampleWorkspace, Run]) -> None:
    failures: list[BaseException] = []

    def send(sender: SampleWorkspace, run: Run) -> None:
        try:
            sender.send(run)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=send, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def messages_by_member(*workspaces: SampleWorkspace) -> Counter[str]:
    return Counter(member for workspace in workspaces for member in workspace.engine.context.providers.email.received)


def test_two_senders_of_one_run_write_to_each_member_once(workspace):
    run = workspace.start("hi", MARKETING)
    with second_workspace(workspace) as other:
        send_concurrently((workspace, run), (other, run))
        assert messages_by_member(workspace, other) == dict.fromkeys(MEMBERS, 1)
        assert min(len(workspace.engine.context.providers.email.received) for workspace in (workspace, other)) > 0
        assert workspace.balance(run) == {"accepted": len(MEMBERS)}


def test_concurrent_runs_share_a_frequency_cap(workspace):
    workspace.add_setting("per_member: [{messages: 1, per: day}]")
    first, second = (workspace.plan(name, MARKETING)[0] for name in ("one", "two"))
    for run in (first, second):  # start both after planning both, so that the second plan knows nothing of the first
        workspace.engine.run_control.start(run)
    with second_workspace(workspace) as other:
        send_concurrently((workspace, first), (other, second))
        assert messages_by_member(workspace, other) == dict.fromkeys(MEMBERS, 1)
        end_reasons = Counter(reason for run in (first, second) for _, reason in workspace.end_states(run).values())
        assert end_reasons == {None: len(MEMBERS), "frequency_cap": len(MEMBERS)}
