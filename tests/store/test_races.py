"""What two processes do at the same moment happens once, on either ledger."""

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


def at_once(address: str, *works: Callable[[Any], Any]) -> list[Any]:
    """What each work returned or raised, each in a write transaction over a ledger of its own, all begun together."""
    ready = Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Callable[[Any], Any]) -> None:
        with closing(Ledger(address)) as mine:
            ready.wait()
            try:
                with mine.write() as connection:
                    results[place] = work(connection)
            except Exception as error:
                results[place] = error

    threads = [Thread(target=run, args=pair) for pair in enumerate(works)]
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


def test_an_occasion_is_taken_up_once(ledger, address, campaign):
    with ledger.write() as connection:
        due = publications.publish(connection, campaign, "hash", NOW, "a")
    assert due is not None
    later = due + timedelta(days=1)
    took = at_once(address, *[lambda connection: publications.advance(connection, "hi", due, later)] * 4)
    assert Counter(took) == {True: 1, False: 3}
    with ledger.read() as connection:
        assert [publication.next_due for publication in publications.list_all(connection)] == [later]


def test_a_campaign_is_published_at_once_by_three_and_stands_once(ledger, address, campaign):
    publish = [lambda connection: publications.publish(connection, campaign, "hash", NOW, "a")] * 3
    assert at_once(address, *publish) == [campaign.schedule.next_after(NOW)] * 3
    with ledger.read() as connection:
        assert len(publications.list_all(connection)) == 1


def test_a_run_is_opened_once_and_moves_once(ledger, address, campaign):
    def opens(connection):
        return runs.open_run(connection, campaign, "hi.yaml", NOW, NOW, scheduled=False).number

    numbers = at_once(address, opens, opens, opens)
    assert len(set(numbers)) == 1
    number = numbers[0]
    moves = [lambda connection: runs.change_state(connection, number, [RunState.PLANNING], RunState.SENDING)] * 4
    assert Counter(at_once(address, *moves)) == {True: 1, False: 3}
    with pytest.raises(UserError, match="not planned anew"), ledger.write() as connection:
        opens(connection)
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(RUN)).scalar_one() == 1


def test_choices_that_come_together_all_count(ledger, address):
    said = [Choice.EMAIL_OWN, Choice.SMS_OWN, Choice.NO_MARKETING, Choice.TRACKING]

    def says(choice):
        entry = ConsentEntry("m1", choice.value, True, NOW, ConsentSource.WEB)
        return lambda connection: choices.record_choices(connection, [entry])

    assert at_once(address, *map(says, said)) == [1] * 4
    with ledger.read() as connection:
        assert choices.consent_state_of(connection, "m1").on == frozenset(said)


def test_the_same_entry_is_recorded_once(ledger, address):
    entry = ConsentEntry("m1", "email_own", True, NOW, ConsentSource.WEB)
    assert sorted(at_once(address, *[lambda connection: choices.record_choices(connection, [entry])] * 3)) == [0, 0, 1]
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(CHOICE_ENTRY)).scalar_one() == 1


def test_the_same_address_is_suppressed_once(ledger, address):
    one = AddressSuppression(
        AddressKind.EMAIL, "a@example.org", SkipReason.SUPPRESSED_HARD_BOUNCE, SuppressionScope.ALL, NOW, "test"
    )
    assert sorted(at_once(address, *[lambda connection: suppress(connection, [one])] * 3)) == [0, 0, 1]
    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(SUPPRESSION)).scalar_one() == 1


def test_the_same_contact_is_written_once(ledger, address):
    row = {"member_id": "m1", "register": "owners", "email": "a@example.org"}
    wrote = at_once(address, *[lambda connection: contacts.upsert_contacts(connection, [row], "fi")] * 3)
    assert sorted(wrote) == [[], [], ["m1"]]


def test_bundles_get_different_numbers(ledger, address):
    opens = [lambda connection: bundles.open_bundle(connection, 1, Channel.POST, "a").number] * 4
    assert sorted(at_once(address, *opens)) == [1, 2, 3, 4]


def test_permits_are_shared(ledger, address):
    pace = RateLimiter("account", SendRate(messages=20, per=timedelta(seconds=20)))

    def takes(connection):
        permitted = pace.available(connection, 100, NOW)
        pace.take(connection, permitted, NOW)
        return permitted

    alone = at_once(address, takes)
    assert alone[0] >= 1
    assert at_once(address, takes, takes, takes) == [0, 0, 0]


async def slowly(message: Message) -> Outcome:
    await asyncio.sleep(0.02)
    return accept(message)


@contextmanager
def beside(workspace: SampleWorkspace) -> Iterator[SampleWorkspace]:
    """A second village over the same workspace and ledger, like a process of its own; both may be sent from."""
    with closing(SampleWorkspace(workspace.root, workspace.clock)) as other:
        for each in (workspace, other):
            with_scripted_provider(each, ScriptedProvider(slowly))
        yield other


def send_at_once(*sendings: tuple[SampleWorkspace, Run]) -> None:
    failures: list[BaseException] = []

    def send(each: SampleWorkspace, run: Run) -> None:
        try:
            each.send(run)
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=send, args=sending) for sending in sendings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def heard(*villages: SampleWorkspace) -> Counter[str]:
    return Counter(member for each in villages for member in each.engine.context.providers.email.heard)


def test_two_senders_of_one_run_write_to_everybody_once(workspace):
    run = workspace.start("hi", MARKETING)
    with beside(workspace) as other:
        send_at_once((workspace, run), (other, run))
        assert heard(workspace, other) == dict.fromkeys(MEMBERS, 1)
        assert min(len(each.engine.context.providers.email.heard) for each in (workspace, other)) > 0
        assert workspace.balance(run) == {"accepted": len(MEMBERS)}


def test_two_runs_at_once_keep_a_cap_between_them(workspace):
    workspace.add_setting("per_member: [{messages: 1, per: day}]")
    first, second = (workspace.plan(name, MARKETING)[0] for name in ("one", "two"))
    for run in (first, second):  # both planned before either may send: else the second plan knows of the first
        workspace.engine.run_control.start(run)
    with beside(workspace) as other:
        send_at_once((workspace, first), (other, second))
        assert heard(workspace, other) == dict.fromkeys(MEMBERS, 1)
        ends = Counter(reason for run in (first, second) for _, reason in workspace.end_states(run).values())
        assert ends == {None: len(MEMBERS), "frequency_cap": len(MEMBERS)}
