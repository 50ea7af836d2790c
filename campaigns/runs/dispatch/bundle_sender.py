"""Sender of letters and call lists: claim, compose, prepare a bundle, re-check eligibility, hand it over as a whole."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, update

from campaigns.channels.bundle import BundleId, Call, CallBundle, Letter, LetterBundle, Manifest
from campaigns.channels.outcome import Refused
from campaigns.channels.provider import BundleProvider
from campaigns.core.clock import Clock
from campaigns.core.metrics import answered
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.claimed_message import CannotWrite, Taken
from campaigns.runs.composing.run_context import Job
from campaigns.runs.dispatch.claim import AT_ONCE, claim, is_sending, withdraw
from campaigns.runs.dispatch.eligibility import examine
from campaigns.runs.dispatch.record_outcomes import Answer, notice, record
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles
from campaigns.store.runs.bundles import Numbered
from campaigns.store.runs.deliveries import is_in
from campaigns.store.runs.run_tables import DELIVERY, Run
from campaigns.store.runs.states import BundleState, DeliveryState

_MOST: Final = 1000  # items in a bundle: keeps the transaction that re-checks and accepts them under 100 ms

Item = TypeVar("Item", Letter, Call)
Bundle = TypeVar("Bundle", LetterBundle, CallBundle)
Bound = TypeVar("Bound", LetterBundle, CallBundle, covariant=True)


class Bundler(Protocol[Item, Bound]):
    """Composer of letters or calls, and of the bundle that holds them."""

    def write(self, delivery: Taken, /) -> Item:
        """Return the item of a claimed delivery; raise ComposeError if it cannot be composed."""

    def bind(self, name: BundleId, items: Sequence[Item], created_at: datetime, /) -> Bound:
        """Return the bundle of items."""


@dataclass(frozen=True, slots=True)
class BundleRun(Generic[Item, Bundle]):
    """Sender of one channel of one run in bundles; several processes may do so at once.

    A crash before the commit that stores the manifest's hash leaves rows that the sweeper puts back to pending, and
    temporary files that `send` removes. After that commit, `send` repeats the provider's commit.
    """

    job: Job
    channel: Channel
    provider: BundleProvider[Bundle]
    bundler: Bundler[Item, Bundle]
    clock: Clock
    ledger: Ledger
    told: Callable[[int], None]

    def work(self) -> None:
        """Finish bundles of dead processes, then hand over pending deliveries in the order of their postal codes."""
        self._finish_abandoned()
        while self._send_next_bundle():
            pass

    def _finish_abandoned(self) -> None:
        name_what_was_committed(self.ledger, self.job.run, self.channel, self.provider)
        with self.ledger.read() as connection:
            abandoned = bundles.forsaken(connection, self.job.number, self.channel)
        for bundle in abandoned:
            self._abandon(bundle)

    def _send_next_bundle(self) -> bool:
        """Hand over one more bundle; return False if nothing was left to claim."""
        attempt = token_hex(8)
        bundle, deliveries = self._claim(attempt)
        if bundle is None:
            return False
        self._hand_over(bundle, self._compose(deliveries))
        return True

    def _claim(self, attempt: str) -> tuple[Numbered | None, list[Taken]]:
        """Claim the rows of one bundle in several short transactions; the first one reserves the bundle's number."""
        deliveries: list[Taken] = []
        bundle = None
        while len(deliveries) < _MOST:
            with self.ledger.write() as connection:
                now = self.clock.now()
                result = claim(
                    connection, self.job, self.channel, min(AT_ONCE, _MOST - len(deliveries)), now, attempt=attempt
                )
                if result.taken and bundle is None:
                    bundle = bundles.open_bundle(connection, self.job.number, self.channel, attempt)
            self.told(result.withdrawn)
            deliveries += result.taken
            if not result.found:
                break
        return bundle, deliveries

    def _compose(self, deliveries: Sequence[Taken]) -> list[Item]:
        """Return the composed items; record a refusal with its reason for every delivery that cannot be composed."""
        items: list[Item] = []
        refusals: list[Answer] = []
        for delivery in deliveries:
            try:
                items.append(self.bundler.write(delivery))
            except CannotWrite as error:
                refusals.append(Answer(delivery.claimed, Refused(error.reason, error.detail), self.clock.now()))
        for answer in refusals:
            notice(answer.claimed, self.job.provider_of(self.channel), answer.outcome)
        with self.ledger.write() as connection:
            record(connection, self.job.number, refusals, self.job.provider_of(self.channel))
        self.told(len(refusals))
        return items

    def _hand_over(self, bundle: Numbered, items: Sequence[Item]) -> None:
        """Prepare the bundle, re-check its deliveries and store its hash.

        Deliveries that have become ineligible are withdrawn, and the remaining items are prepared again.
        """
        while items:
            now = self.clock.now().replace(microsecond=0)  # PDF dates have a resolution of one second
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
        """Return the bundle's positions that are still eligible; withdraw the others (PR-09).

        If the run was stopped meanwhile, return no position and put all deliveries back to pending.
        """
        if not is_sending(connection, self.job):
            self._put_back(connection, bundle)
            return frozenset()
        checked = examine(connection, self.job, self.channel, DeliveryState.SENDING, _claimed_by(bundle), now)
        withdraw(connection, self.job, checked, now)
        return frozenset(row["position"] for row, reason in checked if reason is None)

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
    """Rename the files of committed bundles.

    Applies to runs cancelled since then, too: their bundles have been sent.
    """
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
