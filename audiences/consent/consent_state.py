"""The record of choices, and the one value it folds to. No I/O.

The rule of the fold (C-12): for each choice the latest *closing* (a permission taken away, an objection made) decides.
Without one, a yes opens the choice; after one, only a later entry that the member made with us does. Nothing here
depends on the order in which entries arrive.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Register


class Source(StrEnum):
    """Where an entry came from. START by SMS and a provider's resubscribe are `sms` and `provider`."""

    WEB = "web"
    DESK = "desk"
    PHONE = "phone"
    IMPORT = "import"
    MERGE = "merge"
    SMS = "sms"
    ONE_CLICK = "one_click"
    MAIL = "mail"
    COMPLAINT = "complaint"
    PROVIDER = "provider"
    ROBINSON = "robinson"


_OWN_ACT: Final = frozenset({Source.WEB, Source.DESK, Source.PHONE})
_MAY_OPEN: Final = _OWN_ACT | {Source.IMPORT}
UNVERIFIED: Final = "unverified"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the record. `choice` is a `Choice` or `newsletter:<list>`; `at` is aware; `on` is the state said.

    Two entries that differ in `wording`, `language` or `agent` only are the same entry.
    """

    member_id: str
    choice: str
    on: bool
    at: datetime
    source: Source
    wording: str = UNVERIFIED
    language: str | None = None
    agent: str | None = None

    @property
    def identity(self) -> tuple[str, str, bool, datetime, Source]:
        """What makes the same entry one, however often it comes."""
        return self.member_id, self.choice, self.on, self.at, self.source

    @property
    def opens(self) -> bool:
        """Whether the entry would allow something: a yes, or an objection taken back."""
        return self.on is permits(self.choice)


@dataclass(frozen=True, slots=True)
class Stance:
    """The choices that are on, the newsletters subscribed to, and what was once allowed and then withdrawn.

    `withdrawn` names choices as the record does: `email_own`, `newsletter:beauty`. A member who has said nothing
    has the empty stance.
    """

    on: frozenset[Choice] = frozenset()
    newsletters: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    register: Register = Register.CUSTOMERS


def permits(choice: str) -> bool:
    """Whether a choice, when on, allows something; ValueError when there is no such choice."""
    return choice.startswith(NEWSLETTER_PREFIX) or Choice(choice).permits


def fold(entries: Iterable[Entry]) -> Stance:
    """What one member's entries come to, in whatever order they are given."""
    settled = {choice: _settle(said) for choice, said in _by_choice(entries).items()}
    on = {choice for choice, verdict in settled.items() if verdict.open is permits(choice)}
    newsletters = {choice for choice in on if choice.startswith(NEWSLETTER_PREFIX)}
    return Stance(
        frozenset(Choice(choice) for choice in on - newsletters),
        frozenset(choice.removeprefix(NEWSLETTER_PREFIX) for choice in newsletters),
        frozenset(choice for choice, verdict in settled.items() if verdict.withdrawn and permits(choice)),
    )


def merged(member_id: str, record: Iterable[Entry], other: Iterable[Entry], at: datetime) -> list[Entry]:
    """The entries to append when another member's record goes over into `member_id`'s, `at` that moment.

    The other's entries, and a closing for whatever was closed in either record: the most restrictive wins.
    """
    record, other = list(record), list(other)
    closed = {
        choice for entries in (record, other) for choice, said in _by_choice(entries).items() if _settle(said).closed
    }
    closings = [Entry(member_id, choice, not permits(choice), at, Source.MERGE) for choice in sorted(closed)]
    return [*(replace(entry, member_id=member_id) for entry in other), *closings]


@dataclass(frozen=True, slots=True)
class _Verdict:
    open: bool
    closed: bool
    withdrawn: bool


def _settle(said: list[Entry]) -> _Verdict:
    """Where the entries about one choice leave it."""
    openings = [entry for entry in said if entry.opens and entry.source in _MAY_OPEN]
    closings = [entry.at for entry in said if not entry.opens]
    if not closings:
        return _Verdict(open=bool(openings) or not permits(said[0].choice), closed=False, withdrawn=False)
    last = max(closings)
    reopened = any(entry.at > last and entry.source in _OWN_ACT for entry in openings)
    earlier = any(entry.at <= last for entry in openings)
    return _Verdict(open=reopened, closed=not reopened, withdrawn=earlier and not reopened)


def _by_choice(entries: Iterable[Entry]) -> Mapping[str, list[Entry]]:
    by_choice = defaultdict(list)
    for entry in entries:
        by_choice[entry.choice].append(entry)
    return by_choice
