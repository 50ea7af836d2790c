"""Copying a ledger: every row arrives, the workspace continues there, and the old ledger sends nothing."""

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

DAILY = MARKETING.replace('{at: "2018-01-05 10:30"}', '{cron: "0 9 * * *"}')


def _ignore_progress(_rows: int) -> None: ...


def _content(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    with ledger.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in SQLModel.metadata.sorted_tables
        }


@pytest.fixture
def new_database(workspace: SampleWorkspace, address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Move the sample workspace back to an SQLite file, and return the emptied `address` to copy to."""
    with closing(Ledger(address)) as bound_ledger, bound_ledger.write() as connection:
        rows_by_table = {table: connection.execute(select(table)).all() for table in SQLModel.metadata.sorted_tables}
        for table in SQLModel.metadata.sorted_tables:
            connection.execute(table.delete())
    workspace.engine.context.ledger.close()
    monkeypatch.delenv("VIESTI_DATABASE_URL")
    workspace.use(ledger=Ledger.from_path(Workspace(workspace.root).ledger))
    schema.prepare(workspace.engine.context.ledger)
    with workspace.engine.context.ledger.write() as connection:
        for table, rows in rows_by_table.items():
            if rows:
                connection.execute(table.insert(), [row._asdict() for row in rows])
    return address


def test_plan_made_on_sqlite_is_sent_from_the_new_ledger(workspace, new_database, monkeypatch):
    run = workspace.start("hi", MARKETING)
    before = _content(workspace.engine.context.ledger)
    progress: list[int] = []
    row_counts, suspended = ledger_admin.copy_to(workspace.engine, new_database, progress.append)
    assert row_counts == {name: len(rows) for name, rows in before.items()}
    assert sum(progress) == sum(row_counts.values())
    assert suspended.runs == 1
    assert workspace.state(run) == RunState.PAUSED
    monkeypatch.setenv("VIESTI_DATABASE_URL", new_database)
    with closing(SampleWorkspace(workspace.root, workspace.clock)) as target_workspace:
        after = _content(target_workspace.engine.context.ledger)
        assert after.pop("audit")[:-1] == before.pop("audit")
        assert bool(after.pop("run_file")) == target_workspace.engine.context.ledger.is_shared
        assert before.pop("run_file") == []
        assert after == before
        provider = with_scripted_provider(target_workspace, ScriptedProvider())
        target_workspace.send(run)
        assert sorted(provider.received) == list(MEMBERS)
        assert target_workspace.balance(run) == {"accepted": len(MEMBERS)}
        target_workspace.plan("again", MARKETING)  # its number follows the copied ones


def test_old_ledger_plans_and_sends_nothing_by_itself(workspace, new_database):
    draft, _ = workspace.engine.context.repository.campaign_definition(workspace.write_campaign("daily", DAILY).stem)
    workspace.engine.publisher.publish(draft)
    run = workspace.start("hi", MARKETING)
    _, suspended = ledger_admin.copy_to(workspace.engine, new_database, _ignore_progress)
    assert (suspended.runs, suspended.publications) == (1, 1)
    provider = with_scripted_provider(workspace, ScriptedProvider())
    workspace.clock.advance(days=2)
    scheduler = Scheduler(workspace.engine)
    scheduler.plan_due()
    scheduler.send()
    assert provider.received == []
    assert workspace.balance(run) == {"pending": len(MEMBERS)}


def test_database_with_rows_is_refused_and_unchanged(workspace, new_database):
    ledger_admin.copy_to(workspace.engine, new_database, _ignore_progress)
    with closing(Ledger(new_database)) as target:
        before = _content(target)
        with pytest.raises(UserError, match="not_empty"):
            ledger_admin.copy_to(workspace.engine, new_database, _ignore_progress)
        assert _content(target) == before


def test_copy_is_refused_while_deliveries_are_under_way(workspace, new_database):
    problem_codes: list[str] = []

    def answer(message: Message) -> Outcome:
        if not problem_codes:
            with pytest.raises(UserError) as raised:
                ledger_admin.copy_to(workspace.engine, new_database, _ignore_progress)
            problem_codes.append(raised.value.problems[0].code)
        return accept(message)

    with_scripted_provider(workspace, ScriptedProvider(answer))
    run = workspace.start("hi", MARKETING)
    workspace.send(run)
    assert problem_codes == ["under_way"]
    ledger_admin.copy_to(workspace.engine, new_database, _ignore_progress)


def test_failed_copy_leaves_the_target_empty(workspace, new_database):
    class BrokenError(Exception): ...

    def fail(_rows: int) -> None:
        raise BrokenError

    with pytest.raises(BrokenError):
        ledger_admin.copy_to(workspace.engine, new_database, fail)
    with closing(Ledger(new_database)) as target, target.read() as connection:
        for table in SQLModel.metadata.sorted_tables:
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name
    ledger_admin.copy_to(workspace.engine, new_database, _ignore_progress)


def test_rows_lost_during_the_copy_are_detected(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr(copy, "append", lambda *_: None)
    with closing(Ledger.from_path(tmp_path / "source.sqlite")) as source:
        schema.prepare(source)
        with source.write() as connection:
            connection.execute(
                SQLModel.metadata.tables["pace"].insert(),
                {"account": "a", "due_at": SampleWorkspace(tmp_path).clock.time},
            )
        with (
            source.read() as source_connection,
            ledger.write() as target_connection,
            pytest.raises(RuntimeError, match="pace: 1 rows left"),
        ):
            copy.copy_rows(source_connection, target_connection, _ignore_progress)
