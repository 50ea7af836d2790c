"""Processes that send: one run, or whatever is under way; e-mail to a far end, SMS into the outbox. They get killed."""

import os
from datetime import timedelta
from pathlib import Path

from campaigns.channels.registry import Providers, Surroundings, chosen_providers
from campaigns.clock import Clock
from campaigns.engine import Engine
from campaigns.loading.workspace import Workspace
from campaigns.outgoing import Outgoing
from campaigns.rounds import Rounds
from tests.dispatch.far_end import NearEnd


def _engine(root: str, port: int, ahead: float) -> Engine:
    """An engine on a clock that is `ahead` seconds, whose e-mail goes to the far end on `port`."""
    engine = Engine(Workspace(Path(root)), "sender")
    vars(engine)["clock"] = Clock(shift=timedelta(seconds=ahead))
    real = chosen_providers(Surroundings(engine.workspace.root, engine.library.settings))
    vars(engine)["providers"] = Providers(NearEnd(port), real.sms, real.post, real.phone)
    return engine


def send(root: str, run_id: str, port: int, ahead: float) -> None:
    """Send what may go of a run."""
    engine = _engine(root, port, ahead)
    engine.send(run_id, lambda _: None)
    engine.close()


def work(root: str, port: int, ahead: float, address: str) -> None:
    """Do what `viesti worker` does, over the ledger at `address`."""
    os.environ["VIESTI_DATABASE_URL"] = address  # what is forked has the environment of the first of its kind
    engine = _engine(root, port, ahead)
    Outgoing.of_worker(engine).until_told()
    engine.close()


def serve(root: str, port: int, ahead: float) -> None:
    """Make the rounds that `viesti serve` makes, until everything that is due has been sent."""
    engine = _engine(root, port, ahead)
    rounds = Rounds(engine)
    while not all(run.state in ("closed", "missed") for run in engine.recent_runs()) or not engine.recent_runs():
        rounds.schedule()
        rounds.dispatch()
    engine.close()
