"""A server killed while members unsubscribe: confirmed opt-outs are stored and no message is sent twice."""

import signal
from http.client import HTTPConnection, HTTPException
from random import Random
from threading import Thread
from time import sleep
from urllib.parse import urlsplit

import pytest

from tests.support.sample_workspace import SampleWorkspace
from tests.support.server_process import delivered_emails, healthz, newest_run, serving, set_clock, wait_until
from tests.support.shell import MONDAYS, Shell

pytestmark = pytest.mark.server_process


def unsubscribe(url: str, path: str) -> bool:
    """Post a one-click unsubscribe; return whether the server confirmed it."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, b"List-Unsubscribe=One-Click", headers)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_confirmed_unsubscribe_survives_a_killed_server(viesti: Shell, seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - no secret
    viesti.write("letter", MONDAYS)
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    unsubscribed: set[str] = set()
    with serving(viesti) as (process, url):
        assert healthz(url)["ledger"] == "ok"
        wait_until(lambda: len(delivered_emails(viesti)) > 0, process)
        workspace = SampleWorkspace(viesti.root)  # only reads; its clock stands still
        run = workspace.engine.queries.recent_runs()[0]
        paths = {
            member: f"/u/{workspace.engine.context.signer.link_token('unsubscribe', run.number or 0, row['position'])}"
            for member, row in workspace.deliveries(run).items()
        }

        def unsubscribe_all() -> None:
            for member, path in paths.items():
                if unsubscribe(url, path):
                    unsubscribed.add(member)

        thread = Thread(target=unsubscribe_all)
        thread.start()
        sleep(rng.uniform(0.3, 0.8))
        process.send_signal(signal.SIGKILL)
        thread.join()
    assert unsubscribed
    assert not any(workspace.contact(member)["email_own"] for member in unsubscribed)
    workspace.close()
    with serving(viesti) as (process, _):
        wait_until(lambda: newest_run(viesti)["state"] == "closed", process)
    recipients = [path.name.split("-")[1] for path in delivered_emails(viesti)]
    assert len(recipients) == len(set(recipients)) <= len(paths)
