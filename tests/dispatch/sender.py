"""Processes that serve and that send; e-mail to a far end, SMS into the outbox. They get killed."""

import os
from datetime import timedelta
from pathlib import Path

from campaigns.channels.registry import Providers, Surroundings, chosen_providers
from campaigns.clock import Clock
from campaigns.engine import Engine
from campaigns.loading.workspace import Workspace
from campaigns.outgoing import Outgoing
from campaigns.rounds import Rounds
from campaigns.store.words import ENDED_RUNS
from tests.dispatch.far_end import NearEnd


def _engine(root: str, port: int, ahead: float) -> Engine:
    """An engine on a clock that is `ahead` seconds, whose e-mail goes to the far end on `port`."""
    engine = Engine(Workspace(Path(root)), "sender")
    vars(engine)["clock"] = Clock(shift=timedelta(seconds=ahead))
    real = chosen_providers(Surroundings(engine.workspace.root, engine.library.settings))
    vars(engine)["providers"] = Providers(NearEnd(port), real.sms, real.post, real.phone)
    return engine


def sender(root: str, port: int, ahead: float) -> None:
    """Send, as a worker does, until everything that there is to run has been sent."""
    engine = _engine(root, port, ahead)
    outgoing = Outgoing.of_worker(engine)
    while not _all_ended(engine):
        outgoing.round()
    engine.close()


def work(root: str, port: int, ahead: float, address: str) -> None:
    """Do what `viesti worker` does, over the ledger at `address`."""
    os.environ["VIESTI_DATABASE_URL"] = address  # what is forked has the environment of the first of its kind
    engine = _engine(root, port, ahead)
    Outgoing.of_worker(engine).until_told()
    engine.close()


def server(root: str, port: int, ahead: float) -> None:
    """Make the rounds that `viesti serve` makes, until everything that is due has been sent."""
    engine = _engine(root, port, ahead)
    rounds = Rounds(engine)
    while not _all_ended(engine):
        rounds.schedule()
        rounds.dispatch()
    engine.close()


def _all_ended(engine: Engine) -> bool:
    runs = engine.recent_runs()
    return bool(runs) and all(run.state in ENDED_RUNS for run in runs)
