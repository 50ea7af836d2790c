"""Processes that crash tests start and kill, forked from one server that has everything loaded."""

import multiprocessing
from typing import Final

IN_FLIGHT: Final = 8
"""Deliveries that one process may have under way."""
LEASE: Final = 5
"""Seconds that a claim lasts."""
PROCESSES: Final = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.support.sending_process", "campaigns.rendering.email.mjml"])
