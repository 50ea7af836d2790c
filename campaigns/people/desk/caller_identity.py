"""Caller check at the desk: proof that the person on the telephone or at the counter is the member.

Three ways: questions that the system judges, a code to a long proven address, an identity document at the counter.
The agent never sees a right answer; the audit log has the way and the result, never an answer.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection

from audiences import addresses
from audiences.people import caller_checks, contact_changes
from audiences.people.caller_checks import CheckWay
from audiences.people.contacts import contact_of
from audiences.people.self_service_changes import ADDRESS_FIELDS, has_changed_since
from campaigns.core.clock import from_warehouse_time, local_day
from campaigns.core.errors import UserError
from campaigns.core.model.enums import Channel
from campaigns.runs.notices import enqueue
from campaigns.store.people import audit
from campaigns.workspace.context import Context

MIN_RIGHT: Final = 2
_MAX_QUESTIONS: Final = 3
_BIRTH_DATE: Final = "birth_date"
_DAY_FORMATS: Final = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%d%m%Y")
_CODE_FIELDS: Final = {Channel.EMAIL: "email", Channel.SMS: "phone"}


class IdentityDocument(StrEnum):
    """Document that an agent saw at the counter; its number is stored nowhere."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    DRIVING_LICENCE = "driving_licence"


@dataclass(frozen=True, slots=True)
class Question:
    """Question to a caller. `is_right` judges a typed answer; `group`: facts that one person often knows together."""

    name: str
    group: str
    is_right: Callable[[str], bool] = field(repr=False)


def is_checked(context: Context, session: str) -> bool:
    """Return whether the check of this session and member was passed a short while ago."""
    with context.ledger.read() as connection:
        return caller_checks.is_checked(connection, session, context.clock.now())


def draw_questions(context: Context, member_id: str, *, with_purchases: bool) -> Sequence[Question]:
    """Return the questions of the day about a member, at most one of a group; the same ones at every try.

    None when the data holds fewer than two facts: a code or a document remain. The date of birth is always asked, where
    it is known.
    """
    questions = _known_questions(context, member_id, with_purchases=with_purchases)
    day = local_day(context.clock.now(), context.repository.settings.zone)

    def place(question: Question) -> tuple[bool, str]:
        drawn = context.signer.keyed_hash("caller question", member_id, day.isoformat(), question.name)
        return question.name != _BIRTH_DATE, drawn

    by_group: dict[str, Question] = {}
    for question in sorted(questions, key=place):
        by_group.setdefault(question.group, question)
    drawn = list(by_group.values())[:_MAX_QUESTIONS]
    return drawn if len(drawn) >= MIN_RIGHT else ()


def answer_questions(
    context: Context, member_id: str, session: str, answers: Mapping[str, str], *, with_purchases: bool
) -> None:
    """Pass the check by at least two right answers, the date of birth among them where it is known.

    Raises UserError for wrong ones, without saying which, and when nothing can be asked or the member is locked.
    """
    questions = draw_questions(context, member_id, with_purchases=with_purchases)
    if not questions:
        raise _refusal(member_id, "too little is known about this member to ask", "caller_no_questions")
    if not any(answers.get(question.name, "").strip() for question in questions):
        raise _refusal(member_id, "no answer was typed", "caller_no_answers")
    right = {question.name for question in questions if question.is_right(answers.get(question.name, "").strip())}
    must_know = {question.name for question in questions} & {_BIRTH_DATE}
    passed = len(right) >= MIN_RIGHT and must_know <= right
    detail = {"questions": [question.name for question in questions]}
    with context.ledger.write() as connection:
        is_locked = caller_checks.is_locked(connection, member_id, context.clock.now())
        if not is_locked:
            _record(context, connection, member_id, session, CheckWay.QUESTIONS, passed=passed)
        _note(context, connection, member_id, CheckWay.QUESTIONS, _result(passed, locked=is_locked), detail)
    _require(member_id, passed, locked=is_locked)


def send_code(context: Context, member_id: str, session: str, channel: Channel) -> None:
    """Send a code to an address or number that has been proven for long; the caller reads it out.

    Raises UserError when there is none, after too many codes, and when the member is locked.
    """
    now, name = context.clock.now(), _CODE_FIELDS[channel]
    with context.ledger.write() as connection:
        contact = contact_of(connection, member_id)
        if not contact[name] or not contact_changes.is_long_proven(connection, member_id, name, now):
            raise _refusal(member_id, "this address is missing, changed lately or is not proven", "caller_no_address")
        if caller_checks.is_locked(connection, member_id, now):
            raise _locked(member_id)
        check = caller_checks.start_code(connection, member_id, session, now)
        if check is None:
            raise _refusal(member_id, "too many codes were sent to this member today", "caller_too_many_codes")
        enqueue.caller_code(connection, check, channel, contact[name], now)
        _note(context, connection, member_id, CheckWay.CODE, "sent", {"channel": channel.value})


def type_code(context: Context, member_id: str, session: str, code: str) -> None:
    """Pass the check by the code that the caller read out; raise UserError when it is wrong or the member is locked."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        is_locked = caller_checks.is_locked(connection, member_id, now)
        passed = not is_locked and caller_checks.try_code(connection, context.signer, session, code, now)
        _note(context, connection, member_id, CheckWay.CODE, _result(passed, locked=is_locked), {})
    _require(member_id, passed, locked=is_locked)


def see_document(context: Context, member_id: str, session: str, document: IdentityDocument) -> None:
    """Pass the check by an identity document that the agent saw at the counter; only its type is recorded."""
    with context.ledger.write() as connection:
        contact_of(connection, member_id)
        _record(context, connection, member_id, session, CheckWay.DOCUMENT, passed=True)
        _note(context, connection, member_id, CheckWay.DOCUMENT, "passed", {"document": document.value})


def code_destinations(context: Context, member_id: str) -> Mapping[Channel, str]:
    """Return where a code may go, masked: enough for the caller to know which mailbox or telephone to look at."""
    now = context.clock.now()
    with context.ledger.read() as connection:
        contact = contact_of(connection, member_id)
        return {
            channel: _masked(contact[name])
            for channel, name in _CODE_FIELDS.items()
            if contact[name] and contact_changes.is_long_proven(connection, member_id, name, now)
        }


def _known_questions(context: Context, member_id: str, *, with_purchases: bool) -> Sequence[Question]:
    now = context.clock.now()
    with context.ledger.read() as connection:
        contact = contact_of(connection, member_id)
        usable = {
            name for name in ("email", "phone") if contact_changes.is_long_proven(connection, member_id, name, now)
        }
        if not has_changed_since(connection, member_id, ADDRESS_FIELDS, now - contact_changes.WAIT):
            usable.add("address")
    profile = _profile(context, member_id)
    questions = []
    if profile.birth_date is not None:
        questions.append(Question(_BIRTH_DATE, "birth", lambda text: _day(text) == profile.birth_date))
    if contact["street"] and contact["postal_code"] and "address" in usable:
        questions.append(Question("street", "address", lambda text: _is_street(text, contact)))
        questions.append(Question("postal_code", "address", lambda text: text == contact["postal_code"]))
    if contact["email"] and "email" in usable:
        questions.append(Question("email", "contact", lambda text: _is_email(text, contact["mailbox"])))
    if contact["phone"] and "phone" in usable:
        country = context.repository.settings.country
        questions.append(
            Question("phone", "contact", lambda text: addresses.normalise_phone(text, country) == contact["phone"])
        )
    if with_purchases and profile.last_purchase is not None:
        month = profile.last_purchase.month
        questions.append(Question("purchase_month", "purchase", lambda text: text.lstrip("0") == str(month)))
        store = profile.store.casefold()
        questions.append(Question("purchase_store", "purchase", lambda text: bool(store) and text.casefold() == store))
    return questions


@dataclass(frozen=True, slots=True)
class _Profile:
    birth_date: date | None
    last_purchase: date | None
    store: str


def _profile(context: Context, member_id: str) -> _Profile:
    now, zone = context.clock.now(), context.repository.settings.zone
    warehouse = context.repository.warehouse
    declared = warehouse.catalogue.tables["members"].columns
    with closing(warehouse.connect_for_members([member_id], now)) as connection:
        born = connection.execute(f"SELECT {_BIRTH_DATE} FROM members").fetchone() if _BIRTH_DATE in declared else None
        newest = "SELECT purchased_at, store_id FROM receipts ORDER BY purchased_at DESC LIMIT 1"
        bought = connection.execute(newest).fetchone()
    last = None if bought is None else local_day(from_warehouse_time(bought[0]), zone)
    return _Profile(None if born is None else born[0], last, "" if bought is None else str(bought[1] or ""))


def _day(text: str) -> date | None:
    for pattern in _DAY_FORMATS:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _is_street(text: str, contact: Mapping[str, Any]) -> bool:
    key = addresses.address_key(text, contact["postal_code"])
    return key is not None and key == addresses.address_key(contact["street"], contact["postal_code"])


def _is_email(text: str, mailbox: str | None) -> bool:
    normalised = addresses.normalise_email(text)
    return normalised is not None and normalised.lower() == mailbox


def _masked(address: str) -> str:
    local, at, domain = address.partition("@")
    return f"{local[:1]}•••@{domain[:1]}•••" if at else f"••• {address[-2:]}"


def _record(
    context: Context, connection: Connection, member_id: str, session: str, way: CheckWay, *, passed: bool
) -> None:
    caller_checks.record_result(
        connection, member_id, session, way, context.clock.now(), wrong=0 if passed else 1, passed=passed
    )


def _require(member_id: str, passed: bool, *, locked: bool) -> None:
    if locked:
        raise _locked(member_id)
    if not passed:
        raise _refusal(member_id, "this does not match what is known", "caller_wrong")


def _result(passed: bool, *, locked: bool) -> str:
    return "locked" if locked else "passed" if passed else "wrong"


def _locked(member_id: str) -> UserError:
    return _refusal(member_id, "too many tries about this member were wrong today", "caller_locked")


def _refusal(member_id: str, message: str, code: str) -> UserError:
    return UserError.about(member_id, message, code, "a code to a known address, or a document at the counter")


def _note(
    context: Context, connection: Connection, member_id: str, way: CheckWay, result: str, detail: Mapping[str, Any]
) -> None:
    subject = audit.subject_of_member(context.signer, member_id)
    whole = {"how": way.value, "result": result, **detail}
    audit.record(connection, context.clock.now(), context.actor, "caller_check", subject, whole)
