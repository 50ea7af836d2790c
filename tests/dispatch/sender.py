"""A process that sends one run: e-mail to a far end, SMS into the outbox. It lives to be killed."""

from datetime import timedelta
from pathlib import Path

from campaigns.channels.registry import Providers, Surroundings, chosen_providers
from campaigns.clock import Clock
from campaigns.engine import Engine
from campaigns.loading.workspace import Workspace
from tests.dispatch.far_end import NearEnd


def send(root: str, run_id: str, port: int, ahead: float) -> None:
    """Send what may go, on a clock that is `ahead` seconds."""
    engine = Engine(Workspace(Path(root)), "sender")
    vars(engine)["clock"] = Clock(shift=timedelta(seconds=ahead))
    real = chosen_providers(Surroundings(engine.workspace.root, engine.library.settings))
    vars(engine)["providers"] = Providers(NearEnd(port), real.sms, real.post, real.phone)
    engine.send(run_id, lambda _: None)
    engine.close()
