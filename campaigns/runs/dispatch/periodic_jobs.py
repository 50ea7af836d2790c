"""Ticker: calls functions every second, while the ledger decides what is due.

The only module that imports APScheduler.
"""

import logging
from collections.abc import Callable
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

_SECONDS: Final = 1


def start_ticker(*ticks: Callable[[], object]) -> BackgroundScheduler:
    """Start and return a scheduler that calls each tick every second, never twice at once; missed ticks are skipped.

    Nothing is stored: a new process finds due work in the ledger.
    """
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a skipped tick is no news
    scheduler = BackgroundScheduler(timezone="UTC")
    for number, tick in enumerate(ticks):
        scheduler.add_job(
            tick, "interval", seconds=_SECONDS, id=str(number), max_instances=1, coalesce=True, misfire_grace_time=None
        )
    scheduler.start()
    return scheduler
