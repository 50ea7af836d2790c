"""Provider interfaces that dispatch uses, and the outgoing messages. Adapters extend neither."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

from campaigns.channels.bundle import BundleId, BundleManifest, CallBundle, LetterBundle
from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.channels.outcome import Outcome
from campaigns.core.model.inline_picture import InlinePicture


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One e-mail: `mime` for providers that take the whole message, the parts for providers that assemble it.

    `mime` is assembled on demand, the same each time: for providers that do not need it, it would be half of the work.
    `headers` are those beyond From, To, Subject and the MIME ones (List-Unsubscribe, Feedback-ID …);
    `envelope_from` is the bounce address. `pictures` are those that the HTML shows by their Content-ID.
    """

    claimed: ClaimedDelivery
    assemble: Callable[[], bytes] = field(repr=False, compare=False)
    envelope_from: str
    from_name: str
    from_address: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    pictures: Sequence[InlinePicture] = field(default=(), repr=False)

    @property
    def mime(self) -> bytes:
        """Return the whole message as bytes."""
        return self.assemble()

    @property
    def rate_units(self) -> int:
        """Return the units that the message counts for in a rate limit."""
        return 1


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One text message, normalised and counted before the claim.

    `valid_for` limits its time in the provider's queue: until quiet hours begin (TW-11).
    """

    claimed: ClaimedDelivery
    sender: str
    text: str = field(repr=False)
    encoding: str
    segments: int
    valid_for: timedelta | None = None

    @property
    def rate_units(self) -> int:
        """Return its segments, the unit of price and rate limit for text messages (TW-12)."""
        return self.segments


Message = TypeVar("Message", OutgoingEmail, OutgoingSms, contravariant=True)
Bundle = TypeVar("Bundle", LetterBundle, CallBundle, contravariant=True)


class MessageProvider(Protocol[Message]):
    """Provider that sends single messages, many at the same time."""

    async def open(self) -> None:
        """Prepare for sending; raises ChannelMisconfiguredError when sending can never work."""

    async def close(self) -> None:
        """Release all resources; called after every send has ended."""

    async def send(self, message: Message) -> Outcome:
        """Hand the message over and return its outcome; Unknown for a message that may have been sent.

        Raises ChannelMisconfiguredError only.
        """


@runtime_checkable
class SearchableProvider(Protocol):
    """Provider that can search the messages it has accepted."""

    async def find_message(
        self,
        number: str,
        text: str | None,
        since: datetime,
        until: datetime | None = None,
        known_ids: Collection[str] = (),
    ) -> Outcome | None:
        """Find a message whose answer was lost; None when there is none, another outcome when the search failed.

        Call it between `open` and `close`; `since` and `until` are in real time.
        """


class BundleProvider(Protocol[Bundle]):
    """Provider that hands over many letters or calls at once, in three steps around the ledger's transaction."""

    def prepare(self, bundle: Bundle) -> BundleManifest:
        """Write every file under a temporary name; repeating it replaces the files of an earlier attempt.

        Nothing is handed over yet: a crash before the ledger's commit leaves only files that `discard` removes.
        """

    def commit(self, bundle: BundleId, sha256: str) -> None:
        """Give the files their final name, after the ledger has stored the manifest's hash.

        Repeating it changes nothing. Raises BrokenBundleError when the files do not match the hash.
        """

    def discard(self, bundle: BundleId) -> None:
        """Remove the temporary files of a bundle that was not committed; missing files are no error."""


class BrokenBundleError(Exception):
    """Raised when the files of a bundle are gone or do not match the hash in the ledger."""
