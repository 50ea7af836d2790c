"""`bought` and `shopped` in words."""

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
class _Lead:
    """That the member did, or did not, buy so many times."""

    times: tuple[Test, ...] = ()
    denied: bool = False


def say_shopping(shopping: Shopping, catalogue: Catalogue, speech: Speech, *, denied: bool) -> str:
    """The clause; the opposite of one that measures more than visits follows `it is not true that`."""
    leads = list(_leads(dict(shopping.measures).get(visits.word, ())))
    measured = [(word, tests) for word, tests in shopping.measures if word != visits.word]
    if denied and (measured or len(leads) > 1):
        affirmed = say_shopping(shopping, catalogue, speech, denied=False)
        return speech.phrases.untrue.format(affirmed)
    conjunction = speech.phrases.conjunction
    told = [_lead(shopping, _Lead(lead.times, lead.denied is not denied), catalogue, speech) for lead in leads]
    if measured:
        told.append(speech.listed([_measure(shopping, *each, catalogue, speech) for each in measured], conjunction))
    return f", {conjunction} ".join(told)


def _leads(times: Sequence[Test]) -> Iterator[_Lead]:
    """What is said of the visits: `is_not: 3` as not having bought exactly three times."""
    if is_never(times):
        yield _Lead(denied=True)
        return
    counted = tuple(test for test in times if test.word != "is_not")
    if counted or not times:
        yield _Lead(counted)
    for test in times:
        if test.word == "is_not":
            yield _Lead((Test(_IS[isinstance(test.argument, tuple)], test.argument),), denied=True)


def _lead(shopping: Shopping, lead: _Lead, catalogue: Catalogue, speech: Speech) -> str:
    phrases = speech.phrases
    adverbs = (how_often(lead.times, speech), when(shopping.window, speech))
    if shopping.source != BOUGHT:
        return put(phrases.shopped[lead.denied], "", *adverbs)
    if not shopping.where:
        return put(phrases.bought_anything[lead.denied], "", *adverbs)
    goods = phrases.goods.format(_whose(shopping.where, catalogue, speech))
    return put(phrases.bought[lead.denied], goods, *adverbs)


def _whose(where: Sequence[Where], catalogue: Catalogue, speech: Speech) -> str:
    nouns = [noun(catalogue.line[each.column].meaning, speech.language) for each in where]
    said = [speech.clauses(each.tests, subordinate=True) for each in where]
    clauses = [speech.phrases.whose.format(f"{subject} {tests}") for subject, tests in zip(nouns, said, strict=True)]
    return speech.listed(clauses, speech.phrases.conjunction)


def _measure(shopping: Shopping, word: str, tests: Sequence[Test], catalogue: Catalogue, speech: Speech) -> str:
    measure = MEASURES[word]
    said = measure.noun.text(speech.language)
    if word == share_of_spend.word:
        said = said.format(base=_base(shopping, catalogue, speech))
    return f"{said} {speech.clauses(tests, measure.unit)}"


def _base(shopping: Shopping, catalogue: Catalogue, speech: Speech) -> str:
    base = share_base(shopping)
    if not base:
        return speech.phrases.all_spend
    if shopping.of is None:
        return speech.phrases.any_brand
    return speech.phrases.spend_on.format(_whose(base, catalogue, speech))
