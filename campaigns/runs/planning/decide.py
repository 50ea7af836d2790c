"""Decision for each matched member: minimum age, deduplication by address or household, holdouts, caps, order."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    TableClause,
    and_,
    case,
    column,
    func,
    literal,
    null,
    or_,
    select,
    table,
)

from audiences.people.bucketing import in_share_sql
from campaigns.core.clock import local_day
from campaigns.core.model.enums import Channel, Register
from campaigns.core.model.reasons import SkipReason
from campaigns.rules.age import BIRTH_DATE, completed_years
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.store.runs.decisions import SEND, SKIP

_POPULATION: Final = table("population", column("member_id"), column(BIRTH_DATE, Date()))


def decide(plan_input: PlanInput, reached: TableClause, capped: TableClause) -> Select[Any]:
    """Select one decision per matched member: a send has no `reason`. They are in no order yet."""
    ranked = _with_turn(plan_input, _without_minors(plan_input, reached))
    holdouts = _holdout_reasons(plan_input, ranked)
    skip_reason = case(
        (ranked.c.channel.is_(None), ranked.c.reason),
        (ranked.c.turn > 1, _duplicate_reason(ranked)),
        *((condition, literal(reason.value)) for condition, reason in holdouts),
        (capped.c.member_id.is_not(None), literal(SkipReason.FREQUENCY_CAP.value)),
        else_=null(),
    )
    decided = (
        select(*ranked.c, skip_reason.label("why"))
        .select_from(ranked.outerjoin(capped, capped.c.member_id == ranked.c.member_id))
        .subquery("decided")
    )
    return select(
        decided.c.member_id,
        decided.c.why.label("reason"),
        decided.c.variant,
        decided.c.channel,
        decided.c.postal_code,
        decided.c.unit,
        decided.c.no_purchase_detail,
    )


def number_decisions(settled: TableClause, chosen: TableClause, at_least: Mapping[str, int]) -> Select[Any]:
    """Select the settled decisions with kind and position; sends first, by channel, letters by postal code (PR-08).

    `chosen` has the offers of sends. A send whose variant has fewer offers than `at_least` asks for becomes a skip.
    """
    number = func.coalesce(chosen.c.number, 0)
    too_few = or_(
        literal(value=False),
        *(and_(settled.c.variant == name, number < least) for name, least in sorted(at_least.items()) if least),
    )
    reason = case(
        (settled.c.reason.is_not(None), settled.c.reason),
        (too_few, literal(SkipReason.TOO_FEW_OFFERS.value)),
        else_=null(),
    )
    numbered = (
        select(
            *(each for each in settled.c if each.name != "reason"),
            reason.label("reason"),
            chosen.c.short.label("offers"),
        )
        .select_from(settled.outerjoin(chosen, chosen.c.member_id == settled.c.member_id))
        .subquery("numbered")
    )
    sent = numbered.c.reason.is_(None)
    order = case(
        *((numbered.c.channel == channel.value, literal(place)) for place, channel in enumerate(Channel)), else_=null()
    )
    postal_code = case((numbered.c.channel == Channel.POST.value, numbered.c.postal_code), else_=literal(""))
    return select(
        func.row_number().over(order_by=(~sent, order, postal_code, numbered.c.member_id)).label("position"),
        numbered.c.member_id,
        case((sent, literal(SEND)), else_=literal(SKIP)).label("kind"),
        numbered.c.reason,
        numbered.c.variant,
        numbered.c.channel,
        numbered.c.unit,
        numbered.c.no_purchase_detail,
        case((sent, numbered.c.offers), else_=null()).label("offers"),
    )


def _without_minors(plan_input: PlanInput, reached: TableClause) -> FromClause:
    """Remove the channel of members known to be too young, so that they do not represent their household either."""
    if not plan_input.minimum_age or BIRTH_DATE not in plan_input.catalogue.profile_columns:
        return reached
    day = local_day(plan_input.as_of, plan_input.campaign.schedule.zone)
    # NULL, so not too young, when the age is unknown
    too_young = completed_years(_POPULATION.c[BIRTH_DATE], day) < plan_input.minimum_age
    changed = {
        "channel": case((too_young, null()), else_=reached.c.channel),
        "reason": case((too_young, literal(SkipReason.AGE_RESTRICTED.value)), else_=reached.c.reason),
    }
    columns = (changed.get(field.name, field).label(field.name) for field in reached.c)
    with_birth_date = reached.outerjoin(_POPULATION, _POPULATION.c.member_id == reached.c.member_id)
    return select(*columns).select_from(with_birth_date).subquery("old_enough")


def _with_turn(plan_input: PlanInput, reached: FromClause) -> Any:
    """Add `turn`, which is 1 for the one member who represents a shared address or household.

    Owners come before others, then the smaller member id: the same member on every machine.
    """
    rank = case((reached.c.register == Register.OWNERS.value, 0), else_=1)
    turn = func.row_number().over(
        partition_by=(reached.c.channel, _deduplication_key(plan_input, reached)), order_by=(rank, reached.c.member_id)
    )
    return select(*reached.c, turn.label("turn")).subquery("ranked")


def _deduplication_key(plan_input: PlanInput, reached: FromClause) -> ColumnElement[Any]:
    """Return the deduplication key: the household for letters, the address for e-mail and SMS, else the member."""
    keys: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = []
    if plan_input.campaign.one_per == "household":
        household = func.coalesce(reached.c.household_id, reached.c.address, reached.c.member_id)
        keys.append((reached.c.channel == Channel.POST.value, household))
    if plan_input.once_per_address:
        electronic = reached.c.channel.in_([Channel.EMAIL.value, Channel.SMS.value])
        keys.append((electronic, func.coalesce(func.lower(reached.c.address), reached.c.member_id)))
    return case(*keys, else_=reached.c.member_id) if keys else reached.c.member_id


def _duplicate_reason(ranked: Any) -> ColumnElement[Any]:
    letters = ranked.c.channel == Channel.POST.value
    return case((letters, literal(SkipReason.HOUSEHOLD_DEDUP.value)), else_=literal(SkipReason.ADDRESS_DEDUP.value))


def _holdout_reasons(plan_input: PlanInput, ranked: Any) -> list[tuple[ColumnElement[bool], SkipReason]]:
    if not plan_input.uses_holdouts:
        return []
    holdouts = [
        (plan_input.settings.holdout, plan_input.holdout_salt, SkipReason.HOLDOUT_GLOBAL),
        (plan_input.campaign.holdout, f"holdout:{plan_input.campaign.name}", SkipReason.HOLDOUT_CAMPAIGN),
    ]
    return [(in_share_sql(ranked.c.unit, salt, share), reason) for share, salt, reason in holdouts if share]
