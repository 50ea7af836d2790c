"""A server killed while members unsubscribe: what it has said yes to is so, and a message goes to nobody twice."""

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
    """One click; whether the server has answered that it is done."""
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
def test_a_yes_is_kept_when_the_server_is_killed(viesti: Shell, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - no secret
    viesti.write("letter", MONDAYS)
    viesti("publish", "letter")
    set_clock(viesti, "2018-01-08 09:30")
    done: set[str] = set()
    with serving(viesti) as (process, url):
        assert healthz(url)["ledger"] == "ok"
        wait_until(lambda: len(delivered_emails(viesti)) > 0, process)
        workspace = SampleWorkspace(viesti.root)  # its clock stands; it only reads
        run = workspace.engine.queries.recent_runs()[0]
        paths = {
            member: f"/u/{workspace.engine.context.signer.link_token('unsubscribe', run.number or 0, row['position'])}"
            for member, row in workspace.deliveries(run).items()
        }

        def click() -> None:
            for member, path in paths.items():
                if unsubscribe(url, path):
                    done.add(member)

        thread = Thread(target=click)
        thread.start()
        sleep(chance.uniform(0.3, 0.8))
        process.send_signal(signal.SIGKILL)
        thread.join()
    assert done
    assert not any(workspace.contact(member)["email_own"] for member in done)
    workspace.close()
    with serving(viesti) as (process, _):
        wait_until(lambda: newest_run(viesti)["state"] == "closed", process)
    reached = [path.name.split("-")[1] for path in delivered_emails(viesti)]
    assert len(reached) == len(set(reached)) <= len(paths)
