"""Proposal of a mapping file: what the columns of somebody else's file seem to be, and what is not sure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from audiences.imports.chunk import TableReader
from audiences.imports.column_kinds import ColumnKinds
from audiences.imports.date_forms import matching_forms
from audiences.imports.mapping_draft import SHOWN, Draft, mapping_lines
from audiences.imports.proposed_values import are_yes_or_no, propose_values
from campaigns.core.yaml.source import read_yaml

_WORDS: Final = TypeAdapter(dict[str, dict[str, list[str]]])
_FILE: Final = Path(__file__).with_name("header_words.yaml")
_CHOICES: Final = "choices"
_OFFERS: Final = "offers"
_SIMILAR: Final = 0.86
_DECIMAL_COMMA: Final = re.compile(r"[+-]?[\d \u00a0\u202f.]*,\d+ ?€?")
_DECIMAL_POINT: Final = re.compile(r"[+-]?\d*\.\d+ ?€?")
_DRESSED: Final = re.compile(r"[+-]?[\d \u00a0\u202f.,]*\d ?€|[+-]?\d{1,3}([ \u00a0\u202f]\d{3})+")
_ISO_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d.*")
_SHORT_YEAR: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d\d( .*)?")
_PERMISSION: Final = re.compile(
    r"\bei\b|\bsaa\b|kielto|kielt|lupa|luvat|suostum|esto|salli|hyväks|vastust|yhteydenot|markkino|maino[kns]|uutiskir|postitu"
    r"|\bej\b|ingen|förbud|spärr|samtyck|tillstånd|tillåt|godkän|marknad|reklam|nyhetsbrev|robinson|gdpr"
    r"|consent|permission|allow|objection|restrict|marketing|advert|newsletter|mailing|subscri|opt.?(in|out)|do not"
    r"|profil|\bno (e.?mail|sms|post|call|contact)",
    re.IGNORECASE,
)
_SERIAL_DAY: Final = re.compile(r"[1-5]\d{4}([.,]\d+)?")  # 1927 to 2064, as spreadsheets count days


@dataclass(frozen=True, slots=True)
class Proposal:
    """Proposed mapping file: its text, what its author has to decide, and the columns that it does not read."""

    text: str
    doubts: tuple[str, ...]
    not_read: tuple[str, ...]


def propose_mapping(
    kind: str, file: str, reader: TableReader, columns: Collection[str], required: Collection[str], kinds: ColumnKinds
) -> Proposal:
    """Return a mapping for the file, from its header and its first rows."""
    draft = Draft()
    sample = _sample(reader)
    _propose_columns(kind, sample, columns, kinds.meanings, draft)
    by_target = {ours: sample.get(theirs, []) for theirs, (ours, _) in draft.columns.items()}
    for ours in by_target:
        if ours in kinds.dates:
            _propose_date(ours, by_target[ours], draft)
        elif ours in kinds.words:
            _propose_words(ours, by_target[ours], kinds.words[ours], draft)
    _propose_decimal([text for ours in kinds.numbers for text in by_target.get(ours, [])], draft)
    draft.doubts += [
        f"`{name}` stands in the header twice: rename one of them in the file"
        for name in draft.columns
        if reader.header.count(name) > 1
    ]
    missing = [column for column in required if column not in by_target]
    draft.doubts += [f"no column is `{column}`: map one, or give it a value under `constants`" for column in missing]
    rows = max(map(len, sample.values()), default=0)
    lines = [
        f"# How `{' '.join(file.split())}` becomes `{kind}`: proposed from {rows} rows. Read it, mend it, and then",
        f"#   viesti import {kind} FILE --mapping THIS_FILE",
        f"# Recognised, and so not repeated here: {' '.join(reader.description.split())}.",
        "",
        *mapping_lines(draft, missing),
    ]
    return Proposal("\n".join(lines) + "\n", tuple(draft.doubts), tuple(draft.ignored))


def _sample(reader: TableReader) -> Mapping[str, Sequence[str]]:
    """Return the texts of each column in the first rows, empty cells left out."""
    chunk = next(reader.chunks(lambda _done, _whole: None), None)
    if chunk is None:
        return {name: [] for name in reader.header}
    texts = (chunk.rows.column(number + 1).to_pylist() for number in range(len(reader.header)))
    return {
        name: [text.strip() for text in column if text and text.strip()]
        for name, column in zip(reader.header, texts, strict=True)
    }


def _propose_columns(
    kind: str,
    sample: Mapping[str, Sequence[str]],
    columns: Collection[str],
    meanings: Mapping[str, Collection[str]],
    draft: Draft,
) -> None:
    words = {
        _normal(word): ours
        for listed_words in (meanings, _words().get(kind, {}))
        for ours, listed in listed_words.items()
        for word in listed
        if ours in columns
    }
    words |= {_normal(ours): ours for ours in columns}
    exact = {name: words[_normal(name)] for name in sample if _normal(name) in words}
    taken = dict[str, str]()
    for name, texts in sample.items():
        ours, remark = _recognise(name, texts, exact, words)
        if _may_be_permission(kind, name, ours, texts):
            _propose_permission(kind, name, texts, draft)
        elif ours is None:
            draft.ignored[name] = "no column of ours has such a name"
        elif ours in taken:
            draft.ignored[name] = f"looks like `{ours}`, too, which is `{taken[ours]}` already"
        else:
            taken[ours] = name
            draft.columns[name] = ours, remark
            if remark:
                draft.doubts.append(f"`{name}` is perhaps `{ours}`")


def _recognise(
    name: str, texts: Sequence[str], exact: Mapping[str, str], words: Mapping[str, str]
) -> tuple[str | None, str]:
    """Return our column for one of theirs, or None, and a remark when only the name is similar."""
    ours, remark = exact.get(name), ""
    if ours is None and (similar := get_close_matches(_normal(name), words, n=1, cutoff=_SIMILAR)):
        ours, remark = words[similar[0]], "not sure: only the name is similar"
        if ours in exact.values():
            ours = None
    if ours in {"choice", "at"} and are_yes_or_no(texts):
        ours = None  # the column is the state of a choice
    return ours, remark


def _may_be_permission(kind: str, name: str, ours: str | None, texts: Sequence[str]) -> bool:
    if kind == _OFFERS:  # nobody's choices stand beside goods: `Mainosteksti` is a text
        return False
    if kind != _CHOICES:
        return _PERMISSION.search(name) is not None
    return ours is None and (_PERMISSION.search(name) is not None or are_yes_or_no(texts))


def _propose_permission(kind: str, name: str, texts: Sequence[str], draft: Draft) -> None:
    """Leave a permission or a ban to the author: without a decision, the file is refused."""
    if kind == _CHOICES:
        draft.undecided[name] = "state    # and its choice under `constants`; of a ban, one such as `no_marketing`"
        words = propose_values("state", texts, ("on", "off"))
        draft.states |= {} if words is None else words.known
        hint = "map it to `state`, and name its choice under `constants`; one mapping for each"
    else:
        draft.undecided[name] = "?    # a permission or a ban? nothing is imported before somebody says"
        hint = "import it as `choices`, then name it under `ignore`"
    draft.doubts.append(f"`{name}` may be a permission or a ban: {hint}")


def _propose_date(ours: str, texts: Sequence[str], draft: Draft) -> None:
    if not texts or all(_ISO_DATE.fullmatch(text) for text in texts):
        return
    forms = matching_forms(texts)
    if not forms:
        reason = f"the form of the dates in `{ours}` was not recognised: name it under `dates`"
        if all(_SHORT_YEAR.fullmatch(text) for text in texts):
            reason = f"`{ours}` has years of two digits, which do not tell 1925 from 2025: export them with four"
        if all(_SERIAL_DAY.fullmatch(text) for text in texts):
            reason = (
                f"`{ours}` has numbers of days, as Excel counts them: give the cells a date's format, and export again"
            )
        draft.doubts.append(reason)
        return
    remark = ""
    if len(forms) > 1 and {"d/M", "M/d"} <= {form[:3] for form in forms}:
        remark = f"not sure: every date could be `{forms[1]}`, too"
        draft.doubts.append(f"the dates in `{ours}` may be `{forms[0]}` or `{forms[1]}`")
    draft.dates[ours] = forms[0], remark


def _propose_words(ours: str, texts: Sequence[str], known: Collection[str] | None, draft: Draft) -> None:
    proposal = propose_values(ours, texts, known)
    if proposal is None:
        draft.doubts.append(f"`{ours}` has more different words than a list: is it the right column?")
        return
    draft.values[ours] = proposal
    if proposal.unknown:
        words = ", ".join(f"`{word[:SHOWN]}`" for word in list(proposal.unknown)[:8])
        draft.doubts.append(f"nothing says what these mean in `{ours}`: {words}")


def _propose_decimal(texts: Sequence[str], draft: Draft) -> None:
    commas = sum(_DECIMAL_COMMA.fullmatch(text) is not None for text in texts)
    points = sum(_DECIMAL_POINT.fullmatch(text) is not None for text in texts)
    if commas and points:
        draft.doubts.append("some amounts have a decimal comma, others a decimal point")
    dressed = any(_DRESSED.fullmatch(text) for text in texts)  # spaces and € are left out where the sign is named
    if commas > points or (dressed and not points):
        draft.decimal = ","
    elif dressed:
        draft.decimal = "."


def _normal(name: str) -> str:
    """Return a column's name without letter case, spaces and punctuation."""
    return re.sub(r"[\W_]+", "", name.casefold())


@cache
def _words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return _WORDS.validate_python(read_yaml(_FILE).value)
