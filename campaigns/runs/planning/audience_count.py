"""How many members an audience takes, without planning anything, and what each of its conditions does."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, TableClause, and_, case, func, select

from campaigns.core.model.audience import Audience
from campaigns.core.model.condition import All, Condition
from campaigns.core.model.enums import DataClass, Language, Purpose
from campaigns.core.model.localised_text import Localised
from campaigns.rules.compile import as_text
from campaigns.rules.data_usage import uses
from campaigns.rules.describe import sentence
from campaigns.rules.scope import Scope
from campaigns.rules.select import select_conditions
from campaigns.runs.planning.match import population
from campaigns.runs.planning.plan import Snapshot, lay_out
from campaigns.runs.planning.query_session import Bench

_AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class Question:
    """An audience asked at a moment. `titles` name the audiences that it refers to."""

    audience: Audience
    scope: Scope
    titles: Mapping[str, str | Localised]
    currency: str

    @property
    def classes(self) -> frozenset[DataClass]:
        """The classes of data that it reads."""
        return uses(self.audience.match, self.scope).classes

    @property
    def sql(self) -> str:
        """The one statement that answers it, with its values written in."""
        return as_text(self.statement(), "duckdb")

    def sentence(self, language: Language) -> str:
        """The rule in words."""
        return self.said(self.audience.match, language)

    def said(self, condition: Condition, language: Language) -> str:
        """One of its conditions in words."""
        return sentence(condition, language, self.scope.catalogue, self.titles, self.currency)

    def statement(self) -> Select[Any]:
        """A row a member: whether the audience takes them, and whether each of its conditions holds."""
        return select_conditions({_AUDIENCE: self.audience.match, **self.parts()}, self.scope)

    def parts(self) -> Mapping[str, Condition]:
        """The conditions that must all hold, by a label; the whole rule where it is a single one."""
        match = self.audience.match
        conditions = match.parts if isinstance(match, All) else (match,)
        return {f"part_{number}": condition for number, condition in enumerate(conditions)}


@dataclass(frozen=True, slots=True)
class Part:
    """One condition: for how many members it is true, false or unknown.

    `removes` are those whom it alone keeps out, by being false or unknown: every other condition takes them.
    """

    condition: str
    true: int
    false: int
    unknown: int
    removes: int


@dataclass(frozen=True, slots=True)
class Count:
    """An audience's numbers at a moment."""

    audience: str
    as_of: str
    matched: int
    unknown: int
    not_processed: int
    parts: tuple[Part, ...]


def count(bench: Bench, question: Question, snapshot: Snapshot, language: Language) -> Count:
    """Count the members for whom the rule is true, and unknown; those who allow no marketing are not processed."""
    people = lay_out(bench, snapshot)
    population(bench, Purpose.MARKETING, people)
    judged = bench.judge("judged", question.statement())
    parts = question.parts()
    (matched, _, unknown), *counted = _rows_of_numbers(bench, judged, tuple(parts))
    missing = bench.count(people) - bench.count(judged)
    told = tuple(Part(question.said(part, language), *of) for part, of in zip(parts.values(), counted, strict=True))
    return Count(question.audience.name, question.scope.as_of.isoformat(), matched, unknown, missing, told)


def _rows_of_numbers(bench: Bench, judged: TableClause, parts: tuple[str, ...]) -> list[tuple[int, ...]]:
    """True, false and unknown of the whole rule, then of each part with those whom it alone keeps out."""
    asked = [_truths(judged, _AUDIENCE)]
    for part in parts:
        others = [judged.c[other].is_(True) for other in parts if other != part]
        asked.append([*_truths(judged, part), and_(judged.c[part].is_not(True), *others)])
    sums = [func.coalesce(func.sum(case((each, 1), else_=0)), 0) for group in asked for each in group]
    numbers = map(int, bench.rows(select(*sums))[0])
    return [tuple(islice(numbers, len(group))) for group in asked]


def _truths(judged: TableClause, label: str) -> list[ColumnElement[bool]]:
    return [judged.c[label].is_(truth) for truth in (True, False, None)]
