"""Count of an audience's members without a plan, and the effect of each of its conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, TableClause, and_, case, func, select

from campaigns.core.model.audience import Audience
from campaigns.core.model.condition import All, Condition
from campaigns.core.model.enums import DataClass, Language, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.rules.compile import render_sql
from campaigns.rules.data_usage import data_usage
from campaigns.rules.describe import describe, describe_for_receivers
from campaigns.rules.scope import RuleScope
from campaigns.rules.select import select_conditions
from campaigns.runs.planning.match import create_population
from campaigns.runs.planning.plan import LedgerSnapshot, register_snapshot
from campaigns.runs.planning.query_session import QuerySession

_AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class CountQuery:
    """Audience to count at a given time. `titles` are those of the audiences that it refers to."""

    audience: Audience
    scope: RuleScope
    titles: Mapping[str, str | Localised]
    currency: str

    @property
    def data_classes(self) -> frozenset[DataClass]:
        """Data classes that the audience reads."""
        return data_usage(self.audience.match, self.scope).data_classes

    @property
    def sql(self) -> str:
        """SQL of the query, with its values inlined."""
        return render_sql(self.statement(), "duckdb")

    def describe(self, language: Language) -> str:
        """Return the rule in words."""
        return self.describe_condition(self.audience.match, language)

    def describe_for_receivers(self, language: Language) -> str:
        """Return the rule as a member reads it, without codes."""
        return describe_for_receivers(self.audience.match, language, self.scope.catalogue, self.titles, self.currency)

    def describe_condition(self, condition: Condition, language: Language) -> str:
        """Return one of its conditions in words."""
        return describe(condition, language, self.scope.catalogue, self.titles, self.currency)

    def statement(self) -> Select[Any]:
        """Return the query: one row per member, with the result of the audience and of each of its conditions."""
        return select_conditions({_AUDIENCE: self.audience.match, **self.parts()}, self.scope)

    def parts(self) -> Mapping[str, Condition]:
        """Return the conditions that must all hold, by label; the whole rule when it is a single one."""
        match = self.audience.match
        conditions = match.parts if isinstance(match, All) else (match,)
        return {f"part_{number}": condition for number, condition in enumerate(conditions)}


@dataclass(frozen=True, slots=True)
class ConditionCount:
    """Condition with the number of members for whom it is true, false or unknown.

    `removes` counts the members that it alone keeps out, by being false or unknown: all other conditions take them.
    """

    condition: str
    true: int
    false: int
    unknown: int
    removes: int


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """Numbers of an audience at a given time."""

    audience: str
    as_of: str
    matched: int
    unknown: int
    not_processed: int
    parts: tuple[ConditionCount, ...]


def count_audience(
    session: QuerySession, query: CountQuery, snapshot: LedgerSnapshot, language: Language
) -> AudienceCount:
    """Count the members for whom the rule is true or unknown; members who allow no marketing are not processed."""
    people = register_snapshot(session, snapshot, query.scope.as_of)
    create_population(session, Purpose.MARKETING, people)
    evaluated = session.evaluate_rules("rule_results", query.statement())
    parts = query.parts()
    (matched, _, unknown), *part_counts = _truth_counts(session, evaluated, tuple(parts))
    not_processed = session.count_rows(people) - session.count_rows(evaluated)
    counts = tuple(
        ConditionCount(query.describe_condition(part, language), *numbers)
        for part, numbers in zip(parts.values(), part_counts, strict=True)
    )
    return AudienceCount(query.audience.name, query.scope.as_of.isoformat(), matched, unknown, not_processed, counts)


def _truth_counts(session: QuerySession, evaluated: TableClause, parts: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Return the true, false and unknown counts of the whole rule, then of each part with its removed members."""
    groups = [_truth_conditions(evaluated, _AUDIENCE)]
    for part in parts:
        other_parts = [evaluated.c[label].is_(True) for label in parts if label != part]
        groups.append([*_truth_conditions(evaluated, part), and_(evaluated.c[part].is_not(True), *other_parts)])
    sums = [func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for group in groups for condition in group]
    numbers = map(int, session.fetch_rows(select(*sums))[0])
    return [tuple(islice(numbers, len(group))) for group in groups]


def _truth_conditions(evaluated: TableClause, label: str) -> list[ColumnElement[bool]]:
    return [evaluated.c[label].is_(truth) for truth in (True, False, None)]
