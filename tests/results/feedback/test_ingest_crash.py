"""The webhook process is killed with SIGKILL: answered events are on disk, and the others can be posted again."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from random import Random
from threading import Timer
from time import sleep

import httpx
import pytest
from sqlalchemy import select

from campaigns.demo.rehearsal.doubles.sendgrid import SendGridDouble
from campaigns.store.runs.event_tables import EVENT
from tests.support.sample_workspace import MEMBERS
from tests.support.sent_run import LOST, send_run
from tests.support.webhook_process import answer_webhooks
from tests.support.wired_workspace import SENDGRID

pytestmark = pytest.mark.server_process
DATABASES = ("sqlite",)


@contextmanager
def webhook_server(workspace, double: SendGridDouble, port: int) -> Iterator:
    arguments = (str(workspace.root), port, double.public_key, workspace.clock.time.isoformat())
    process = get_context("spawn").Process(target=answer_webhooks, args=arguments)
    process.start()
    try:
        while not _is_up(port):
            assert process.is_alive()
            sleep(0.05)
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def signed_posts(sent_run, double: SendGridDouble) -> list[tuple[bytes, dict[str, str]]]:
    """Return signed POSTs with four events of every message, complaints among them."""
    events = [
        {"event": event, "email": f"{member}@example.org", "sg_event_id": f"{member}-{event}", "timestamp": 1}
        | {"delivery": sent_run.name(member)}
        for event in ("processed", "spamreport", "deferred", "delivered")
        for member in MEMBERS
    ]
    return [double.sign_post(events[start : start + 3]) for start in range(0, len(events), 3)]


def event_keys(bodies: list[bytes]) -> set[str]:
    return {event["sg_event_id"] for body in bodies for event in json.loads(body)}


def stored_keys(workspace) -> list[str]:
    with workspace.engine.context.ledger.read() as connection:
        return list(connection.execute(select(EVENT.c.key)).scalars())


def post_all(port: int, posts: list[tuple[bytes, dict[str, str]]]) -> list[bytes]:
    """POST one after the other until the server is gone; return the bodies that were answered."""
    answered = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for body, headers in posts:
            try:
                answer = client.post(SENDGRID, content=body, headers=headers)
            except httpx.TransportError:
                break
            assert answer.status_code == 204
            answered.append(body)
    return answered


@pytest.mark.parametrize("seed", range(2))
def test_op05_answered_events_are_on_disk_whenever_the_process_is_killed(workspace, seed):
    sent_run, double, random = send_run(workspace), SendGridDouble(), Random(seed)  # noqa: S311 - the same moments every time
    posts = signed_posts(sent_run, double)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with webhook_server(workspace, double, port) as process:
        timer = Timer(random.uniform(0.01, 0.06), process.kill)
        timer.start()
        answered = post_all(port, posts)
        timer.join()
    assert len(answered) < len(posts)  # the process was killed before the last
    assert event_keys(answered) <= set(stored_keys(workspace))
    with webhook_server(workspace, double, port):
        assert len(post_all(port, posts)) == len(posts)  # all of them again
    assert sorted(stored_keys(workspace)) == sorted(event_keys([body for body, _ in posts]))
    assert {sent_run.end(member) for member in LOST} == {("accepted", None)}
    assert not any(workspace.contact(member)["email_own"] for member in MEMBERS)
