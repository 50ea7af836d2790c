"""Descriptions of `bought` and `shopped`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import Shopping, Test, Where
from campaigns.rules.describing.adverbs import how_often, is_never, put, when
from campaigns.rules.describing.describer import Speech
from campaigns.rules.describing.phrases import noun
from campaigns.rules.operators.measures import BOUGHT, MEASURES, share_of_spend, visits
from campaigns.rules.traverse import share_base

_IS: Final = {False: "is", True: "one_of"}


@dataclass(frozen=True, slots=True)
class _VisitClause:
    """Clause about visits: the member did, or did not, buy so many times."""

    times: tuple[Test, ...] = ()
    denied: bool = False


def say_shopping(purchases: Shopping, catalogue: Catalogue, describer: Speech, *, denied: bool) -> str:
    """Return the clause; a denied clause with more than visits begins with `it is not true that`."""
    visit_clauses = list(_visit_clauses(dict(purchases.measures).get(visits.word, ())))
    measures = [(word, comparisons) for word, comparisons in purchases.measures if word != visits.word]
    if denied and (measures or len(visit_clauses) > 1):
        affirmed = say_shopping(purchases, catalogue, describer, denied=False)
        return describer.phrases.untrue.format(affirmed)
    conjunction = describer.phrases.conjunction
    clauses = [
        _describe_visits(purchases, _VisitClause(visit.times, visit.denied is not denied), catalogue, describer)
        for visit in visit_clauses
    ]
    if measures:
        measure_clauses = [
            _describe_measure(purchases, word, comparisons, catalogue, describer) for word, comparisons in measures
        ]
        clauses.append(describer.listed(measure_clauses, conjunction))
    return f", {conjunction} ".join(clauses)


def _visit_clauses(times: Sequence[Test]) -> Iterator[_VisitClause]:
    """Yield the clauses about visits; `is_not: 3` becomes "has not bought exactly three times"."""
    if is_never(times):
        yield _VisitClause(denied=True)
        return
    counted = tuple(comparison for comparison in times if comparison.word != "is_not")
    if counted or not times:
        yield _VisitClause(counted)
    for comparison in times:
        if comparison.word == "is_not":
            yield _VisitClause((Test(_IS[isinstance(comparison.argument, tuple)], comparison.argument),), denied=True)


def _describe_visits(purchases: Shopping, visit: _VisitClause, catalogue: Catalogue, describer: Speech) -> str:
    phrases = describer.phrases
    adverbs = (how_often(visit.times, describer), when(purchases.window, describer))
    if purchases.source != BOUGHT:
        return put(phrases.shopped[visit.denied], "", *adverbs)
    if not purchases.where:
        return put(phrases.bought_anything[visit.denied], "", *adverbs)
    goods = phrases.goods.format(_describe_filters(purchases.where, catalogue, describer))
    return put(phrases.bought[visit.denied], goods, *adverbs)


def _describe_filters(where: Sequence[Where], catalogue: Catalogue, describer: Speech) -> str:
    nouns = [noun(catalogue.line[line_filter.column].meaning, describer.language) for line_filter in where]
    comparisons = [describer.clauses(line_filter.tests, subordinate=True) for line_filter in where]
    clauses = [
        describer.phrases.whose.format(f"{subject} {comparison}")
        for subject, comparison in zip(nouns, comparisons, strict=True)
    ]
    return describer.listed(clauses, describer.phrases.conjunction)


def _describe_measure(
    purchases: Shopping, word: str, comparisons: Sequence[Test], catalogue: Catalogue, describer: Speech
) -> str:
    measure = MEASURES[word]
    subject = measure.noun.text(describer.language)
    if word == share_of_spend.word:
        subject = subject.format(base=_describe_base(purchases, catalogue, describer))
    return f"{subject} {describer.clauses(comparisons, measure.unit)}"


def _describe_base(purchases: Shopping, catalogue: Catalogue, describer: Speech) -> str:
    base = share_base(purchases)
    if not base:
        return describer.phrases.all_spend
    if purchases.of is None:
        return describer.phrases.any_brand
    return describer.phrases.spend_on.format(_describe_filters(base, catalogue, describer))
