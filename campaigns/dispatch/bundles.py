"""Letters and call lists: claimed together, prepared under temporary names, re-read, then handed over at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from campaigns.channels.bundle import BundleId, Call, CallBundle, Letter, LetterBundle, Manifest
from campaigns.channels.outcome import Refused
from campaigns.channels.provider import BundleProvider
from campaigns.clock import Clock
from campaigns.dispatch.claim import Taken, claim, withdraw
from campaigns.dispatch.examine import examine
from campaigns.dispatch.job import Job
from campaigns.dispatch.messages import CannotWrite
from campaigns.dispatch.record import Answer, record
from campaigns.ledger import Ledger
from campaigns.spec.words import Channel
from campaigns.store.tables import BUNDLE, DELIVERY
from campaigns.store.words import DeliveryState

_CLAIMED_AT_ONCE: Final = 500  # keeps a claim's transaction under 100 ms

Item = TypeVar("Item", Letter, Call)
Bundle = TypeVar("Bundle", LetterBundle, CallBundle)
Bound = TypeVar("Bound", LetterBundle, CallBundle, covariant=True)


class Bundler(Protocol[Item, Bound]):
    """Writes the letter or call of a claimed delivery, and binds many."""

    def write(self, taken: Taken, /) -> Item:
        """One item; raises CannotWrite."""

    def bind(self, name: BundleId, items: Sequence[Item], created_at: datetime, /) -> Bound:
        """The bundle of items."""


@dataclass(frozen=True, slots=True)
class BundleRun(Generic[Item, Bundle]):
    """One channel of one run that is handed over in bundles.

    A crash before the commit that stores the manifest's hash leaves rows that the sweeper puts back to pending; after
    it, `work` repeats the provider's commit.
    """

    job: Job
    channel: Channel
    provider: BundleProvider[Bundle]
    bundler: Bundler[Item, Bundle]
    clock: Clock
    ledger: Ledger
    told: Callable[[int], None]

    def work(self) -> None:
        """Finish what was committed earlier, then hand over what is pending, in the order of its postal codes."""
        committed = self._committed()
        for number, sha256 in committed.items():
            self.provider.commit(self._name(number), sha256)
        attempt = token_hex(8)
        items = [item for taken in self._claimed(attempt) for item in self._written(taken)]
        if items:
            self._hand_over(self._name(max(committed, default=0) + 1), items, attempt)

    def _claimed(self, attempt: str) -> list[Taken]:
        claimed: list[Taken] = []
        while True:
            with self.ledger.write() as connection:
                found = claim(connection, self.job, self.channel, _CLAIMED_AT_ONCE, self.clock.now(), attempt)
            self.told(found.withdrawn)
            if found.is_empty:
                return claimed
            claimed += found.taken

    def _written(self, taken: Taken) -> list[Item]:
        try:
            return [self.bundler.write(taken)]
        except CannotWrite as error:
            refused = Answer(taken.claimed, Refused(error.reason, error.detail), self.clock.now())
            with self.ledger.write() as connection:
                record(connection, self.job.number, [refused], self.job.provider_of(self.channel))
            self.told(1)
            return []

    def _hand_over(self, name: BundleId, items: Sequence[Item], attempt: str) -> None:
        """Prepare, re-read, and store the hash; whoever said no meanwhile is taken out and the rest prepared anew."""
        while items:
            now = self.clock.now().replace(microsecond=0)  # a PDF counts in whole seconds
            manifest = self.provider.prepare(self.bundler.bind(name, items, now))
            with self.ledger.write() as connection:
                gone = self._withdrawn(connection, attempt, now)
                if not gone:
                    self._accept(connection, name, manifest, attempt, now)
            if not gone:
                self.provider.commit(name, manifest.sha256)
                self.told(len(items))
                return
            self.told(len(gone))
            items = [item for item in items if item.claimed.position not in gone]
        self.provider.discard(name)

    def _withdrawn(self, connection: Connection, attempt: str, now: datetime) -> frozenset[int]:
        """The positions of the bundle to which something objects by now (PR-09)."""
        examined = examine(connection, self.job, self.channel, _of(attempt), now)
        withdraw(connection, self.job, examined, now)
        return frozenset(row["position"] for row, reason in examined if reason is not None)

    def _accept(self, connection: Connection, name: BundleId, manifest: Manifest, attempt: str, now: datetime) -> None:
        connection.execute(
            insert(BUNDLE).values(
                run_number=self.job.number,
                channel=self.channel,
                sequence=name.number,
                manifest_sha256=manifest.sha256,
                handed_over_at=now,
            )
        )
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == self.job.number, _of(attempt))
            .values(
                state=DeliveryState.ACCEPTED,
                provider=self.job.provider_of(self.channel),
                provider_ref=f"{name.channel}-{name.number}",
                ended_at=now,
                lease_until=None,
            )
        )

    def _committed(self) -> dict[int, str]:
        with self.ledger.read() as connection:
            rows = connection.execute(
                select(BUNDLE.c.sequence, BUNDLE.c.manifest_sha256)
                .where(BUNDLE.c.run_number == self.job.number, BUNDLE.c.channel == self.channel)
                .order_by(BUNDLE.c.sequence)
            )
            return dict(rows.tuples().all())

    def _name(self, number: int) -> BundleId:
        return BundleId(self.job.run.run_id, self.channel, number)


def _of(attempt: str) -> ColumnElement[bool]:
    return and_(DELIVERY.c.attempt == attempt, DELIVERY.c.state == DeliveryState.SENDING)
