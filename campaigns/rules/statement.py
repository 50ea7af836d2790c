"""A rule as one SQL statement over the warehouse: a row a member, a nullable boolean a condition."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import FromClause, TableClause

from campaigns.errors import AuthorError
from campaigns.rules.inlining import inlined
from campaigns.rules.lowering.asked import aggregates_of
from campaigns.rules.lowering.predicates import Predicates
from campaigns.rules.lowering.totals import Aggregate, Rows, Scan
from campaigns.rules.operators.measures import Total
from campaigns.rules.operators.operator import SQL_TYPES
from campaigns.rules.retention import past_retention
from campaigns.rules.scope import Scope
from campaigns.spec.catalogue import Catalogue
from campaigns.spec.condition import Condition

__all__ = ["Scope", "select_conditions"]


def select_conditions(conditions: Mapping[str, Condition], scope: Scope) -> sa.Select[Any]:
    """Select `member_id` and, under each label, whether the condition is true, false, or unknown (NULL).

    Every row of `population` gives one row. Values and dates are bound parameters. Raises AuthorError for audiences
    that cannot be put in their place and for dates that lie before what is still kept.
    """
    placed = {label: inlined(condition, scope.audiences, scope.salt) for label, condition in conditions.items()}
    problems = [problem for condition in placed.values() for problem in past_retention(condition, scope)]
    if problems:
        raise AuthorError(problems)
    population = _population(scope.catalogue)
    source, columns = _joined(population, placed.values(), scope)
    predicates = Predicates(population, scope.catalogue, scope.moment, columns.__getitem__)
    query = sa.select(
        population.c.member_id,
        *(predicates.lower(condition).label(label) for label, condition in placed.items()),
    ).select_from(source)
    return query.where(population.c.member_id.in_(scope.members)) if scope.members else query


def _population(catalogue: Catalogue) -> TableClause:
    columns = {name: SQL_TYPES[column.type] for name, column in catalogue.profile.items()}
    columns |= {"member_id": sa.String(), "no_purchase_detail": sa.Boolean(), "tracking": sa.Boolean()}
    return sa.table("population", *(sa.column(name, type_) for name, type_ in columns.items()))


def _joined(
    population: TableClause, conditions: Iterable[Condition], scope: Scope
) -> tuple[FromClause, dict[Aggregate, ColumnElement[Any]]]:
    """The population with a scan of each choice of rows asked about, and where each aggregate stands in them."""
    asked: dict[Rows, dict[Total, None]] = {}
    for condition in conditions:
        for aggregate in aggregates_of(condition):
            asked.setdefault(aggregate.rows, {})[aggregate.total] = None
    scan = Scan(scope.catalogue, scope.moment, scope.members)
    joined: FromClause = population
    columns: dict[Aggregate, ColumnElement[Any]] = {}
    for number, (rows, totals) in enumerate(asked.items(), 1):
        found = scan.totals(rows, totals, f"{rows.source}_{number}")
        joined = joined.outerjoin(found, found.c.member_id == population.c.member_id)
        columns |= {Aggregate(rows, total): found.c[total] for total in totals}
    return joined, columns
