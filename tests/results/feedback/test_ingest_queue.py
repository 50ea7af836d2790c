"""The ingest queue commits events of several requests together; an invalid one harms no other."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from campaigns.channels.events import Event, EventKind
from campaigns.results.feedback.ingest import MAX_BATCH_SIZE
from campaigns.results.feedback.ingest_queue import IngestQueue
from campaigns.store.runs.event_tables import EVENT


def events(workspace, *keys: str) -> list[Event]:
    return [Event("sendgrid", key, EventKind.DELIVERED, workspace.clock.time) for key in keys]


def stored_keys(workspace) -> list[str]:
    with workspace.engine.context.ledger.read() as connection:
        return sorted(connection.execute(select(EVENT.c.key)).scalars())


async def test_op05_concurrent_requests_are_all_stored(workspace):
    queue = IngestQueue(workspace.engine.context)
    await asyncio.gather(*(queue.ingest(events(workspace, f"{number:02}")) for number in range(40)))
    assert stored_keys(workspace) == [f"{number:02}" for number in range(40)]


async def test_batch_larger_than_a_transaction_is_stored_whole(workspace):
    queue, keys = IngestQueue(workspace.engine.context), [f"{number:04}" for number in range(2 * MAX_BATCH_SIZE + 1)]
    await asyncio.gather(queue.ingest(events(workspace, *keys)), queue.ingest(events(workspace, *keys[:10])))
    assert stored_keys(workspace) == keys


async def test_invalid_event_does_not_block_other_requests(workspace):
    naive = Event("sendgrid", "wrong", EventKind.DELIVERED, datetime(2018, 1, 1))  # noqa: DTZ001 - refused by the ledger
    queue = IngestQueue(workspace.engine.context)
    requests = [queue.ingest(events(workspace, "a")), queue.ingest([naive]), queue.ingest(events(workspace, "b"))]
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(answer) for answer in answers[::2]] == [type(None)] * 2
    assert isinstance(answers[1], SQLAlchemyError | ValueError)
    assert stored_keys(workspace) == ["a", "b"]


async def test_events_of_a_cancelled_request_are_stored(workspace):
    queue = IngestQueue(workspace.engine.context)
    cancelled = asyncio.create_task(queue.ingest(events(workspace, "a")))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    await queue.ingest(events(workspace, "b"))
    assert stored_keys(workspace) == ["a", "b"]
