"""SQL statement for rules over the warehouse: one row a member, one nullable boolean column a condition."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, TableClause

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Condition, MessageCondition, PurchaseCondition, TimeWindow
from campaigns.rules.expand_audiences import expand_audiences
from campaigns.rules.lowering.aggregates import Aggregate, AggregateScan, RowSelection, retention_of
from campaigns.rules.lowering.predicates import ConditionLowering
from campaigns.rules.lowering.required_aggregates import aggregates_of
from campaigns.rules.operators.measures import AggregateKind
from campaigns.rules.operators.operator import SQL_TYPES
from campaigns.rules.scope import RuleScope
from campaigns.rules.traverse import leaves

__all__ = ["RuleScope", "select_conditions"]


def select_conditions(conditions: Mapping[str, Condition], scope: RuleScope) -> sa.Select[Any]:
    """Select `member_id` and, under each label, the condition's value: true, false, or unknown (NULL).

    Every row of `population` gives one row. Values and dates are bound parameters. Raise UserError for audiences that
    cannot be expanded and for dates before the retained data.
    """
    expanded = {
        label: expand_audiences(condition, scope.audiences, scope.salt) for label, condition in conditions.items()
    }
    problems = [problem for condition in expanded.values() for problem in retention_problems(condition, scope)]
    if problems:
        raise UserError(problems)
    population = _population(scope.catalogue)
    source, columns = _join_aggregates(population, expanded.values(), scope)
    predicates = ConditionLowering(population, scope.catalogue, scope.moment, columns.__getitem__)
    query = sa.select(
        population.c.member_id,
        *(predicates.lower(condition).label(label) for label, condition in expanded.items()),
    ).select_from(source)
    return query.where(population.c.member_id.in_(scope.members)) if scope.members else query


def _population(catalogue: Catalogue) -> TableClause:
    columns = {name: SQL_TYPES[column.type] for name, column in catalogue.profile_columns.items()}
    columns |= {"member_id": sa.String(), "no_purchase_detail": sa.Boolean(), "tracking": sa.Boolean()}
    return sa.table("population", *(sa.column(name, type_) for name, type_ in columns.items()))


def _join_aggregates(
    population: TableClause, conditions: Iterable[Condition], scope: RuleScope
) -> tuple[FromClause, dict[Aggregate, ColumnElement[Any]]]:
    """Return the population joined with one scan for each row selection, and the column of each aggregate."""
    required: dict[RowSelection, dict[AggregateKind, None]] = {}
    for condition in conditions:
        for aggregate in aggregates_of(condition):
            required.setdefault(aggregate.rows, {})[aggregate.kind] = None
    scan = AggregateScan(scope.catalogue, scope.moment, scope.members)
    joined: FromClause = population
    columns: dict[Aggregate, ColumnElement[Any]] = {}
    for number, (rows, kinds) in enumerate(required.items(), 1):
        subquery = scan.subquery(rows, kinds, f"{rows.source}_{number}")
        joined = joined.outerjoin(subquery, subquery.c.member_id == population.c.member_id)
        columns |= {Aggregate(rows, kind): subquery.c[kind] for kind in kinds}
    return joined, columns


def retention_problems(condition: Condition, scope: RuleScope) -> Iterator[Problem]:
    """Yield a problem for each date of a rule before the retained data, seen from as_of; parsing checks spans."""
    for leaf in leaves(condition):
        if isinstance(leaf, PurchaseCondition | MessageCondition):
            source = leaf.source if isinstance(leaf, PurchaseCondition) else leaf.verb
            limit = retention_of(source, scope.catalogue)
            oldest = scope.moment.day - limit if limit is not None else date.min
            yield from (_problem(leaf.place, day, oldest) for day in _first_days(leaf.window) if day < oldest)


def _first_days(window: TimeWindow) -> list[date]:
    return [day for day in (window.first, window.last) if day is not None][:1]


def _problem(place: FilePosition, day: date, oldest: date) -> Problem:
    message = f"{day} is before {oldest}, the oldest day that is still kept"
    return Problem(place, message, "past_retention", f"`from: {oldest}`")
