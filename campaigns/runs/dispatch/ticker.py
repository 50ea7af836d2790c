"""The alarm clock, and the only place that knows APScheduler: it fires ticks; the ledger decides what is due."""

import logging
from collections.abc import Callable
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

_SECONDS: Final = 1


def waking(*ticks: Callable[[], object]) -> BackgroundScheduler:
    """A started scheduler that calls each tick every second, never twice at once; a late one is not made up for.

    Nothing is kept: a process that comes up finds what is due in the ledger.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that finds the last one at work is no news
    scheduler = BackgroundScheduler(timezone="UTC")
    for number, tick in enumerate(ticks):
        scheduler.add_job(
            tick, "interval", seconds=_SECONDS, id=str(number), max_instances=1, coalesce=True, misfire_grace_time=None
        )
    scheduler.start()
    return scheduler
