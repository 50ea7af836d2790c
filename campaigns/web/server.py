"""The web server with the scheduler and the dispatcher beside it, in one process."""

import uvicorn

from campaigns.dispatch.wake import waking
from campaigns.engine import Engine
from campaigns.rounds import Rounds
from campaigns.web.app import application


def serve(engine: Engine, host: str, port: int) -> None:
    """Serve until interrupted; what is being sent then ends and is recorded before the process does.

    There is no log of requests: the address of a member's page is a key to it.
    """
    rounds = Rounds(engine)
    scheduler = waking(rounds.schedule, rounds.dispatch)
    try:
        uvicorn.run(
            application(engine), host=host, port=port, log_level="warning", access_log=False, server_header=False
        )
    finally:
        scheduler.shutdown(wait=True)
