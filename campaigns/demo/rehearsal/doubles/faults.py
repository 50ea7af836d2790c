"""How a double behaves: how slow it is, what it does wrong and how often, and what reached whom."""

import argparse
import math
import random
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

_SIGMAS_TO_P99 = 2.326


class Fault(StrEnum):
    """What can go wrong with one message. `*_after`: the message is on its way all the same."""

    THROTTLE = "throttle"
    REFUSE = "refuse"
    UNAUTHORISED = "unauthorised"
    FAIL = "fail"
    FAIL_AFTER = "fail_after"
    DROP = "drop"
    DROP_AFTER = "drop_after"
    HANG_AFTER = "hang_after"

    @property
    def takes(self) -> bool:
        """Whether the message is on its way nevertheless."""
        return self.value.endswith("_after")


@dataclass
class Manners:
    """Delays through `p50` and `p99` seconds (log-normal); the faults of `script` first, then each by its share.

    Whoever is throttled is told to wait for `retry_after` seconds.
    """

    p50: float = 0.0
    p99: float = 0.0
    shares: dict[Fault, float] = field(default_factory=dict)
    script: deque[Fault | None] = field(default_factory=deque)
    retry_after: int = 7
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - the same faults every time

    def delay(self) -> float:
        """Seconds that the next answer takes."""
        if self.p50 <= 0:
            return 0.0
        spread = math.log(max(self.p99, self.p50) / self.p50) / _SIGMAS_TO_P99
        return self.chance.lognormvariate(math.log(self.p50), spread)

    def fault(self) -> Fault | None:
        """What goes wrong with the next message, if anything."""
        if self.script:
            return self.script.popleft()
        if not self.shares:
            return None
        drawn = self.chance.random()
        for fault, share in self.shares.items():
            drawn -= share
            if drawn < 0:
                return fault
        return None

    def next(self, *faults: Fault | None) -> None:
        """Script the faults of the next messages; None is a message with which nothing goes wrong."""
        self.script.extend(faults)


@dataclass
class Mailboxes:
    """What reached whom: the names of the deliveries that each address received, in order."""

    received: dict[str, list[str]] = field(default_factory=dict)

    def put(self, address: str, delivery: str) -> None:
        """One message arrived."""
        self.received.setdefault(address, []).append(delivery)

    def __len__(self) -> int:
        return sum(map(len, self.received.values()))

    @property
    def twice(self) -> dict[str, int]:
        """The deliveries that somebody received more than once, and how often."""
        counts = Counter((address, name) for address, names in self.received.items() for name in names)
        return {name: count for (_, name), count in counts.items() if count > 1}


def add_manners(parser: argparse.ArgumentParser) -> None:
    """The command line's words for manners."""
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--p50", type=float, default=0.0, help="seconds that half of the answers take")
    parser.add_argument("--p99", type=float, default=0.0, help="seconds that nearly every answer takes")
    parser.add_argument("--count-only", action="store_true", help="keep no messages, only who received which")
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT=SHARE", help=", ".join(Fault))


def manners_of(arguments: argparse.Namespace) -> Manners:
    """The manners that a command line asks for."""
    return Manners(arguments.p50, arguments.p99, dict(_shares(arguments.fault)))


def _shares(written: Iterable[str]) -> Iterable[tuple[Fault, float]]:
    for each in written:
        name, _, share = each.partition("=")
        yield Fault(name), float(share or 1)
