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


def say_shopping(shopping: Shopping, catalogue: Catalogue, speech: Speech, *, denied: bool) -> str:
    """Return the clause; a denied clause with more than visits begins with `it is not true that`."""
    visit_clauses = list(_visit_clauses(dict(shopping.measures).get(visits.word, ())))
    measures = [(word, tests) for word, tests in shopping.measures if word != visits.word]
    if denied and (measures or len(visit_clauses) > 1):
        affirmed = say_shopping(shopping, catalogue, speech, denied=False)
        return speech.phrases.untrue.format(affirmed)
    conjunction = speech.phrases.conjunction
    clauses = [
        _describe_visits(shopping, _VisitClause(visit.times, visit.denied is not denied), catalogue, speech)
        for visit in visit_clauses
    ]
    if measures:
        measure_clauses = [_describe_measure(shopping, word, tests, catalogue, speech) for word, tests in measures]
        clauses.append(speech.listed(measure_clauses, conjunction))
    return f", {conjunction} ".join(clauses)


def _visit_clauses(times: Sequence[Test]) -> Iterator[_VisitClause]:
    """Yield the clauses about visits; `is_not: 3` becomes "has not bought exactly three times"."""
    if is_never(times):
        yield _VisitClause(denied=True)
        return
    counted = tuple(test for test in times if test.word != "is_not")
    if counted or not times:
        yield _VisitClause(counted)
    for test in times:
        if test.word == "is_not":
            yield _VisitClause((Test(_IS[isinstance(test.argument, tuple)], test.argument),), denied=True)


def _describe_visits(shopping: Shopping, visit: _VisitClause, catalogue: Catalogue, speech: Speech) -> str:
    phrases = speech.phrases
    adverbs = (how_often(visit.times, speech), when(shopping.window, speech))
    if shopping.source != BOUGHT:
        return put(phrases.shopped[visit.denied], "", *adverbs)
    if not shopping.where:
        return put(phrases.bought_anything[visit.denied], "", *adverbs)
    goods = phrases.goods.format(_describe_filters(shopping.where, catalogue, speech))
    return put(phrases.bought[visit.denied], goods, *adverbs)


def _describe_filters(where: Sequence[Where], catalogue: Catalogue, speech: Speech) -> str:
    nouns = [noun(catalogue.line[line_filter.column].meaning, speech.language) for line_filter in where]
    tests = [speech.clauses(line_filter.tests, subordinate=True) for line_filter in where]
    clauses = [speech.phrases.whose.format(f"{subject} {test}") for subject, test in zip(nouns, tests, strict=True)]
    return speech.listed(clauses, speech.phrases.conjunction)


def _describe_measure(
    shopping: Shopping, word: str, tests: Sequence[Test], catalogue: Catalogue, speech: Speech
) -> str:
    measure = MEASURES[word]
    subject = measure.noun.text(speech.language)
    if word == share_of_spend.word:
        subject = subject.format(base=_describe_base(shopping, catalogue, speech))
    return f"{subject} {speech.clauses(tests, measure.unit)}"


def _describe_base(shopping: Shopping, catalogue: Catalogue, speech: Speech) -> str:
    base = share_base(shopping)
    if not base:
        return speech.phrases.all_spend
    if shopping.of is None:
        return speech.phrases.any_brand
    return speech.phrases.spend_on.format(_describe_filters(base, catalogue, speech))
