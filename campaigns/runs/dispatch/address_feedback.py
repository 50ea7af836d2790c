"""What a provider says of an address while it refuses a message: heeded in the transaction that records it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from audiences.consent.channel_opt_out import bind, sharers, withdraw_email, withdraw_sms
from audiences.consent.consent_state import Source
from audiences.consent.opt_out import Saying
from audiences.consent.suppressions import AddressKind, suppression_value
from audiences.people import contacts
from campaigns.channels.claimed_delivery import Claimed
from campaigns.channels.events import EventWord
from campaigns.channels.outcome import Outcome, Refused
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.store.runs import delivery_events as kept_events

_KINDS: Final = {Channel.EMAIL: AddressKind.EMAIL, Channel.SMS: AddressKind.PHONE}
_WORDS: Final = {EndReason.PROVIDER_OPT_OUT: EventWord.UNSUBSCRIBED, EndReason.INVALID_ADDRESS: EventWord.BOUNCED}


class Said(Protocol):
    """An outcome of a claimed delivery at a moment."""

    @property
    def claimed(self) -> Claimed: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def at(self) -> datetime: ...


def heed(connection: Connection, run_number: int, answers: Iterable[Said], provider: str) -> None:
    """Withdraw what a member has withdrawn with the provider (TW-08), suppress an address that is none; keep both as
    events, so that the breaker counts them. Repeating it changes nothing.
    """
    about = {
        f"{answer.claimed.attempt}:{answer.claimed.position}": (answer, answer.outcome)
        for answer in answers
        if isinstance(answer.outcome, Refused) and answer.outcome.reason in _WORDS
    }
    new = kept_events.unknown(connection, provider, about.keys()) if about else set()
    for key in sorted(new):
        answer, refused = about[key]
        _follow(connection, answer, refused.reason)
    kept_events.keep(connection, [_row(key, run_number, *about[key], provider) for key in sorted(new)])


def _follow(connection: Connection, answer: Said, reason: EndReason) -> None:
    claimed, saying = answer.claimed, Saying(answer.at, Source.PROVIDER)
    kind = _KINDS[claimed.channel]
    address = suppression_value(kind, claimed.address)
    if reason is EndReason.INVALID_ADDRESS:
        if address is not None:
            bind(connection, kind, address, SkipReason.SUPPRESSED_INVALID, saying)
        return
    behind = set() if address is None else sharers(connection, kind, address)
    withdraw = withdraw_sms if kind is AddressKind.PHONE else withdraw_email
    withdraw(connection, behind | contacts.known(connection, [claimed.member_id]), saying)


def _row(key: str, run_number: int, answer: Said, refused: Refused, provider: str) -> Mapping[str, Any]:
    return {
        "provider": provider,
        "key": key,
        "word": _WORDS[refused.reason].value,
        "at": answer.at,
        "received_at": answer.at,
        "run_number": run_number,
        "position": answer.claimed.position,
        "member_id": answer.claimed.member_id,
        "code": refused.detail,
    }
