"""What dispatch asks of a provider, and the messages that it hands over. Adapters add nothing to either."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar, runtime_checkable

from campaigns.channels.bundle import BundleId, CallBundle, LetterBundle, Manifest
from campaigns.channels.claimed_delivery import Claimed
from campaigns.channels.outcome import Outcome


@dataclass(frozen=True, slots=True)
class OutgoingEmail:
    """One e-mail: `mime` is the whole message, for providers that take bytes; the parts are for those that assemble.

    The whole is made when it is asked for, the same each time: for the others it would be half of the work.
    `headers` are those beyond From, To, Subject and the MIME ones (List-Unsubscribe, Feedback-ID …);
    `envelope_from` is the address that bounces go to.
    """

    claimed: Claimed
    assembled: Callable[[], bytes] = field(repr=False, compare=False)
    envelope_from: str
    from_name: str
    from_address: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def mime(self) -> bytes:
        """The whole message."""
        return self.assembled()

    @property
    def units(self) -> int:
        """How much of a rate it takes."""
        return 1


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """One text message, normalised and counted before the claim.

    `valid_for` is how long it may wait in a queue of the provider's: until quiet hours begin (TW-11).
    """

    claimed: Claimed
    sender: str
    text: str = field(repr=False)
    encoding: str
    segments: int
    valid_for: timedelta | None = None

    @property
    def units(self) -> int:
        """How much of a rate it takes: text messages are paid for, and carried, by their segments (TW-12)."""
        return self.segments


Message = TypeVar("Message", OutgoingEmail, OutgoingSms, contravariant=True)
Bundle = TypeVar("Bundle", LetterBundle, CallBundle, contravariant=True)


class MessageProvider(Protocol[Message]):
    """Sends one message at a time, many at once."""

    async def open(self) -> None:
        """Make ready to send; raises ChannelMisconfigured when this can never work."""

    async def close(self) -> None:
        """Give everything back; sends under way have ended before."""

    async def send(self, message: Message) -> Outcome:
        """Hand the message over and say what became of it.

        Raises ChannelMisconfigured only; whatever may have gone is Unknown.
        """


@runtime_checkable
class Searchable(Protocol):
    """A provider that can be asked afterwards what it took."""

    async def find(
        self, number: str, text: str | None, since: datetime, until: datetime | None = None, known: Collection[str] = ()
    ) -> Outcome | None:
        """The acceptance of a message whose answer was lost; None when there is none, else why it could not be asked.

        Call it between `open` and `close`; moments are in real time.
        """


class BundleProvider(Protocol[Bundle]):
    """Hands over many letters or calls at a time, in three steps around the ledger's transaction."""

    def prepare(self, bundle: Bundle) -> Manifest:
        """Write every file under a temporary name; repeating it replaces what an earlier attempt left.

        Nothing is handed over yet: a crash from here to the ledger's commit leaves only what `discard` removes.
        """

    def commit(self, bundle: BundleId, sha256: str) -> None:
        """Give the files their final name, after the ledger has stored the manifest's hash.

        Repeating it changes nothing. Raises BundleBroken when the files are not those of the hash.
        """

    def discard(self, bundle: BundleId) -> None:
        """Remove the temporary files of a bundle that was not committed; none there is no error."""


class BundleBroken(Exception):  # noqa: N818 - said as what happened
    """The files of a bundle are gone or are not those whose hash the ledger holds."""
