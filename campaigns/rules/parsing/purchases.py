"""Parser of `bought` and `shopped`: which lines, which days, how much."""

from collections.abc import Mapping
from typing import Final

from campaigns.core.errors import nearest
from campaigns.core.model.condition import Shopping, Test, Where
from campaigns.core.yaml.located import Located
from campaigns.rules.operators.measures import BOUGHT, MEASURES, Measure, Unit, share_of_spend
from campaigns.rules.parsing.comparisons import read_tests
from campaigns.rules.parsing.rule_reader import Reader, listed, plain
from campaigns.rules.parsing.time_window import WINDOW_KEYS, check_spans, read_window
from campaigns.rules.vocabulary import Field

_EXAMPLE: Final = {
    "bought": "`bought: {where: {department: MEAT}, within: 28 days}`",
    "shopped": "`shopped: {within: 56 days}`",
}


def read_shopping(reader: Reader, node: Located, source: str) -> Shopping | None:
    """Return the condition of `bought` or `shopped`; None when it is not a mapping."""
    entries = reader.entries(node, f"`{source}`", _EXAMPLE[source])
    if entries is None:
        return None
    for key in entries:
        _check_key(reader, entries[key], key, source)
    window = read_window(reader, entries, source)
    measures = tuple(
        (measure.word, _read_measure(reader, entries[key], measure, source))
        for key, measure in MEASURES.items()
        if key in entries and source in measure.sources
    )
    where = _read_where(reader, entries["where"]) if source == BOUGHT and "where" in entries else ()
    return Shopping(
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


def _check_key(reader: Reader, node: Located, key: str, source: str) -> None:
    if key in known_keys(source):
        return
    if key in known_keys(BOUGHT):
        message = f"`shopped` reads whole receipts and knows no `{key}`"
        reader.key_problem(node, message, "needs_lines", "`bought`")
    elif key in reader.vocabulary.line_fields:
        message = f"`{plain(key)}` is a field of a purchase line"
        reader.key_problem(node, message, "unknown_key", f"`where: {{{key}: ...}}`")
    else:
        reader.unknown(node, key, known_keys(source), f"`{source}`")


def _read_measure(reader: Reader, node: Located, measure: Measure, source: str) -> tuple[Test, ...]:
    field = Field(measure.word, measure.type, share=measure.unit is Unit.SHARE, measured=True)
    comparisons = read_tests(reader, node, field)
    check_spans(reader, comparisons, node, source)
    return comparisons


def _read_base(reader: Reader, entries: Mapping[str, Located]) -> tuple[Where, ...] | None:
    if "of" not in entries:
        return None
    if share_of_spend.word not in entries:
        message = "`of` names what a share is measured against, and there is no share here"
        reader.key_problem(entries["of"], message, "no_share", f"`{share_of_spend.word}`")
    return _read_where(reader, entries["of"])


def _read_where(reader: Reader, node: Located) -> tuple[Where, ...]:
    entries = reader.entries(node, "`where`" if node.path[-1:] == ("where",) else "`of`", "`{department: MEAT}`")
    if entries is None:
        return ()
    if not entries:
        reader.problem(node, "this is empty", "empty", "name a field, or leave the key out: then all lines count")
    fields = ((key, part, _line_field(reader, part, key)) for key, part in entries.items())
    return tuple(Where(key, read_tests(reader, part, field)) for key, part, field in fields if field is not None)


def _line_field(reader: Reader, node: Located, key: str) -> Field | None:
    vocabulary = reader.vocabulary
    if key in vocabulary.line_fields:
        return vocabulary.line_fields[key]
    if key in vocabulary.special_fields:
        message = f"`{plain(key)}` holds data of a special category and may not be used"
        reader.key_problem(node, message, "special_field", "leave it out")
    elif key in vocabulary.member_fields:
        message = f"`{plain(key)}` is a field of members, not of purchase lines"
        reader.key_problem(node, message, "unknown_field", f"`all: [{{{key}: ...}}, {{bought: ...}}]`")
    else:
        hint = nearest(key, vocabulary.line_fields) or listed(vocabulary.line_fields)
        reader.key_problem(node, f"purchase lines have no field `{plain(key)}`", "unknown_field", hint)
    return None
