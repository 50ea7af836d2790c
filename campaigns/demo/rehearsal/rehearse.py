"""The demonstration's campaigns against doubles that misbehave, and whether the accounts agree afterwards."""

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

from campaigns.core.model.enums import BUNDLED
from campaigns.demo import run_demo
from campaigns.demo.rehearsal.doubles_process import FarEnds, far_ends
from campaigns.operations.worker import Outgoing
from campaigns.results.feedback.resolve_uncertain import reconcile
from campaigns.runs.engine import Engine
from campaigns.store.runs.decisions import Outcomes
from campaigns.store.runs.run_tables import Run
from campaigns.store.runs.states import DeliveryState, RunState
from campaigns.web.server import beside, listening
from campaigns.web.webhooks import SENDGRID_PATH
from campaigns.workspace.scaffold import make_workspace

_LOG: Final = logging.getLogger("viesti")
_HOST: Final = "127.0.0.1"
_LEASE: Final = 30
_AUTHORISED: Final = "authorised: {ref: rehearsal}"
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Balance:
    """One run's accounts, as it was `sent` and as it was `settled` by what was told later and asked for.

    `arrived` is how many messages of it the doubles have put into mailboxes, `most` how many of them one person has.
    """

    run_id: str
    planned: int
    sent: Outcomes
    settled: Outcomes
    arrived: int
    most: int

    @property
    def holds(self) -> bool:
        """Nobody was lost or written to twice, and what arrived is what was accepted, or not known to be."""
        accepted = _over_the_wire(self.settled, DeliveryState.ACCEPTED)
        doubt = _over_the_wire(self.settled, DeliveryState.UNCERTAIN)
        whole = {sum(each.by_state.values()) for each in (self.sent, self.settled)} == {self.planned}
        return whole and self.most <= 1 and accepted <= self.arrived <= accepted + doubt


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it: a balance for each run, and how many of the events that were told we did not take."""

    balances: tuple[Balance, ...]
    events_refused: int

    @property
    def succeeded(self) -> bool:
        """Whether every balance holds and every event was taken."""
        return not self.events_refused and all(balance.holds for balance in self.balances)


def rehearse(directory: Path, actor: str, told: Told) -> Rehearsal:
    """Rehearse in a new workspace; `told` hears what is being done."""
    workspace = make_workspace(directory)
    with far_ends() as doubles, heeded(doubles.secrets), listening(_HOST, 0) as door:
        _set_up(workspace.settings, doubles, url_of(door))
        engine = Engine(workspace, actor)
        try:
            for _ in run_demo.bring_in(engine, told):
                pass
            return perform(engine, run_demo.CAMPAIGNS, doubles, door, told)
        finally:
            engine.close()


def perform(engine: Engine, campaigns: Sequence[str], doubles: FarEnds, door: socket, told: Told) -> Rehearsal:
    """Plan and send campaigns of a workspace whose providers are the doubles, and settle what was uncertain."""
    for campaign in campaigns:
        told(f"planning {campaign}")
        draft, _ = engine.library.draft(campaign)
        run, _ = engine.plan(draft, engine.library.settings.clock_start or engine.clock.now(), lambda _: None)
        engine.start(run)
    told("sending all of them at once, to providers that are slow, throttle, refuse, fail and hang up")
    _send_all(engine)
    planned = list(reversed(engine.recent_runs()))
    sent = [engine.outcomes(run) for run in planned]
    told("telling what became of every message, twice and out of order")
    with beside(engine, door):
        refused = doubles.tell(f"{url_of(door)}{SENDGRID_PATH}")
    told("asking about what nobody told of")
    for run in planned:
        reconcile(engine, run.run_id)
    balances = (_balance(engine, run, before, doubles) for run, before in zip(planned, sent, strict=True))
    return Rehearsal(tuple(balances), refused)


def url_of(door: socket) -> str:
    """Where a socket on the loopback is reached."""
    return f"http://{_HOST}:{door.getsockname()[1]}"


def _send_all(engine: Engine) -> None:
    outgoing = Outgoing(engine)
    while any(run.state == RunState.SENDING for run in engine.recent_runs()):
        outgoing.round()
        sleep(0.2)


def _balance(engine: Engine, run: Run, sent: Outcomes, doubles: FarEnds) -> Balance:
    persons = Counter(
        address
        for mailboxes in doubles.mailboxes
        for address, names in mailboxes.received.items()
        for name in names
        if engine.signer.delivery_named(name).run_number == run.number
    )
    most = max(persons.values(), default=0)
    return Balance(run.run_id, sent.planned, sent, engine.outcomes(run), persons.total(), most)


def _over_the_wire(outcomes: Outcomes, state: DeliveryState) -> int:
    """How many in a state of those that no folder took."""
    return sum(number for channel, found, _, number in outcomes.rows if found == state and channel not in BUNDLED)


def _set_up(settings: Path, doubles: FarEnds, url: str) -> None:
    """Let a new workspace write to the doubles, and hear them at `url`."""
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
def heeded(secrets: Mapping[str, str]) -> Iterator[None]:
    """The process with the doubles' secrets in its environment; what goes wrong is in the balance, not in the log."""
    before, level = dict(os.environ), _LOG.level
    os.environ.update(secrets)
    _LOG.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        _LOG.setLevel(level)
        os.environ.clear()
        os.environ.update(before)
