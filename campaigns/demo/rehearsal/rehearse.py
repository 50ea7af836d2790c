"""Rehearsal: send the demonstration's campaigns to misbehaving provider doubles, and check the accounts afterwards."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from time import sleep
from typing import Final

from campaigns.core.model.enums import BUNDLED_CHANNELS
from campaigns.demo import run_demo
from campaigns.demo.rehearsal.doubles_process import ProviderDoubles, running_doubles
from campaigns.operations.worker import Worker
from campaigns.results.feedback.resolve_uncertain import reconcile
from campaigns.runs.engine import Engine
from campaigns.store.runs.decisions import OutcomeCounts
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import DeliveryState, RunState
from campaigns.web.server import listening_socket, serving_in_thread
from campaigns.web.webhooks import SENDGRID_PATH
from campaigns.workspace.scaffold import create_demo_workspace

_LOG: Final = logging.getLogger("viesti")
_HOST: Final = "127.0.0.1"
_LEASE: Final = 30
_AUTHORISED: Final = "authorised: {ref: rehearsal}"
StepCallback = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunAccounts:
    """Accounts of one run, after sending (`sent`) and after provider events and reconciliation (`settled`).

    `arrived` counts the run's messages in the doubles' mailboxes; `most_per_mailbox` is the largest of them.
    """

    run_id: str
    planned: int
    sent: OutcomeCounts
    settled: OutcomeCounts
    arrived: int
    most_per_mailbox: int

    @property
    def agree(self) -> bool:
        """Return whether no message was lost or sent twice, and all arrived messages are accepted or uncertain ones."""
        accepted = _over_the_wire(self.settled, DeliveryState.ACCEPTED)
        doubt = _over_the_wire(self.settled, DeliveryState.UNCERTAIN)
        whole = {sum(outcomes.by_state.values()) for outcomes in (self.sent, self.settled)} == {self.planned}
        return whole and self.most_per_mailbox <= 1 and accepted <= self.arrived <= accepted + doubt


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Result of a rehearsal: the accounts of each run, and the number of provider events that we refused."""

    accounts: tuple[RunAccounts, ...]
    events_refused: int

    @property
    def succeeded(self) -> bool:
        """Return whether all accounts agree and no event was refused."""
        return not self.events_refused and all(balance.agree for balance in self.accounts)


def rehearse(directory: Path, actor: str, on_step: StepCallback) -> Rehearsal:
    """Rehearse in a new workspace; call `on_step` with each step."""
    workspace = create_demo_workspace(directory)
    with running_doubles() as doubles, doubles_environment(doubles.secrets), listening_socket(_HOST, 0) as listener:
        _set_up(workspace.settings, doubles, loopback_url(listener))
        engine = Engine.open(workspace, actor)
        try:
            for _ in run_demo.import_demo_files(engine.context, on_step):
                pass
            return send_and_reconcile(engine, run_demo.CAMPAIGNS, doubles, listener, on_step)
        finally:
            engine.close()


def send_and_reconcile(
    engine: Engine, campaigns: Sequence[str], doubles: ProviderDoubles, listener: socket, on_step: StepCallback
) -> Rehearsal:
    """Plan and send campaigns to the doubles, and settle the uncertain deliveries."""
    for campaign in campaigns:
        on_step(f"planning {campaign}")
        draft, _ = engine.context.repository.campaign_definition(campaign)
        run, _ = engine.planner.plan(
            draft, engine.context.repository.settings.clock_start or engine.context.clock.now(), lambda _: None
        )
        engine.run_control.start(run)
    on_step("sending all runs at once, to providers that are slow, throttle, refuse, fail and hang up")
    _send_all(engine)
    planned = list(reversed(engine.queries.recent_runs()))
    sent = [engine.queries.outcomes(run) for run in planned]
    on_step("sending provider events for every message, twice and out of order")
    with serving_in_thread(engine, listener):
        refused = doubles.post_events(f"{loopback_url(listener)}{SENDGRID_PATH}")
    on_step("reconciling uncertain deliveries")
    for run in planned:
        reconcile(engine.context, run.run_id)
    balances = (_balance(engine, run, before, doubles) for run, before in zip(planned, sent, strict=True))
    return Rehearsal(tuple(balances), refused)


def loopback_url(listener: socket) -> str:
    """Return the URL of a socket on the loopback."""
    return f"http://{_HOST}:{listener.getsockname()[1]}"


def _send_all(engine: Engine) -> None:
    outgoing = Worker(engine)
    while any(run.state == RunState.SENDING for run in engine.queries.recent_runs()):
        outgoing.send_all()
        sleep(0.2)


def _balance(engine: Engine, run: Run, sent: OutcomeCounts, doubles: ProviderDoubles) -> RunAccounts:
    mailbox_counts = Counter(
        address
        for mailboxes in doubles.mailboxes
        for address, names in mailboxes.received.items()
        for name in names
        if engine.context.signer.read_delivery_reference(name).run_number == run.number
    )
    most = max(mailbox_counts.values(), default=0)
    return RunAccounts(run.run_id, sent.planned, sent, engine.queries.outcomes(run), mailbox_counts.total(), most)


def _over_the_wire(outcomes: OutcomeCounts, state: DeliveryState) -> int:
    """Return the number of deliveries in a state, without those written to a folder."""
    return sum(
        number
        for channel, row_state, _, number in outcomes.rows
        if row_state == state and channel not in BUNDLED_CHANNELS
    )


def _set_up(settings: Path, doubles: ProviderDoubles, url: str) -> None:
    """Point a new workspace's settings to the doubles, and its public URL to `url`."""
    sendgrid, twilio = (f"{{base_url: '{double.url}'}}" for double in (doubles.sendgrid, doubles.twilio))
    changes: Mapping[str, str] = {
        "public_url: http://localhost:8000": f"public_url: {url}",
        "email:\n    provider: folder": f"email:\n    provider: sendgrid\n    sendgrid: {sendgrid}",
        "sms:\n    provider: folder": f"sms:\n    provider: twilio\n    {_AUTHORISED}\n    twilio: {twilio}",
        "lease: 120": f"lease: {_LEASE}",
    }
    text = settings.read_text("utf-8")
    for old, new in changes.items():
        if old not in text:
            raise LookupError(f"the example workspace's settings do not say `{old}` any more")
        text = text.replace(old, new, 1)
    settings.write_text(text, "utf-8")


@contextmanager
def doubles_environment(secrets: Mapping[str, str]) -> Iterator[None]:
    """Put the doubles' secrets into the environment and silence the log; failures show in the accounts."""
    before, level = dict(os.environ), _LOG.level
    os.environ.update(secrets)
    _LOG.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        _LOG.setLevel(level)
        os.environ.clear()
        os.environ.update(before)
