"""Behaviour of a double: its delays and faults, and the mailboxes of its recipients."""

import argparse
import math
import random
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

_SIGMAS_TO_P99 = 2.326


class ProviderFault(StrEnum):
    """Fault of one message. `*_after`: the message is delivered nevertheless."""

    THROTTLE = "throttle"
    REFUSE = "refuse"
    UNAUTHORISED = "unauthorised"
    FAIL = "fail"
    FAIL_AFTER = "fail_after"
    DROP = "drop"
    DROP_AFTER = "drop_after"
    HANG_AFTER = "hang_after"

    @property
    def delivers(self) -> bool:
        """Return whether the message is delivered nevertheless."""
        return self.value.endswith("_after")


@dataclass
class FaultPlan:
    """Log-normal delays with `p50` and `p99` in seconds; the faults of `script` first, then each by its share.

    Throttled requests are answered with `Retry-After: retry_after` seconds.
    """

    p50: float = 0.0
    p99: float = 0.0
    shares: dict[ProviderFault, float] = field(default_factory=dict)
    script: deque[ProviderFault | None] = field(default_factory=deque)
    retry_after: int = 7
    rng: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - the same faults every time

    def next_delay(self) -> float:
        """Return the delay of the next answer in seconds."""
        if self.p50 <= 0:
            return 0.0
        spread = math.log(max(self.p99, self.p50) / self.p50) / _SIGMAS_TO_P99
        return self.rng.lognormvariate(math.log(self.p50), spread)

    def next_fault(self) -> ProviderFault | None:
        """Return the fault of the next message, if any."""
        if self.script:
            return self.script.popleft()
        if not self.shares:
            return None
        drawn = self.rng.random()
        for fault, share in self.shares.items():
            drawn -= share
            if drawn < 0:
                return fault
        return None

    def script_faults(self, *faults: ProviderFault | None) -> None:
        """Script the faults of the next messages; None means no fault."""
        self.script.extend(faults)


@dataclass
class Mailboxes:
    """Mailboxes: delivery names received by each address, in order."""

    received: dict[str, list[str]] = field(default_factory=dict)

    def deliver(self, address: str, delivery: str) -> None:
        """Store one message."""
        self.received.setdefault(address, []).append(delivery)

    def __len__(self) -> int:
        return sum(map(len, self.received.values()))

    @property
    def duplicates(self) -> dict[str, int]:
        """Return the deliveries received more than once by one address, and how often."""
        counts = Counter((address, name) for address, names in self.received.items() for name in names)
        return {name: count for (_, name), count in counts.items() if count > 1}


def add_fault_options(parser: argparse.ArgumentParser) -> None:
    """Add the command-line options of a double's behaviour."""
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0: any free port")
    parser.add_argument("--p50", type=float, default=0.0, help="median delay of answers in seconds")
    parser.add_argument("--p99", type=float, default=0.0, help="99th percentile of the delay in seconds")
    parser.add_argument("--count-only", action="store_true", help="keep no messages, only delivery names by recipient")
    parser.add_argument("--fault", action="append", default=[], metavar="FAULT=SHARE", help=", ".join(ProviderFault))


def fault_plan_of(arguments: argparse.Namespace) -> FaultPlan:
    """Return the behaviour set by command-line options."""
    return FaultPlan(arguments.p50, arguments.p99, dict(_shares(arguments.fault)))


def _shares(texts: Iterable[str]) -> Iterable[tuple[ProviderFault, float]]:
    for text in texts:
        name, _, share = text.partition("=")
        yield ProviderFault(name), float(share or 1)
