"""Letters and call lists: claimed together, prepared under temporary names, re-read, then handed over at once."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, update

from campaigns.channels.bundle import BundleId, Call, CallBundle, Letter, LetterBundle, Manifest
from campaigns.channels.outcome import Refused
from campaigns.channels.provider import BundleProvider
from campaigns.clock import Clock
from campaigns.dispatch.claim import AT_ONCE, Taken, claim, is_sending, withdraw
from campaigns.dispatch.examine import examine
from campaigns.dispatch.job import Job
from campaigns.dispatch.messages import CannotWrite
from campaigns.dispatch.noticing import notice
from campaigns.dispatch.record import Answer, record
from campaigns.ledger import Ledger
from campaigns.meters import answered
from campaigns.spec.words import Channel
from campaigns.store import bundles
from campaigns.store.bundles import Numbered
from campaigns.store.deliveries import is_in
from campaigns.store.tables import DELIVERY, Run
from campaigns.store.words import BundleState, DeliveryState

_MOST: Final = 1000  # in a bundle: the transaction that re-reads and accepts them stays under 100 ms

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
    """One channel of one run that is handed over in bundles; several processes may do so at once.

    A crash before the commit that stores the manifest's hash leaves rows that the sweeper puts back to pending, and
    temporary files that `work` removes; after it, `work` repeats the provider's commit.
    """

    job: Job
    channel: Channel
    provider: BundleProvider[Bundle]
    bundler: Bundler[Item, Bundle]
    clock: Clock
    ledger: Ledger
    told: Callable[[int], None]

    def work(self) -> None:
        """Finish what others left, then hand over what is pending, in the order of its postal codes."""
        self._take_over()
        while self._next():
            pass

    def _take_over(self) -> None:
        name_what_was_committed(self.ledger, self.job.run, self.channel, self.provider)
        with self.ledger.read() as connection:
            forsaken = bundles.forsaken(connection, self.job.number, self.channel)
        for bundle in forsaken:
            self._abandon(bundle)

    def _next(self) -> bool:
        """Hand over one more bundle; False when nothing was left to claim."""
        attempt = token_hex(8)
        bundle, claimed = self._claimed(attempt)
        if bundle is None:
            return False
        self._hand_over(bundle, self._written(claimed))
        return True

    def _claimed(self, attempt: str) -> tuple[Numbered | None, list[Taken]]:
        """The rows of one bundle, taken by several short transactions; its number is taken with the first of them."""
        claimed: list[Taken] = []
        bundle = None
        while len(claimed) < _MOST:
            with self.ledger.write() as connection:
                now = self.clock.now()
                found = claim(
                    connection, self.job, self.channel, min(AT_ONCE, _MOST - len(claimed)), now, attempt=attempt
                )
                if found.taken and bundle is None:
                    bundle = bundles.open_bundle(connection, self.job.number, self.channel, attempt)
            self.told(found.withdrawn)
            claimed += found.taken
            if not found.found:
                break
        return bundle, claimed

    def _written(self, claimed: Sequence[Taken]) -> list[Item]:
        """What can be written of the claimed; the rest is refused, each with its reason."""
        items: list[Item] = []
        refused: list[Answer] = []
        for taken in claimed:
            try:
                items.append(self.bundler.write(taken))
            except CannotWrite as error:
                refused.append(Answer(taken.claimed, Refused(error.reason, error.detail), self.clock.now()))
        for answer in refused:
            notice(answer.claimed, self.job.provider_of(self.channel), answer.outcome)
        with self.ledger.write() as connection:
            record(connection, self.job.number, refused, self.job.provider_of(self.channel))
        self.told(len(refused))
        return items

    def _hand_over(self, bundle: Numbered, items: Sequence[Item]) -> None:
        """Prepare, re-read, and store the hash; what may not go by now is taken out and the rest prepared anew."""
        while items:
            now = self.clock.now().replace(microsecond=0)  # a PDF counts in whole seconds
            manifest = self.provider.prepare(self.bundler.bind(_id(self.job.run, bundle), items, now))
            with self.ledger.write() as connection:
                going = self._going(connection, bundle, now)
                complete = len(going) == len(items)
                if complete:
                    self._accept(connection, bundle, manifest, now)
            if complete:
                _name_files(self.ledger, self.job.run, bundle.with_hash(manifest.sha256), self.provider)
                answered(self.channel, self.job.provider_of(self.channel), "accepted", len(items))
                self.told(len(items))
                return
            self.told(len(items) - len(going))
            items = [item for item in items if item.claimed.position in going]
        self._abandon(bundle)

    def _going(self, connection: Connection, bundle: Numbered, now: datetime) -> Collection[int]:
        """The positions that are still this bundle's and may still go; the others are withdrawn (PR-09).

        None of them when the run was stopped meanwhile: what has not left the house waits again.
        """
        if not is_sending(connection, self.job):
            self._put_back(connection, bundle)
            return frozenset()
        examined = examine(connection, self.job, self.channel, DeliveryState.SENDING, _claimed_by(bundle), now)
        withdraw(connection, self.job, examined, now)
        return frozenset(row["position"] for row, reason in examined if reason is None)

    def _put_back(self, connection: Connection, bundle: Numbered) -> None:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == self.job.number, _of(bundle))
            .values(state=DeliveryState.PENDING, attempt=None, lease_until=None)
        )

    def _accept(self, connection: Connection, bundle: Numbered, manifest: Manifest, now: datetime) -> None:
        bundles.commit(connection, bundle, manifest.sha256, now)
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == self.job.number, _of(bundle))
            .values(
                state=DeliveryState.ACCEPTED,
                provider=self.job.provider_of(self.channel),
                provider_ref=f"{bundle.channel}-{bundle.number}",
                ended_at=now,
                lease_until=None,
            )
        )

    def _abandon(self, bundle: Numbered) -> None:
        self.provider.discard(_id(self.job.run, bundle))
        with self.ledger.write() as connection:
            bundles.close(connection, bundle, BundleState.ABANDONED)


def name_what_was_committed(ledger: Ledger, run: Run, channel: Channel, provider: BundleProvider[Bundle]) -> None:
    """Repeat the rename of bundles that were accepted, also when the run was cancelled since: they have been sent."""
    with ledger.read() as connection:
        committed = bundles.committed(connection, run.number or 0, channel)
    for bundle in committed:
        _name_files(ledger, run, bundle, provider)


def _name_files(ledger: Ledger, run: Run, bundle: Numbered, provider: BundleProvider[Bundle]) -> None:
    provider.commit(_id(run, bundle), bundle.sha256 or "")
    with ledger.write() as connection:
        bundles.close(connection, bundle, BundleState.NAMED)


def _id(run: Run, bundle: Numbered) -> BundleId:
    return BundleId(run.run_id, bundle.channel, bundle.number)


def _of(bundle: Numbered) -> ColumnElement[bool]:
    return and_(is_in(DeliveryState.SENDING), _claimed_by(bundle))


def _claimed_by(bundle: Numbered) -> ColumnElement[bool]:
    return DELIVERY.c.attempt == bundle.attempt
