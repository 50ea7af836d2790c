"""Record of choices and the consent state that it reduces to. No I/O.

Rule (C-12): for each choice the latest *opt-out* (a permission withdrawn, an objection made) decides.
Without an opt-out, a yes allows the choice. After one, only a later entry that the member made with us does.
The result does not depend on the order in which entries arrive.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from campaigns.core.model.enums import NEWSLETTER_PREFIX, Choice, Register


class ConsentSource(StrEnum):
    """Origin of an entry. START by SMS and the resubscribe event of a provider are `sms` and `provider`."""

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


_STATED_BY_MEMBER: Final = frozenset({ConsentSource.WEB, ConsentSource.DESK, ConsentSource.PHONE})
_MAY_ALLOW: Final = _STATED_BY_MEMBER | {ConsentSource.IMPORT}
UNVERIFIED: Final = "unverified"


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One entry of the record. `choice` is a `Choice` or `newsletter:<list>`; `at` is aware; `on` is the stated value.

    Entries that differ only in `wording`, `language` or `agent` are the same entry.
    """

    member_id: str
    choice: str
    on: bool
    at: datetime
    source: ConsentSource
    wording: str = UNVERIFIED
    language: str | None = None
    agent: str | None = None

    @property
    def identity(self) -> tuple[str, str, bool, datetime, ConsentSource]:
        """Return the key by which repeated entries are recognised."""
        return self.member_id, self.choice, self.on, self.at, self.source

    @property
    def is_opt_in(self) -> bool:
        """Return whether the entry allows something: a yes, or an objection taken back."""
        return self.on is is_permission(self.choice)


@dataclass(frozen=True, slots=True)
class ConsentState:
    """Consent state of a member: choices that are on, subscribed newsletters, withdrawn permissions.

    `withdrawn` names choices as the record does: `email_own`, `newsletter:beauty`. A member without entries has the
    empty state.
    """

    on: frozenset[Choice] = frozenset()
    newsletters: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    register: Register = Register.CUSTOMERS


def is_permission(choice: str) -> bool:
    """Return whether a choice allows something when on; raise ValueError when there is no such choice."""
    return choice.startswith(NEWSLETTER_PREFIX) or Choice(choice).permits


def reduce_entries(entries: Iterable[ConsentEntry]) -> ConsentState:
    """Return the consent state of one member's entries, given in any order."""
    outcomes = {choice: _resolve(history) for choice, history in _group_by_choice(entries).items()}
    on = {choice for choice, outcome in outcomes.items() if outcome.open is is_permission(choice)}
    newsletters = {choice for choice in on if choice.startswith(NEWSLETTER_PREFIX)}
    return ConsentState(
        frozenset(Choice(choice) for choice in on - newsletters),
        frozenset(choice.removeprefix(NEWSLETTER_PREFIX) for choice in newsletters),
        frozenset(choice for choice, outcome in outcomes.items() if outcome.withdrawn and is_permission(choice)),
    )


def merge_entries(
    member_id: str, record: Iterable[ConsentEntry], other: Iterable[ConsentEntry], at: datetime
) -> list[ConsentEntry]:
    """Return the entries to append to `member_id` when another member's record is merged into it at `at`.

    These are the other member's entries, and an opt-out for every choice closed in either record: the most restrictive
    wins.
    """
    record, other = list(record), list(other)
    closed = {
        choice
        for entries in (record, other)
        for choice, of_choice in _group_by_choice(entries).items()
        if _resolve(of_choice).closed
    }
    opt_outs = [
        ConsentEntry(member_id, choice, not is_permission(choice), at, ConsentSource.MERGE) for choice in sorted(closed)
    ]
    return [*(replace(entry, member_id=member_id) for entry in other), *opt_outs]


@dataclass(frozen=True, slots=True)
class _ChoiceOutcome:
    """Result of the entries of one choice."""

    open: bool
    closed: bool
    withdrawn: bool


def _resolve(entries: list[ConsentEntry]) -> _ChoiceOutcome:
    """Return the result of the entries of one choice."""
    opt_ins = [entry for entry in entries if entry.is_opt_in and entry.source in _MAY_ALLOW]
    opt_out_times = [entry.at for entry in entries if not entry.is_opt_in]
    if not opt_out_times:
        return _ChoiceOutcome(open=bool(opt_ins) or not is_permission(entries[0].choice), closed=False, withdrawn=False)
    latest = max(opt_out_times)
    reopened = any(entry.at > latest and entry.source in _STATED_BY_MEMBER for entry in opt_ins)
    was_allowed = any(entry.at <= latest for entry in opt_ins)
    return _ChoiceOutcome(open=reopened, closed=not reopened, withdrawn=was_allowed and not reopened)


def _group_by_choice(entries: Iterable[ConsentEntry]) -> Mapping[str, list[ConsentEntry]]:
    by_choice = defaultdict(list)
    for entry in entries:
        by_choice[entry.choice].append(entry)
    return by_choice
