"""Sender of letters and call lists: claim, compose, prepare a bundle, re-check eligibility, hand it over as a whole."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, update

from campaigns.channels.bundle import BundleId, BundleManifest, CallBundle, Letter, LetterBundle, PhoneCall
from campaigns.channels.outcome import Refused
from campaigns.channels.provider import BundleProvider
from campaigns.core.clock import Clock
from campaigns.core.metrics import count_responses
from campaigns.core.model.enums import Channel
from campaigns.runs.composing.claimed_message import ClaimedMessage, ComposeError
from campaigns.runs.composing.run_context import RunContext
from campaigns.runs.dispatch.claim import MAX_PER_CLAIM, claim, is_sending, withdraw_ineligible
from campaigns.runs.dispatch.eligibility import check_eligibility
from campaigns.runs.dispatch.record_outcomes import DeliveryAnswer, log_outcome, record_answers
from campaigns.store.ledger.connection import Ledger
from campaigns.store.runs import bundles
from campaigns.store.runs.bundles import NumberedBundle
from campaigns.store.runs.deliveries import has_state
from campaigns.store.runs.run_tables import DELIVERY, Run
from campaigns.store.runs.states import BundleState, DeliveryState

_MAX_ITEMS: Final = 1000  # items in a bundle: keeps the transaction that re-checks and accepts them under 100 ms

Item = TypeVar("Item", Letter, PhoneCall)
Bundle = TypeVar("Bundle", LetterBundle, CallBundle)
ComposedBundle = TypeVar("ComposedBundle", LetterBundle, CallBundle, covariant=True)


class BundleComposer(Protocol[Item, ComposedBundle]):
    """Composer of letters or calls, and of the bundle that holds them."""

    def compose(self, delivery: ClaimedMessage, /) -> Item:
        """Return the item of a claimed delivery; raise ComposeError if it cannot be composed."""

    def compose_bundle(self, name: BundleId, items: Sequence[Item], created_at: datetime, /) -> ComposedBundle:
        """Return the bundle of items."""


@dataclass(frozen=True, slots=True)
class BundleSender(Generic[Item, Bundle]):
    """Sender of one channel of one run in bundles; several processes may do so at once.

    A crash before the commit that stores the manifest's hash leaves rows that the sweeper puts back to pending, and
    temporary files that `send` removes. After that commit, `send` repeats the provider's commit.
    """

    run_context: RunContext
    channel: Channel
    provider: BundleProvider[Bundle]
    composer: BundleComposer[Item, Bundle]
    clock: Clock
    ledger: Ledger
    on_progress: Callable[[int], None]

    def send(self) -> None:
        """Finish bundles of dead processes, then hand over pending deliveries in the order of their postal codes."""
        self._finish_abandoned()
        while self._send_next_bundle():
            pass

    def _finish_abandoned(self) -> None:
        rename_committed_bundles(self.ledger, self.run_context.run, self.channel, self.provider)
        with self.ledger.read() as connection:
            abandoned = bundles.list_orphaned(connection, self.run_context.number, self.channel)
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

    def _claim(self, attempt: str) -> tuple[NumberedBundle | None, list[ClaimedMessage]]:
        """Claim the rows of one bundle in several short transactions; the first one reserves the bundle's number."""
        deliveries: list[ClaimedMessage] = []
        bundle = None
        while len(deliveries) < _MAX_ITEMS:
            with self.ledger.write() as connection:
                now = self.clock.now()
                result = claim(
                    connection,
                    self.run_context,
                    self.channel,
                    min(MAX_PER_CLAIM, _MAX_ITEMS - len(deliveries)),
                    now,
                    attempt=attempt,
                )
                if result.deliveries and bundle is None:
                    bundle = bundles.open_bundle(connection, self.run_context.number, self.channel, attempt)
            self.on_progress(result.withdrawn)
            deliveries += result.deliveries
            if not result.row_count:
                break
        return bundle, deliveries

    def _compose(self, deliveries: Sequence[ClaimedMessage]) -> list[Item]:
        """Return the composed items; record a refusal with its reason for every delivery that cannot be composed."""
        items: list[Item] = []
        refusals: list[DeliveryAnswer] = []
        for delivery in deliveries:
            try:
                items.append(self.composer.compose(delivery))
            except ComposeError as error:
                refusals.append(DeliveryAnswer(delivery.claimed, Refused(error.reason, error.detail), self.clock.now()))
        for answer in refusals:
            log_outcome(answer.claimed, self.run_context.provider_name(self.channel), answer.outcome)
        with self.ledger.write() as connection:
            record_answers(connection, self.run_context.number, refusals, self.run_context.provider_name(self.channel))
        self.on_progress(len(refusals))
        return items

    def _hand_over(self, bundle: NumberedBundle, items: Sequence[Item]) -> None:
        """Prepare the bundle, re-check its deliveries and store its hash.

        Deliveries that have become ineligible are withdrawn, and the remaining items are prepared again.
        """
        while items:
            now = self.clock.now().replace(microsecond=0)  # PDF dates have a resolution of one second
            manifest = self.provider.prepare(
                self.composer.compose_bundle(_id(self.run_context.run, bundle), items, now)
            )
            with self.ledger.write() as connection:
                eligible = self._eligible_positions(connection, bundle, now)
                complete = len(eligible) == len(items)
                if complete:
                    self._accept(connection, bundle, manifest, now)
            if complete:
                _name_files(self.ledger, self.run_context.run, bundle.with_hash(manifest.sha256), self.provider)
                count_responses(self.channel, self.run_context.provider_name(self.channel), "accepted", len(items))
                self.on_progress(len(items))
                return
            self.on_progress(len(items) - len(eligible))
            items = [item for item in items if item.claimed.position in eligible]
        self._abandon(bundle)

    def _eligible_positions(self, connection: Connection, bundle: NumberedBundle, now: datetime) -> Collection[int]:
        """Return the bundle's positions that are still eligible; withdraw the others (PR-09).

        If the run was stopped meanwhile, return no position and put all deliveries back to pending.
        """
        if not is_sending(connection, self.run_context):
            self._put_back(connection, bundle)
            return frozenset()
        checked = check_eligibility(
            connection, self.run_context, self.channel, DeliveryState.SENDING, _claimed_by(bundle), now
        )
        withdraw_ineligible(connection, self.run_context, checked, now)
        return frozenset(row["position"] for row, reason in checked if reason is None)

    def _put_back(self, connection: Connection, bundle: NumberedBundle) -> None:
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == self.run_context.number, _of(bundle))
            .values(state=DeliveryState.PENDING, attempt=None, lease_until=None)
        )

    def _accept(self, connection: Connection, bundle: NumberedBundle, manifest: BundleManifest, now: datetime) -> None:
        bundles.commit(connection, bundle, manifest.sha256, now)
        connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.run_number == self.run_context.number, _of(bundle))
            .values(
                state=DeliveryState.ACCEPTED,
                provider=self.run_context.provider_name(self.channel),
                provider_ref=f"{bundle.channel}-{bundle.number}",
                ended_at=now,
                lease_until=None,
            )
        )

    def _abandon(self, bundle: NumberedBundle) -> None:
        self.provider.discard(_id(self.run_context.run, bundle))
        with self.ledger.write() as connection:
            bundles.close(connection, bundle, BundleState.ABANDONED)


def rename_committed_bundles(ledger: Ledger, run: Run, channel: Channel, provider: BundleProvider[Bundle]) -> None:
    """Rename the files of committed bundles.

    Applies to runs cancelled since then, too: their bundles have been sent.
    """
    with ledger.read() as connection:
        committed = bundles.list_committed(connection, run.number or 0, channel)
    for bundle in committed:
        _name_files(ledger, run, bundle, provider)


def _name_files(ledger: Ledger, run: Run, bundle: NumberedBundle, provider: BundleProvider[Bundle]) -> None:
    provider.commit(_id(run, bundle), bundle.sha256 or "")
    with ledger.write() as connection:
        bundles.close(connection, bundle, BundleState.NAMED)


def _id(run: Run, bundle: NumberedBundle) -> BundleId:
    return BundleId(run.run_id, bundle.channel, bundle.number)


def _of(bundle: NumberedBundle) -> ColumnElement[bool]:
    return and_(has_state(DeliveryState.SENDING), _claimed_by(bundle))


def _claimed_by(bundle: NumberedBundle) -> ColumnElement[bool]:
    return DELIVERY.c.attempt == bundle.attempt
