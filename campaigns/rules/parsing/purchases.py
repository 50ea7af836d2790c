"""Parser of `bought` and `shopped`: which lines, which days, how much."""

from collections.abc import Mapping
from typing import Final

from campaigns.core.errors import closest_match
from campaigns.core.model.condition import PurchaseCondition, RowFilter, ValueComparison
from campaigns.core.yaml.located import Located
from campaigns.rules.operators.measures import BOUGHT, MEASURES, Measure, MeasureUnit, share_of_spend
from campaigns.rules.parsing.comparisons import read_comparisons
from campaigns.rules.parsing.rule_reader import RuleReader, list_names, printable
from campaigns.rules.parsing.time_window import WINDOW_KEYS, check_retention, read_window
from campaigns.rules.vocabulary import RuleField

_EXAMPLE: Final = {
    "bought": "`bought: {where: {department: MEAT}, within: 28 days}`",
    "shopped": "`shopped: {within: 56 days}`",
}


def read_purchases(reader: RuleReader, node: Located, source: str) -> PurchaseCondition | None:
    """Return the condition of `bought` or `shopped`; None when it is not a mapping."""
    entries = reader.entries(node, f"`{source}`", _EXAMPLE[source])
    if entries is None:
        return None
    for key in entries:
        _check_key(reader, entries[key], key, source)
    window = read_window(reader, entries, source)
    measures = tuple(
        (measure.keyword, _read_measure(reader, entries[key], measure, source))
        for key, measure in MEASURES.items()
        if key in entries and source in measure.sources
    )
    where = _read_where(reader, entries["where"]) if source == BOUGHT and "where" in entries else ()
    return PurchaseCondition(
        source=source,
        where=where,
        window=window,
        measures=measures,
        of=_read_base(reader, entries) if source == BOUGHT else None,
        place=node.key_place,
    )


def known_keys(source: str) -> list[str]:
    """Return the keys allowed in `bought` or `shopped`."""
    lines = ["where", "of"] if source == BOUGHT else []
    measures = [word for word, measure in MEASURES.items() if source in measure.sources]
    return [*lines, *WINDOW_KEYS, *measures]


def _check_key(reader: RuleReader, node: Located, key: str, source: str) -> None:
    if key in known_keys(source):
        return
    if key in known_keys(BOUGHT):
        message = f"`shopped` reads whole receipts and knows no `{key}`"
        reader.add_key_problem(node, message, "needs_lines", "`bought`")
    elif key in reader.vocabulary.line_fields:
        message = f"`{printable(key)}` is a field of a purchase line"
        reader.add_key_problem(node, message, "unknown_key", f"`where: {{{key}: ...}}`")
    else:
        reader.add_unknown_key(node, key, known_keys(source), f"`{source}`")


def _read_measure(reader: RuleReader, node: Located, measure: Measure, source: str) -> tuple[ValueComparison, ...]:
    field = RuleField(measure.keyword, measure.type, is_share=measure.unit is MeasureUnit.SHARE, is_measure=True)
    comparisons = read_comparisons(reader, node, field)
    check_retention(reader, comparisons, node, source)
    return comparisons


def _read_base(reader: RuleReader, entries: Mapping[str, Located]) -> tuple[RowFilter, ...] | None:
    if "of" not in entries:
        return None
    if share_of_spend.keyword not in entries:
        message = "`of` names what a share is measured against, and there is no share here"
        reader.add_key_problem(entries["of"], message, "no_share", f"`{share_of_spend.keyword}`")
    return _read_where(reader, entries["of"])


def _read_where(reader: RuleReader, node: Located) -> tuple[RowFilter, ...]:
    entries = reader.entries(node, "`where`" if node.path[-1:] == ("where",) else "`of`", "`{department: MEAT}`")
    if entries is None:
        return ()
    if not entries:
        reader.add_problem(node, "this is empty", "empty", "name a field, or leave the key out: then all lines count")
    fields = ((key, part, _line_field(reader, part, key)) for key, part in entries.items())
    return tuple(
        RowFilter(key, read_comparisons(reader, part, field)) for key, part, field in fields if field is not None
    )


def _line_field(reader: RuleReader, node: Located, key: str) -> RuleField | None:
    vocabulary = reader.vocabulary
    if key in vocabulary.line_fields:
        return vocabulary.line_fields[key]
    if key in vocabulary.special_fields:
        message = f"`{printable(key)}` holds data of a special category and may not be used"
        reader.add_key_problem(node, message, "special_field", "leave it out")
    elif key in vocabulary.member_fields:
        message = f"`{printable(key)}` is a field of members, not of purchase lines"
        reader.add_key_problem(node, message, "unknown_field", f"`all: [{{{key}: ...}}, {{bought: ...}}]`")
    else:
        hint = closest_match(key, vocabulary.line_fields) or list_names(vocabulary.line_fields)
        reader.add_key_problem(node, f"purchase lines have no field `{printable(key)}`", "unknown_field", hint)
    return None
