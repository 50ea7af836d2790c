"""How many members an audience takes, without planning anything, and what each of its conditions does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from campaigns.planning.bench import Bench
from campaigns.planning.matching import population
from campaigns.planning.plan import Snapshot, lay_out
from campaigns.rules.engines import as_text
from campaigns.rules.scope import Scope
from campaigns.rules.sentence import sentence
from campaigns.rules.statement import select_conditions
from campaigns.spec.audience import Audience
from campaigns.spec.condition import All, Condition
from campaigns.spec.text import Localised
from campaigns.spec.words import Language, Purpose

_AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class Question:
    """An audience asked at a moment. `titles` name the audiences that it refers to."""

    audience: Audience
    scope: Scope
    titles: Mapping[str, str | Localised]
    currency: str

    @property
    def sql(self) -> str:
        """The one statement that answers it, with its values written in."""
        return as_text(self.statement(), "duckdb")

    def sentence(self, language: Language) -> str:
        """The rule in words."""
        return sentence(self.audience.match, language, self.scope.catalogue, self.titles, self.currency)

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
    """One condition: for how many members it is true, false or unknown."""

    condition: str
    true: int
    false: int
    unknown: int


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
    labels = (_AUDIENCE, *question.parts())
    sums = [
        func.coalesce(func.sum(case((judged.c[label].is_(truth), 1), else_=0)), 0)
        for label in labels
        for truth in (True, False, None)
    ]
    numbers = [int(number) for number in bench.rows(select(*sums))[0]]
    (matched, _, unknown), *triples = [tuple(numbers[at : at + 3]) for at in range(0, len(numbers), 3)]
    scope, titles = question.scope, question.titles
    said = [sentence(part, language, scope.catalogue, titles, question.currency) for part in question.parts().values()]
    parts = tuple(Part(words, *triple) for words, triple in zip(said, triples, strict=True))
    missing = bench.count(people) - bench.count(judged)
    return Count(question.audience.name, scope.as_of.isoformat(), matched, unknown, missing, parts)
