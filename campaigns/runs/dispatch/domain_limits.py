"""Rate limits of receiving domains: messages over the limit of a domain are held and delay no other domain."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, update

from campaigns.core.model.campaign import SendRate
from campaigns.runs.dispatch.rate_limit import RateLimiter
from campaigns.store.runs.run_tables import DELIVERY

_HOLD: Final = (
    update(DELIVERY)
    .where(DELIVERY.c.run_number == bindparam("of_run"), DELIVERY.c.position == bindparam("at_position"))
    .values(not_before=bindparam("until"))
)


@dataclass
class DomainLimits:
    """Rate limits by domain name, shared by all runs and processes.

    Each held message gets a time slot of its own, so that it is claimed once and not re-read with every claim.
    """

    rates: Mapping[str, SendRate]
    _last: dict[str, datetime] = field(default_factory=dict, init=False)

    def hold_over_limit(
        self, connection: Connection, run_number: int, addresses: Sequence[tuple[int, str]], now: datetime
    ) -> frozenset[int]:
        """Hold messages whose domain has no permit; return their positions. Call it in the claim's transaction.

        `addresses` are pairs of position and address, in claim order. Permits are taken for all messages not held.
        """
        waiting: dict[int, datetime] = {}
        for domain, positions in self._by_domain(addresses).items():
            limiter = RateLimiter(f"domain {domain}", self.rates[domain])
            permitted = limiter.available(connection, len(positions), now)
            limiter.take(connection, permitted, now)
            next_slots = limiter.next_slots(connection, now, self._last.get(domain))
            waiting.update(zip(positions[permitted:], next_slots, strict=False))
            if positions[permitted:]:
                self._last[domain] = waiting[positions[-1]]
        if waiting:
            rows = [
                {"of_run": run_number, "at_position": position, "until": until} for position, until in waiting.items()
            ]
            connection.execute(_HOLD, rows)
        return frozenset(waiting)

    def _by_domain(self, addresses: Sequence[tuple[int, str]]) -> Mapping[str, list[int]]:
        positions: dict[str, list[int]] = defaultdict(list)
        for position, address in addresses:
            domain = address.rpartition("@")[2].lower()
            if domain in self.rates:
                positions[domain].append(position)
        return positions
