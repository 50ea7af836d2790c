"""Feedback about addresses in provider refusals, applied in the transaction that records the refusal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from audiences.consent.channel_opt_out import members_with_address, opt_out_of_email, opt_out_of_sms, suppress_address
from audiences.consent.consent_state import ConsentSource
from audiences.consent.opt_out import ConsentContext
from audiences.consent.suppressions import AddressKind, suppression_value
from audiences.people import contacts
from campaigns.channels.claimed_delivery import ClaimedDelivery
from campaigns.channels.events import EventKind
from campaigns.channels.outcome import Outcome, Refused
from campaigns.core.model.enums import Channel
from campaigns.core.model.reasons import EndReason, SkipReason
from campaigns.store.runs import delivery_events as events

_KINDS: Final = {Channel.EMAIL: AddressKind.EMAIL, Channel.SMS: AddressKind.PHONE}
_EVENTS: Final = {EndReason.PROVIDER_OPT_OUT: EventKind.UNSUBSCRIBED, EndReason.INVALID_ADDRESS: EventKind.BOUNCED}


class RecordedAnswer(Protocol):
    """Outcome of a claimed delivery with its time."""

    @property
    def claimed(self) -> ClaimedDelivery: ...
    @property
    def outcome(self) -> Outcome: ...
    @property
    def answered_at(self) -> datetime: ...


def apply_refusals(connection: Connection, run_number: int, answers: Iterable[RecordedAnswer], provider: str) -> None:
    """Record opt-outs (TW-08) and suppress invalid addresses named in provider refusals.

    Both are stored as events, so that the circuit breaker counts them. Repeating the call changes nothing.
    """
    refusals = {
        f"{answer.claimed.attempt}:{answer.claimed.position}": (answer, answer.outcome)
        for answer in answers
        if isinstance(answer.outcome, Refused) and answer.outcome.reason in _EVENTS
    }
    new = events.unknown_keys(connection, provider, refusals.keys()) if refusals else set()
    for key in sorted(new):
        answer, refusal = refusals[key]
        _apply(connection, answer, refusal.reason)
    events.store_events(connection, [_row(key, run_number, *refusals[key], provider) for key in sorted(new)])


def _apply(connection: Connection, answer: RecordedAnswer, reason: EndReason) -> None:
    claimed, context = answer.claimed, ConsentContext(answer.answered_at, ConsentSource.PROVIDER)
    kind = _KINDS[claimed.channel]
    address = suppression_value(kind, claimed.address)
    if reason is EndReason.INVALID_ADDRESS:
        if address is not None:
            suppress_address(connection, kind, address, SkipReason.SUPPRESSED_INVALID, context)
        return
    members = set() if address is None else members_with_address(connection, kind, address)
    withdraw = opt_out_of_sms if kind is AddressKind.PHONE else opt_out_of_email
    withdraw(connection, members | contacts.existing_members(connection, [claimed.member_id]), context)


def _row(key: str, run_number: int, answer: RecordedAnswer, refusal: Refused, provider: str) -> Mapping[str, Any]:
    return {
        "provider": provider,
        "key": key,
        "word": _EVENTS[refusal.reason].value,
        "at": answer.answered_at,
        "received_at": answer.answered_at,
        "run_number": run_number,
        "position": answer.claimed.position,
        "member_id": answer.claimed.member_id,
        "code": refusal.detail,
    }
