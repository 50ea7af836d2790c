"""A ledger that moves: all of it arrives, the workspace goes on there, and the one that was left sends nothing."""

from contextlib import closing

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from campaigns.channels.outcome import Outcome
from campaigns.core.errors import UserError
from campaigns.operations import ledger_admin
from campaigns.operations.scheduler import Scheduler
from campaigns.store.admin import copy, schema
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs.states import RunState
from campaigns.workspace.paths import Workspace
from tests.support.sample_campaigns import MARKETING
from tests.support.sample_workspace import MEMBERS, SampleWorkspace
from tests.support.scripted_provider import Message, ScriptedProvider, accept, with_scripted_provider

EVERY = MARKETING.replace('{at: "2018-01-05 10:30"}', '{cron: "0 9 * * *"}')


def _nobody(_rows: int) -> None: ...


def _content(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    with ledger.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in SQLModel.metadata.sorted_tables
        }


@pytest.fixture
def onward(workspace: SampleWorkspace, address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The village's own ledger is an SQLite file again, and `address` an empty database to move to."""
    with closing(Ledger(address)) as full, full.write() as connection:
        held = {table: connection.execute(select(table)).all() for table in SQLModel.metadata.sorted_tables}
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(table.delete())
    workspace.engine.context.ledger.close()
    monkeypatch.delenv("VIESTI_DATABASE_URL")
    workspace.use(ledger=Ledger.from_path(Workspace(workspace.root).ledger))
    schema.prepare(workspace.engine.context.ledger)
    with workspace.engine.context.ledger.write() as connection:
        for table, rows in held.items():
            if rows:
                connection.execute(table.insert(), [row._asdict() for row in rows])
    return address


def test_a_plan_made_on_sqlite_is_sent_where_the_ledger_moved_to(workspace, onward, monkeypatch):
    run = workspace.start("hi", MARKETING)
    before = _content(workspace.engine.context.ledger)
    told: list[int] = []
    counted, held = ledger_admin.copy_to(workspace.engine, onward, told.append)
    assert counted == {name: len(rows) for name, rows in before.items()}
    assert sum(told) == sum(counted.values())
    assert held.runs == 1
    assert workspace.state(run) == RunState.PAUSED
    monkeypatch.setenv("VIESTI_DATABASE_URL", onward)
    with closing(SampleWorkspace(workspace.root, workspace.clock)) as moved:
        after = _content(moved.engine.context.ledger)
        assert after.pop("audit")[:-1] == before.pop("audit")
        assert bool(after.pop("run_file")) == moved.engine.context.ledger.is_shared
        assert before.pop("run_file") == []
        assert after == before
        provider = with_scripted_provider(moved, ScriptedProvider())
        moved.send(run)
        assert sorted(provider.heard) == list(MEMBERS)
        assert moved.balance(run) == {"accepted": len(MEMBERS)}
        moved.plan("again", MARKETING)  # its number follows those that came


def test_the_ledger_that_was_left_plans_and_sends_nothing_by_itself(workspace, onward):
    draft, _ = workspace.engine.context.repository.campaign_definition(workspace.write_campaign("daily", EVERY).stem)
    workspace.engine.publisher.publish(draft)
    run = workspace.start("hi", MARKETING)
    _, held = ledger_admin.copy_to(workspace.engine, onward, _nobody)
    assert (held.runs, held.publications) == (1, 1)
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.advance(days=2)
    rounds = Scheduler(workspace.engine)
    rounds.plan_due()
    rounds.send()
    assert provider.heard == []
    assert workspace.balance(run) == {"pending": len(MEMBERS)}


def test_a_database_that_holds_anything_is_refused_and_left_alone(workspace, onward):
    ledger_admin.copy_to(workspace.engine, onward, _nobody)
    with closing(Ledger(onward)) as target:
        before = _content(target)
        with pytest.raises(UserError, match="not_empty"):
            ledger_admin.copy_to(workspace.engine, onward, _nobody)
        assert _content(target) == before


def test_nothing_is_copied_while_deliveries_are_under_way(workspace, onward):
    refused: list[str] = []

    def answer(message: Message) -> Outcome:
        if not refused:
            with pytest.raises(UserError) as raised:
                ledger_admin.copy_to(workspace.engine, onward, _nobody)
            refused.append(raised.value.problems[0].code)
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert refused == ["under_way"]
    ledger_admin.copy_to(workspace.engine, onward, _nobody)


def test_a_copy_that_fails_leaves_the_target_empty(workspace, onward):
    class BrokenError(Exception): ...

    def breaks(_rows: int) -> None:
        raise BrokenError

    with pytest.raises(BrokenError):
        ledger_admin.copy_to(workspace.engine, onward, breaks)
    with closing(Ledger(onward)) as target, target.read() as connection:
        for table in SQLModel.metadata.sorted_tables:
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name
    ledger_admin.copy_to(workspace.engine, onward, _nobody)


def test_a_table_that_lost_rows_on_the_way_is_noticed(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr(copy, "append", lambda *_: None)
    with closing(Ledger.from_path(tmp_path / "source.sqlite")) as source:
        schema.prepare(source)
        with source.write() as connection:
            connection.execute(
                SQLModel.metadata.tables["pace"].insert(),
                {"account": "a", "due_at": SampleWorkspace(tmp_path).clock.time},
            )
        with (
            source.read() as leaving,
            ledger.write() as arriving,
            pytest.raises(RuntimeError, match="pace: 1 rows left"),
        ):
            copy.copy_rows(leaving, arriving, _nobody)
