"""Draft of a mapping file, and its text."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from audiences.imports.proposed_values import ValueProposal

_PLAIN: Final = re.compile(r"[A-Za-zÅÄÖåäö][\wÅÄÖåäö -]*")
_NOT_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
SHOWN: Final = 60


@dataclass(slots=True)
class Draft:
    """Parts of a proposed mapping, with remarks; `states` are the words of an undecided column for on and off."""

    columns: dict[str, tuple[str, str]] = field(default_factory=dict)  # theirs → ours, remark
    ignored: dict[str, str] = field(default_factory=dict)
    undecided: dict[str, str] = field(default_factory=dict)  # theirs → what to decide
    dates: dict[str, tuple[str, str]] = field(default_factory=dict)
    values: dict[str, ValueProposal] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    decimal: str | None = None
    doubts: list[str] = field(default_factory=list)


def mapping_lines(draft: Draft, missing: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the mapping file."""
    if draft.decimal:
        yield f'decimal: "{draft.decimal}"'
    yield "columns:" if draft.columns else "# columns:"
    for theirs, (ours, remark) in draft.columns.items():
        yield _with_remark(f"  {_quoted(theirs)}: {ours}", remark)
    yield from (f"  # {_quoted(name)}: {decision}" for name, decision in draft.undecided.items())
    if missing:
        yield "# constants:                # one value for every row"
        yield from (f"#   {column}: ?" for column in missing)
    if draft.ignored:
        yield "ignore:                     # not read"
        yield from (_with_remark(f"  - {_quoted(name)}", remark) for name, remark in draft.ignored.items())
    if draft.dates:
        yield "dates:"
        yield from (_with_remark(f"  {ours}: {_quoted(form)}", text) for ours, (form, text) in draft.dates.items())
    yield from _value_lines(draft.values)
    if draft.states:
        if not any(proposal.known for proposal in draft.values.values()):
            yield "# values:"
        words = ", ".join(f"{_quoted(theirs)}: {_quoted(ours)}" for theirs, ours in draft.states.items())
        yield f"  # state: {{{words}}}    # once a column is `state`"


def _value_lines(values: Mapping[str, ValueProposal]) -> Iterator[str]:
    wanted = {ours: proposal for ours, proposal in values.items() if proposal.known or proposal.unknown}
    if wanted:
        yield "values:" if any(proposal.known for proposal in wanted.values()) else "# values:"
    for ours, proposal in wanted.items():
        yield f"  {ours}:" if proposal.known else f"  # {ours}:"
        for theirs, word in proposal.known.items():
            yield f"    {_quoted(theirs)}: {_quoted(word)}"
        for theirs, rows in proposal.unknown.items():
            yield f"    # {_quoted(theirs[:SHOWN])}: ?    # {rows} row{'s' if rows > 1 else ''}"


def _with_remark(line: str, remark: str) -> str:
    return f"{line:<34}  # {' '.join(remark.split())}" if remark else line


def _quoted(text: str) -> str:
    """Return a text as YAML writes it, in quotes where it needs them."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_WORDS and text == text.strip():
        return text
    return json.dumps(text, ensure_ascii=False)
