"""Receiving domains that take only so many messages: what is too much for one waits, and holds up no other domain."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, update

from campaigns.dispatch.rate import Pace
from campaigns.spec.campaign import Rate
from campaigns.store.tables import DELIVERY

_HELD: Final = (
    update(DELIVERY)
    .where(DELIVERY.c.run_number == bindparam("of_run"), DELIVERY.c.position == bindparam("at_position"))
    .values(not_before=bindparam("until"))
)


@dataclass
class Domains:
    """The paces of domains, by their names; all runs and processes share them.

    Each message that has to wait gets a moment of its own: looked at once, and not again and again with all others.
    """

    rates: Mapping[str, Rate]
    _last: dict[str, datetime] = field(default_factory=dict, init=False)

    def hold(
        self, connection: Connection, run_number: int, addresses: Sequence[tuple[int, str]], now: datetime
    ) -> frozenset[int]:
        """Let those wait for whom their domain has no permit; their positions. Call it in the claim's transaction.

        `addresses` are positions and addresses, in claim order. Those that are not held are counted as gone.
        """
        waiting: dict[int, datetime] = {}
        for domain, positions in self._by_domain(addresses).items():
            pace = Pace(f"domain {domain}", self.rates[domain])
            going = pace.permits(connection, len(positions), now)
            pace.take(connection, going, now)
            slots = pace.slots(connection, now, self._last.get(domain))
            waiting.update(zip(positions[going:], slots, strict=False))
            if positions[going:]:
                self._last[domain] = waiting[positions[-1]]
        if waiting:
            held = [{"of_run": run_number, "at_position": each, "until": until} for each, until in waiting.items()]
            connection.execute(_HELD, held)
        return frozenset(waiting)

    def _by_domain(self, addresses: Sequence[tuple[int, str]]) -> Mapping[str, list[int]]:
        positions: dict[str, list[int]] = defaultdict(list)
        for position, address in addresses:
            domain = address.rpartition("@")[2].lower()
            if domain in self.rates:
                positions[domain].append(position)
        return positions
