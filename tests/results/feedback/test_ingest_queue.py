"""The intake: what several requests bring is committed together, and one that cannot be kept harms no other."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from campaigns.channels.events import Event, EventKind
from campaigns.results.feedback.ingest import MAX_BATCH_SIZE
from campaigns.results.feedback.ingest_queue import IngestQueue
from campaigns.store.runs.event_tables import EVENT


def told(workspace, *keys: str) -> list[Event]:
    return [Event("sendgrid", key, EventKind.DELIVERED, workspace.clock.time) for key in keys]


def kept(workspace) -> list[str]:
    with workspace.engine.context.ledger.read() as connection:
        return sorted(connection.execute(select(EVENT.c.key)).scalars())


async def test_op05_what_comes_together_is_kept_together(workspace):
    intake = IngestQueue(workspace.engine.context)
    await asyncio.gather(*(intake.ingest(told(workspace, f"{number:02}")) for number in range(40)))
    assert kept(workspace) == [f"{number:02}" for number in range(40)]


async def test_more_than_one_transaction_holds_is_kept_whole(workspace):
    intake, keys = IngestQueue(workspace.engine.context), [f"{number:04}" for number in range(2 * MAX_BATCH_SIZE + 1)]
    await asyncio.gather(intake.ingest(told(workspace, *keys)), intake.ingest(told(workspace, *keys[:10])))
    assert kept(workspace) == keys


async def test_events_that_cannot_be_kept_keep_no_others_from_it(workspace):
    naive = Event("sendgrid", "wrong", EventKind.DELIVERED, datetime(2018, 1, 1))  # noqa: DTZ001 - what is refused
    intake = IngestQueue(workspace.engine.context)
    requests = [intake.ingest(told(workspace, "a")), intake.ingest([naive]), intake.ingest(told(workspace, "b"))]
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(answer) for answer in answers[::2]] == [type(None)] * 2
    assert isinstance(answers[1], SQLAlchemyError | ValueError)
    assert kept(workspace) == ["a", "b"]


async def test_a_request_that_went_away_leaves_its_events_to_be_kept(workspace):
    intake = IngestQueue(workspace.engine.context)
    gone = asyncio.create_task(intake.ingest(told(workspace, "a")))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    await intake.ingest(told(workspace, "b"))
    assert kept(workspace) == ["a", "b"]
