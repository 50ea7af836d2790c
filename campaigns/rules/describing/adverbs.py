"""Adverbs of frequency and time in a description."""

from collections.abc import Sequence
from typing import Final

from campaigns.core.model.condition import TimeWindow, ValueComparison
from campaigns.rules.describing.describer import Describer
from campaigns.rules.operators.measures import MeasureUnit

_NEVER: Final = ([("at_most", 0)], [("is", 0)], [("less_than", 1)], [("to", 0)])


def is_never(times: Sequence[ValueComparison]) -> bool:
    """Return whether the comparisons of `times` allow only 0."""
    return [(comparison.keyword, comparison.argument) for comparison in times] in _NEVER


def frequency_phrase(times: Sequence[ValueComparison], describer: Describer) -> str:
    """Return the frequency, as in `at least twice`; empty without comparisons."""
    return describer.adverb(times, MeasureUnit.TIMES) if times else ""


def window_phrase(window: TimeWindow, describer: Describer) -> str:
    """Return the time window, as in `in the last 90 days`; empty for all retained history."""
    spans, day = describer.phrases.window_phrases, describer.phrases.number_format.day
    if window.within is not None:
        days = window.within.days
        return {0: spans.today, 1: spans.since_yesterday}.get(days, spans.days.format(days))
    if window.first is not None and window.last is not None:
        return spans.between.format(day(window.first), day(window.last))
    if window.first is not None:
        return spans.since.format(day(window.first))
    return "" if window.last is None else spans.until.format(day(window.last))


def fill_pattern(pattern: str, what: str, *adverbs: str) -> str:
    """Return a pattern filled with its object and its adverbs; both may be empty."""
    joined = " ".join(adverb for adverb in adverbs if adverb)
    return (pattern if joined else pattern.replace(" {when}", "")).format(what=what, when=joined)
