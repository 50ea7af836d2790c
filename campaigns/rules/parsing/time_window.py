"""Parser of time windows: `within`, or `from` and `to`."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from campaigns.core.model.condition import TimeWindow, ValueComparison
from campaigns.core.yaml.located import Located
from campaigns.rules.lowering.aggregates import retention_of
from campaigns.rules.parsing.rule_reader import RuleReader
from campaigns.rules.parsing.values import read_date, read_days

WINDOW_KEYS: Final = ("within", "from", "to")


def read_window(reader: RuleReader, entries: Mapping[str, Located], source: str) -> TimeWindow:
    """Return the window among a condition's entries; all retained history when there is none."""
    within = _within(reader, entries, source)
    first, last = _day(reader, entries, "from"), _day(reader, entries, "to")
    if "within" in entries and ("from" in entries or "to" in entries):
        reader.add_key_problem(
            entries["within"], "`within` and dates exclude each other", "two_windows", "keep one of the two"
        )
    if first is not None and last is not None and first > last:
        message = f"the range from {first} to {last} is empty"
        reader.add_problem(entries["from"], message, "empty_range", "swap the two")
    return TimeWindow(within, first, last)


def check_retention(reader: RuleReader, comparisons: tuple[ValueComparison, ...], node: Located, source: str) -> None:
    """Record a problem for a comparison beyond the rows' retention, as in `last: {before: 9000 days ago}`."""
    for comparison in comparisons:
        if isinstance(comparison.argument, timedelta) and comparison.keyword != "in_next":
            _refuse_past(reader, node.part(comparison.keyword), comparison.argument, source)


def _within(reader: RuleReader, entries: Mapping[str, Located], source: str) -> timedelta | None:
    if "within" not in entries:
        return None
    days = read_days(reader, entries["within"], "within")
    if days is not None:
        _refuse_past(reader, entries["within"], days, source)
    return days


def _refuse_past(reader: RuleReader, node: Located, days: timedelta, source: str) -> None:
    limit = retention_of(source, reader.vocabulary.catalogue)
    if limit is not None and days > limit:
        message = f"`{source}` looks back {days.days} days, but its data is kept for {limit.days}"
        reader.add_problem(node, message, "past_retention", f"`{limit.days} days`")


def _day(reader: RuleReader, entries: Mapping[str, Located], key: str) -> date | None:
    return read_date(reader, entries[key], key) if key in entries else None
