"""Process that answers webhooks until it is killed; all arguments are text."""

import os
from datetime import datetime
from pathlib import Path

from campaigns.channels.sendgrid_events import PUBLIC_KEY_VARIABLE
from campaigns.core.clock import Clock
from campaigns.runs.engine import Engine
from campaigns.web.server import create_server, listening_socket
from campaigns.workspace.context import Context, Resources
from campaigns.workspace.paths import Workspace


def answer_webhooks(root: str, port: int, key: str, now: str) -> None:
    """Answer webhooks of the workspace at `root` until the process is killed."""
    os.environ[PUBLIC_KEY_VARIABLE] = key
    clock = Clock(shift=datetime.fromisoformat(now) - Clock().now())
    engine = Engine(Context(Resources(Workspace(Path(root)), clock=clock), "killed"))
    create_server(engine).run(sockets=[listening_socket("127.0.0.1", port)])
