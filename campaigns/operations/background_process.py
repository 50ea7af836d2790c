"""The server's rounds, made by a process of its own: no page waits while a campaign is planned and sent.

Both work over one ledger, as several servers may, and share nothing else. The pipe to the other's standard input stays
open for as long as the server lives: when it closes, in whatever way the server came to its end, the other lets what is
under way end, records it, and goes.
"""

import logging
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import BinaryIO, Final, cast

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.logging_setup import LogFormat, log_to_stderr
from campaigns.core.metrics import exposed
from campaigns.operations.gauges import figures
from campaigns.operations.nightly import Nightly
from campaigns.operations.scheduler import Rounds, plan_apart
from campaigns.runs.dispatch.ticker import waking
from campaigns.runs.engine import Engine
from campaigns.workspace.paths import Workspace

_LOG: Final = logging.getLogger("viesti")
_PAUSE: Final = 2.0
"""Seconds before another process takes the place of one that was killed: what kills it may kill the next."""

_BEHIND: Final = 10
"""By how much it stands behind the pages where both want the processor: somebody waits for a page."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the other process has to know: whose rounds, where its figures are read, and how it logs."""

    root: Path
    actor: str
    metrics: str | None
    log_format: LogFormat
    log_level: str


@contextmanager
def rounds_apart(orders: Orders) -> Iterator[None]:
    """Have the rounds made while the block lasts; after it, wait until what was under way is recorded.

    AuthorError, or CalledProcessError, when they cannot begin. A process that is killed later is followed by another.
    """
    other = _Other(orders)
    other.begin()
    keeper = Thread(target=other.keep)
    keeper.start()
    try:
        yield
    finally:
        other.end()
        keeper.join()


@dataclass
class _Other:
    """The other process, as the server sees it."""

    orders: Orders
    _process: "subprocess.Popen[bytes]" = field(init=False)
    _ending: Event = field(default_factory=Event, init=False)
    _changing: Lock = field(default_factory=Lock, init=False)

    def begin(self) -> None:
        """Begin a process, and wait until it makes its rounds."""
        command = (sys.executable, "-m", __spec__.name)
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, process_group=0)  # noqa: S603 - Ctrl-C is ours alone
        self._process = process
        told, heard = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
        try:
            pickle.dump(self.orders, told)
            told.flush()
            problems = pickle.load(heard)  # noqa: S301 - from the process that we began
        except (BrokenPipeError, EOFError) as error:
            raise subprocess.CalledProcessError(self._status(), command) from error
        if problems:
            self._status()
            raise AuthorError(problems)

    def keep(self) -> None:
        """Put another in the place of each that was killed, until one ends because it was told to."""
        while status := self._status():
            _LOG.error("the process that plans and sends has ended, exit status %d", status)
            if self._ending.wait(_PAUSE):
                return
            try:
                self._begin_again()
            except (AuthorError, subprocess.CalledProcessError, OSError) as error:
                _LOG.error("no other takes its place: %s", error)

    def end(self) -> None:
        """Tell it to end."""
        with self._changing:
            self._ending.set()
            cast("BinaryIO", self._process.stdin).close()

    def _status(self) -> int:
        """With which exit status it ends; nothing of it is left then."""
        status = self._process.wait()
        with self._process:  # closes its pipes
            return status

    def _begin_again(self) -> None:
        with self._changing:
            if not self._ending.is_set():
                self.begin()


def _make(asked: BinaryIO, answered: BinaryIO) -> int:
    """The other process: make rounds until `asked` ends or SIGTERM comes; its exit status."""
    os.nice(_BEHIND)
    orders = pickle.load(asked)  # noqa: S301 - from the process that began this one
    log_to_stderr(orders.log_format, orders.log_level)
    stopping = Event()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: stopping.set())
    with closing(Engine(Workspace(orders.root), orders.actor)) as engine:
        try:
            with exposed(partial(figures, engine), orders.metrics), _rounds(engine, stopping):
                _say(answered, ())
                Thread(target=_heed, args=(asked, stopping), daemon=True).start()
                stopping.wait()
        except AuthorError as error:
            _say(answered, error.problems)
            return 1
    return 0


@contextmanager
def _rounds(engine: Engine, stopping: Event) -> Iterator[None]:
    rounds, nightly = Rounds(engine, stopping, plan_apart), Nightly(engine, stopping)
    waked = waking(rounds.schedule, rounds.dispatch, rounds.carry, rounds.admit, rounds.listen, nightly.look)
    try:
        yield
    finally:
        waked.shutdown(wait=True)


def _heed(asked: BinaryIO, stopping: Event) -> None:
    """Wait for the server's end, without a lock that this process's own end would wait for."""
    os.read(asked.fileno(), 1)
    stopping.set()


def _say(answered: BinaryIO, problems: tuple[Problem, ...]) -> None:
    pickle.dump(problems, answered)
    answered.flush()


if __name__ == "__main__":
    sys.exit(_make(sys.stdin.buffer, sys.stdout.buffer))
