"""Match of a campaign: the population to evaluate, the members in its audience, and the variant of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    TableClause,
    case,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    table,
)

from audiences.consent import permissions
from audiences.consent.expression import SubscribesTo
from audiences.warehouse.columns import LEDGER_ONLY_COLUMNS
from campaigns.core.model.condition import Condition
from campaigns.core.model.enums import Purpose
from campaigns.rules.select import select_conditions
from campaigns.runs.planning.plan_input import PlanInput
from campaigns.runs.planning.query_session import QuerySession

_AUDIENCE: Final = "audience"
_MEMBERS: Final = table("members", column("member_id"))
_POPULATION: Final = table("population", column("member_id"))


@dataclass(frozen=True, slots=True)
class MatchResult:
    """Matched members with their variants, and the numbers of members evaluated, unknown and not processed.

    `table` has `member_id` and `variant`, NULL where no variant's `when` is true.
    """

    table: TableClause
    population: int
    unknown: int
    not_processed: int


def create_population(
    session: QuerySession, purpose: Purpose, people: TableClause, members: Sequence[str] = ()
) -> TableClause:
    """Create the view of members who may be evaluated for a purpose; with `members`, only these.

    It has their profile, present contact, and the two choices that rules depend on.
    """
    only_members = [_MEMBERS.c.member_id.in_(members)] if members else []
    return session.create_view(
        "population",
        select(
            literal_column("members.*"),
            *(people.c[name] for name in LEDGER_ONLY_COLUMNS),
            func.coalesce(people.c.no_purchase_detail, literal(value=False)).label("no_purchase_detail"),
            func.coalesce(people.c.tracking, literal(value=False)).label("tracking"),
        )
        .select_from(_MEMBERS.join(people, people.c.member_id == _MEMBERS.c.member_id))
        .where(permissions.processing_condition(purpose).sql(people.c), *only_members),
    )


def match_members(session: QuerySession, plan_input: PlanInput, people: TableClause) -> MatchResult:
    """Evaluate the audience and every variant's `when` in one statement; an audience includes only *true*."""
    create_population(session, plan_input.campaign.purpose, people, plan_input.members)
    evaluated = _evaluated(session, plan_input, people)
    matched = session.create_table(
        "matched",
        select(evaluated.c.member_id, _variant(plan_input, evaluated).label("variant")).where(evaluated.c.audience),
    )
    evaluated_count = session.count_rows(evaluated)
    unknown = session.fetch_rows(select(func.count()).select_from(evaluated).where(evaluated.c.audience.is_(None)))[0][
        0
    ]
    return MatchResult(matched, evaluated_count, unknown, session.count_rows(people) - evaluated_count)


def _evaluated(session: QuerySession, plan_input: PlanInput, people: TableClause) -> TableClause:
    conditions = _conditions(plan_input)
    results = (
        session.evaluate_rules("rule_results", select_conditions(conditions, plan_input.scope))
        if conditions
        else _POPULATION
    )
    if _AUDIENCE in conditions:
        return results
    recipients = _without_audience(plan_input, people)
    whens = [results.c[name] for name in conditions]
    return session.create_table(
        "evaluated",
        select(results.c.member_id, recipients.label(_AUDIENCE), *whens).select_from(
            results.join(people, people.c.member_id == results.c.member_id)
        ),
    )


def _without_audience(plan_input: PlanInput, people: TableClause) -> ColumnElement[bool]:
    """Return the recipients of a campaign without `audience`: a newsletter's subscribers, else everybody."""
    newsletter = plan_input.campaign.newsletter
    return literal(value=True) if newsletter is None else SubscribesTo(newsletter).sql(people.c)


def _conditions(plan_input: PlanInput) -> Mapping[str, Condition]:
    campaign = plan_input.campaign
    audience = {} if campaign.audience is None else {_AUDIENCE: campaign.audience}
    whens = {
        _label(number): variant.when for number, variant in enumerate(campaign.variants) if variant.when is not None
    }
    return {**audience, **whens}


def _variant(plan_input: PlanInput, evaluated: TableClause) -> ColumnElement[Any]:
    """Return the first variant that has no `when` or one that is true."""
    whens: list[tuple[ColumnElement[bool], ColumnElement[Any]]] = []
    for number, variant in enumerate(plan_input.campaign.variants):
        if variant.when is None:
            return case(*whens, else_=literal(variant.name)) if whens else literal(variant.name)
        whens.append((evaluated.c[_label(number)].is_(True), literal(variant.name)))
    return case(*whens, else_=null())


def _label(number: int) -> str:
    return f"when_{number}"
