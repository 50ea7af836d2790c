"""Permission table (design, section 5), as data with two readings: SQL and Python.

Every cell is a list of clauses, each with the reason for a skip when it does not hold. Planning reads it over a
snapshot and dispatch over the ledger, so that plan and claim cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import Any, Final

from sqlalchemy import ColumnElement, case, literal, null

from audiences.consent.expression import (
    ChoiceColumns,
    ConsentCondition,
    HasWithdrawn,
    InRegister,
    SubscribesTo,
    allows,
    forbids,
)
from campaigns.core.model.enums import NEWSLETTER_PREFIX, Channel, Choice, Purpose, Register
from campaigns.core.model.reasons import SkipReason


@dataclass(frozen=True, slots=True)
class PermissionClause:
    """Condition of a permission and the skip reason when it fails; `consents` are the choices that must be a yes."""

    condition: ConsentCondition
    skip_reason: SkipReason
    consents: tuple[str, ...] = ()


PermissionCell = tuple[PermissionClause, ...]


def _requires(*choices: Choice) -> PermissionClause:
    """Return the clause that at least one of the choices was allowed; no record means no."""
    condition = reduce(or_, map(allows, choices))
    return PermissionClause(condition, SkipReason.NO_CONSENT, tuple(choice.value for choice in choices))


def _unless(*choices: Choice) -> PermissionClause:
    """Return the clause that none of the choices was made; no record means no objection."""
    return PermissionClause(reduce(and_, map(forbids, choices)), SkipReason.OBJECTED_CHANNEL)


_OWN, _PARTNER = False, True
_ALLOWED: Final[PermissionCell] = ()
_SUBSCRIBED: Final = PermissionClause(
    SubscribesTo(""), SkipReason.NO_CONSENT
)  # the list is filled in when the cell is read

PERMISSION_TABLE: Final[Mapping[tuple[Purpose, bool], Mapping[Channel, PermissionCell]]] = {
    (Purpose.NEWSLETTER, _OWN): {
        Channel.EMAIL: (_SUBSCRIBED,),
    },
    (Purpose.MARKETING, _OWN): {
        Channel.EMAIL: (_requires(Choice.EMAIL_OWN),),
        Channel.SMS: (_requires(Choice.SMS_OWN),),
        Channel.POST: (_unless(Choice.NO_DIRECT_MAIL),),
        Channel.PHONE: (_unless(Choice.NO_SURVEYS_OR_PHONE),),
    },
    (Purpose.MARKETING, _PARTNER): {
        Channel.EMAIL: (_requires(Choice.EMAIL_PARTNER),),
        Channel.SMS: (_requires(Choice.SMS_PARTNER),),
        Channel.POST: (_unless(Choice.NO_DIRECT_MAIL), _requires(Choice.EMAIL_PARTNER, Choice.SMS_PARTNER)),
    },
    (Purpose.OWNER_POST, _OWN): {
        Channel.EMAIL: (_unless(Choice.NO_OWNER_POST), _requires(Choice.ELECTRONIC_OWNER_POST)),
        Channel.POST: (_unless(Choice.NO_OWNER_POST, Choice.ELECTRONIC_OWNER_POST),),
    },
    (Purpose.SURVEY, _OWN): {
        Channel.EMAIL: (_unless(Choice.NO_SURVEYS_OR_PHONE), _requires(Choice.EMAIL_OWN)),
        Channel.SMS: (_unless(Choice.NO_SURVEYS_OR_PHONE), _requires(Choice.SMS_OWN)),
        Channel.POST: (_unless(Choice.NO_SURVEYS_OR_PHONE),),
        Channel.PHONE: (_unless(Choice.NO_SURVEYS_OR_PHONE),),
    },
    (Purpose.MAGAZINE, _OWN): {
        Channel.POST: _ALLOWED,
    },
    (Purpose.SERVICE, _OWN): {
        Channel.EMAIL: _ALLOWED,
        Channel.SMS: _ALLOWED,
        Channel.POST: _ALLOWED,
    },
    (Purpose.RIGHTS, _OWN): {
        Channel.EMAIL: _ALLOWED,
        Channel.SMS: _ALLOWED,
        Channel.POST: _ALLOWED,
    },
}

_ENTITLED: Final[Mapping[Purpose, PermissionClause]] = {
    purpose: PermissionClause(InRegister(Register.OWNERS), SkipReason.NOT_ENTITLED)
    for purpose in (Purpose.OWNER_POST, Purpose.MAGAZINE)
}
_SECRECY: Final[Mapping[Channel, PermissionClause]] = {
    channel: PermissionClause(forbids(Choice.ADDRESS_SECRET), SkipReason.ADDRESS_SECRET)
    for channel in (Channel.POST, Channel.PHONE)
}
_OUTSIDE_MARKETING: Final = forbids(Choice.RESTRICTED) & forbids(Choice.DECEASED)
_PROCESSED: Final[Mapping[Purpose, ConsentCondition]] = {
    Purpose.SERVICE: _OUTSIDE_MARKETING,
    Purpose.RIGHTS: forbids(Choice.DECEASED),
}


def processing_condition(purpose: Purpose) -> ConsentCondition:
    """Return the condition for being processed at all for a purpose.

    Other members get no decision and are counted as `not_processed`.
    """
    return _PROCESSED.get(purpose, _OUTSIDE_MARKETING & forbids(Choice.NO_MARKETING))


def permission_condition(
    purpose: Purpose, channel: Channel, *, partner: bool = False, newsletter: str | None = None
) -> ConsentCondition | None:
    """Return the permission condition of one channel; None where the table has no cell.

    A newsletter needs the name of its list.
    """
    clauses = _clauses(purpose, channel, partner, newsletter)
    if clauses is None:
        return None
    return reduce(and_, (clause.condition for clause in clauses), processing_condition(purpose))


def skip_reason_sql(
    purpose: Purpose, channel: Channel, columns: ChoiceColumns, *, partner: bool = False, newsletter: str | None = None
) -> ColumnElement[Any]:
    """Return SQL: the `SkipReason` of the first clause that fails, NULL where every clause holds.

    A yes that was withdrawn is `consent_withdrawn`. Members who are not processed carry no reason.
    """
    clauses = _clauses(purpose, channel, partner, newsletter)
    if clauses is None:
        return literal(SkipReason.NOT_ENTITLED.value)
    whens = [(~clause.condition.sql(columns), _reason_sql(clause, columns)) for clause in clauses]
    return case(*whens, else_=null()) if whens else null()


def _clauses(purpose: Purpose, channel: Channel, partner: bool, newsletter: str | None) -> PermissionCell | None:
    cell = PERMISSION_TABLE.get((purpose, partner), {}).get(channel)
    if cell is None:
        return None
    general_clauses = (_ENTITLED.get(purpose), _SECRECY.get(channel))
    return (
        *(clause for clause in general_clauses if clause is not None),
        *(_with_newsletter(clause, newsletter) for clause in cell),
    )


def _with_newsletter(clause: PermissionClause, newsletter: str | None) -> PermissionClause:
    if clause is not _SUBSCRIBED:
        return clause
    if newsletter is None:
        raise ValueError("a newsletter's permission needs the name of its list")
    return replace(clause, condition=SubscribesTo(newsletter), consents=(NEWSLETTER_PREFIX + newsletter,))


def _reason_sql(clause: PermissionClause, columns: ChoiceColumns) -> ColumnElement[Any]:
    if not clause.consents:
        return literal(clause.skip_reason.value)
    has_withdrawn = reduce(or_, (HasWithdrawn(consent) for consent in clause.consents))
    return case(
        (has_withdrawn.sql(columns), literal(SkipReason.CONSENT_WITHDRAWN.value)),
        else_=literal(clause.skip_reason.value),
    )
