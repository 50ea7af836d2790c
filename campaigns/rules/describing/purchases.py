"""Descriptions of `bought` and `shopped`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.condition import PurchaseCondition, RowFilter, ValueComparison
from campaigns.rules.describing.adverbs import fill_pattern, frequency_phrase, is_never, window_phrase
from campaigns.rules.describing.describer import Describer
from campaigns.rules.describing.phrases import as_noun
from campaigns.rules.operators.measures import BOUGHT, MEASURES, share_of_spend, visits
from campaigns.rules.traverse import share_base_filters

_IS: Final = {False: "is", True: "one_of"}


@dataclass(frozen=True, slots=True)
class _VisitClause:
    """Clause about visits: the member did, or did not, buy so many times."""

    times: tuple[ValueComparison, ...] = ()
    denied: bool = False


def describe_purchases(
    purchases: PurchaseCondition, catalogue: Catalogue, describer: Describer, *, denied: bool
) -> str:
    """Return the clause; a denied clause with more than visits begins with `it is not true that`."""
    visit_clauses = list(_visit_clauses(dict(purchases.measures).get(visits.keyword, ())))
    measures = [(word, comparisons) for word, comparisons in purchases.measures if word != visits.keyword]
    if denied and (measures or len(visit_clauses) > 1):
        affirmed = describe_purchases(purchases, catalogue, describer, denied=False)
        return describer.phrases.negation.format(affirmed)
    conjunction = describer.phrases.conjunction
    clauses = [
        _describe_visits(purchases, _VisitClause(visit.times, visit.denied is not denied), catalogue, describer)
        for visit in visit_clauses
    ]
    if measures:
        measure_clauses = [
            _describe_measure(purchases, word, comparisons, catalogue, describer) for word, comparisons in measures
        ]
        clauses.append(describer.join(measure_clauses, conjunction))
    return f", {conjunction} ".join(clauses)


def _visit_clauses(times: Sequence[ValueComparison]) -> Iterator[_VisitClause]:
    """Yield the clauses about visits; `is_not: 3` becomes "has not bought exactly three times"."""
    if is_never(times):
        yield _VisitClause(denied=True)
        return
    counted = tuple(comparison for comparison in times if comparison.keyword != "is_not")
    if counted or not times:
        yield _VisitClause(counted)
    for comparison in times:
        if comparison.keyword == "is_not":
            yield _VisitClause(
                (ValueComparison(_IS[isinstance(comparison.argument, tuple)], comparison.argument),), denied=True
            )


def _describe_visits(
    purchases: PurchaseCondition, visit: _VisitClause, catalogue: Catalogue, describer: Describer
) -> str:
    phrases = describer.phrases
    adverbs = (frequency_phrase(visit.times, describer), window_phrase(purchases.window, describer))
    if purchases.source != BOUGHT:
        return fill_pattern(phrases.shopped[visit.denied], "", *adverbs)
    if not purchases.where:
        return fill_pattern(phrases.bought_anything[visit.denied], "", *adverbs)
    return fill_pattern(phrases.bought[visit.denied], _describe_goods(purchases.where, catalogue, describer), *adverbs)


def goods_names(where: Sequence[RowFilter], catalogue: Catalogue, describer: Describer) -> Sequence[str]:
    """Return the names of the goods that filters ask for; empty when one of them has no name for members."""
    names: dict[str, None] = {}
    for line_filter in where:
        column = catalogue.line_columns[line_filter.column]
        for comparison in line_filter.comparisons:
            values = comparison.argument if isinstance(comparison.argument, tuple) else (comparison.argument,)
            labels = [describer.label(str(value), column) for value in values]
            if comparison.keyword not in _IS.values() or None in labels:
                return ()
            names.update(dict.fromkeys(label for label in labels if label is not None))
    return tuple(names)


def _describe_goods(where: Sequence[RowFilter], catalogue: Catalogue, describer: Describer) -> str:
    """Return the goods as an object; receivers read the names of their groups, or that there are some."""
    phrases = describer.phrases
    if not describer.for_receivers:
        return phrases.goods.format(_describe_filters(where, catalogue, describer))
    groups = [goods_names([line_filter], catalogue, describer) for line_filter in where]
    if not all(groups):
        return phrases.unnamed_goods
    texts = [describer.join([phrases.quoted.format(name) for name in names], phrases.disjunction) for names in groups]
    return phrases.named_goods.format(describer.join(texts, phrases.conjunction))


def _describe_filters(where: Sequence[RowFilter], catalogue: Catalogue, describer: Describer) -> str:
    nouns = [as_noun(catalogue.line_columns[line_filter.column].meaning, describer.language) for line_filter in where]
    comparisons = [describer.clauses(line_filter.comparisons, subordinate=True) for line_filter in where]
    clauses = [
        describer.phrases.whose.format(f"{subject} {comparison}")
        for subject, comparison in zip(nouns, comparisons, strict=True)
    ]
    return describer.join(clauses, describer.phrases.conjunction)


def _describe_measure(
    purchases: PurchaseCondition,
    word: str,
    comparisons: Sequence[ValueComparison],
    catalogue: Catalogue,
    describer: Describer,
) -> str:
    measure = MEASURES[word]
    subject = measure.noun.text(describer.language)
    if word == share_of_spend.keyword:
        subject = subject.format(base=_describe_base(purchases, catalogue, describer))
    return f"{subject} {describer.clauses(comparisons, measure.unit)}"


def _describe_base(purchases: PurchaseCondition, catalogue: Catalogue, describer: Describer) -> str:
    base = share_base_filters(purchases)
    if not base:
        return describer.phrases.all_spend
    if purchases.of is None:
        return describer.phrases.any_brand
    if describer.for_receivers:
        return describer.phrases.unnamed_spend
    return describer.phrases.spend_on.format(_describe_filters(base, catalogue, describer))
