"""Sources of an import's columns: the file's header, and the mapping if there is one, are checked before any row."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from audiences.imports.chunk import TableReader
from audiences.imports.date_forms import iso_sql
from audiences.imports.mapping import ImportMapping
from audiences.warehouse.sql_quoting import quote_literal
from campaigns.core.errors import FilePosition, Problem, UserError, closest_match

_SPACES: Final = r"[\s\p{Cc}\x{A0}]+"
_IN_NUMBERS: Final = "' ' || chr(160) || chr(8239) || '€'"  # spaces between thousands, and the currency
_SHOWN: Final = 40
_TOLD: Final = 10  # unknown columns that are told one by one


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """Source of a column: a column of the file, counted from 0, or a constant, and what its texts become.

    `decimal` is the file's decimal sign where the mapping names it.
    """

    number: int | None = None
    constant: str | None = None
    date_form: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    decimal: str | None = None

    def sql(self, *, words: bool, number: bool, decimal_comma: bool) -> str:
        """Return SQL of the cell's text, cleaned; NULL when it is empty."""
        if self.number is None:
            return "NULL" if self.constant is None else quote_literal(self.constant)
        text = staged_column(self.number)
        if words:
            text = f"regexp_replace({text}, {quote_literal(_SPACES)}, ' ', 'g')"
        elif number and self.decimal is not None:
            text = f"translate({_ungrouped(text, self.decimal)}, {quote_literal(self.decimal)} || {_IN_NUMBERS}, '.')"
        elif number and decimal_comma:
            text = f"replace({text}, ',', '.')"
        text = f"nullif(trim({text}), '')"
        if self.values:
            text = self._replaced(text)
        return text if self.date_form is None else iso_sql(text, self.date_form)

    def _replaced(self, text: str) -> str:
        """Return SQL: our word for theirs, in any letter case; other words as they are."""
        cases = " ".join(
            f"WHEN {quote_literal(theirs.strip().lower())} THEN {quote_literal(ours)}"
            for theirs, ours in self.values.items()
            if theirs
        )
        empty = quote_literal(self.values[""]) if "" in self.values else "NULL"
        replaced = f"CASE lower({text}) {cases} ELSE {text} END" if cases else text
        return f"coalesce({replaced}, {empty})"


def _ungrouped(text: str, decimal: str) -> str:
    """Return SQL: a number such as `1.234,50` without the other sign between its thousands."""
    sign = "." if decimal == "," else ","
    grouped = rf"[+-]?\d{{1,3}}(\{sign}\d{{3}})+\{decimal}\d.*"
    condition = f"contains({text}, {quote_literal(sign)}) AND regexp_full_match(trim({text}), {quote_literal(grouped)})"
    return f"CASE WHEN {condition} THEN replace({text}, {quote_literal(sign)}, '') ELSE {text} END"


def staged_column(number: int) -> str:
    """Return the name of a column of the file in the staging database, where letter case tells no names apart."""
    return f"column_{number}"


def column_sources(
    kind: str, reader: TableReader, columns: Collection[str], required: Collection[str], mapping: ImportMapping | None
) -> Mapping[str, ColumnSource]:
    """Return the source of each column that the file or the mapping has; raise UserError when the header is wrong."""
    problems = [] if mapping is None else list(_mapping_problems(kind, reader, columns, mapping))
    sources = _file_sources(reader, columns, mapping, problems)
    constants = {} if mapping is None else mapping.file.constants
    if not sources and (mapping is None or not mapping.file.columns):
        raise UserError([_foreign_header(kind, reader, mapping)])
    problems += [_constant_of_a_column(ours, mapping) for ours in constants if ours in sources and mapping is not None]
    sources |= {ours: ColumnSource(constant=value) for ours, value in constants.items() if ours in columns}
    missing = [column for column in required if column not in sources]
    if missing or problems:
        raise UserError([*(_missing(kind, reader, column, mapping) for column in missing), *problems])
    return sources


def _constant_of_a_column(ours: str, mapping: ImportMapping) -> Problem:
    message, hint = f"the file has values for `{ours}`, which a constant would replace", "leave the constant out"
    return Problem(mapping.key_place("constants", ours), message, "constant_of_a_column", hint)


def _missing(kind: str, reader: TableReader, column: str, mapping: ImportMapping | None) -> Problem:
    hint = f"add it to the header, or let `viesti import {kind} FILE --propose` write a mapping"
    if mapping is not None:
        hint = "map a column to it, or give it one value under `constants`"
    return Problem(reader.column_place(0), f"the column `{column}` is missing", "missing_column", hint)


def _file_sources(
    reader: TableReader, columns: Collection[str], mapping: ImportMapping | None, problems: list[Problem]
) -> dict[str, ColumnSource]:
    """Return the sources in the file; add the problems of its header."""
    sources = dict[str, ColumnSource]()
    targets = {} if mapping is None else mapping.file.columns
    ignored = set() if mapping is None else set(mapping.file.ignore)
    unknown = list[Problem]()
    for number, name in enumerate(reader.header):
        ours, place = targets.get(name, name), reader.column_place(number)
        if name in ignored and name not in targets:
            continue
        if ours in sources and name in reader.header[:number]:
            message, hint = f"the column `{name}` stands here twice", "rename one of them in the file, or remove it"
            problems.append(Problem(place, message, "duplicate_column", hint))
        elif name not in targets and (ours not in columns or ours in targets.values()):
            unknown.append(_unknown_column(place, name, columns, mapped=mapping is not None))
        elif ours in columns and ours not in sources:  # otherwise the mapping itself is wrong
            sources[ours] = _source(ours, number, mapping)
    problems += _first_ones(unknown)
    return sources


def _first_ones(unknown: Sequence[Problem]) -> Iterator[Problem]:
    """Yield the first unknown columns one by one, and all others as one problem."""
    yield from unknown[:_TOLD]
    if len(unknown) > _TOLD:
        message, hint = f"as unknown as these: {len(unknown) - _TOLD} more columns", "is it the right file?"
        yield Problem(unknown[_TOLD].place, message, "unknown_columns", hint)


def _source(ours: str, number: int, mapping: ImportMapping | None) -> ColumnSource:
    if mapping is None:
        return ColumnSource(number)
    file = mapping.file
    return ColumnSource(number, None, file.dates.get(ours), file.values.get(ours, {}), file.decimal)


def _mapping_problems(
    kind: str, reader: TableReader, columns: Collection[str], mapping: ImportMapping
) -> Iterator[Problem]:
    """Yield the parts of a mapping that fit neither the file nor the kind of import."""
    file = mapping.file
    for name, ours in file.columns.items():
        at = mapping.part("columns", name)
        if name not in reader.header:
            hint = closest_match(name, reader.header) or f"one of {_listed(reader.header)}"
            yield Problem(at.key_place, f"the file has no column `{name}`", "no_such_column", hint)
        if ours not in columns:
            yield _unknown_target(at.place, ours, kind, columns)
        elif list(file.columns.values()).index(ours) != list(file.columns).index(name):
            yield Problem(at.place, f"two columns become `{ours}`", "duplicate_column", "put one under `ignore`")
    for section in ("constants", "dates", "values"):
        for ours in getattr(file, section):
            if ours not in columns:
                yield _unknown_target(mapping.key_place(section, ours), ours, kind, columns)
    yield from _silent_yes(mapping)


def _silent_yes(mapping: ImportMapping) -> Iterator[Problem]:
    """Yield the problem of an empty cell that would be a permission: silence is none."""
    if mapping.file.values.get("state", {}).get("") == "on":
        keys = (str(key) for key, _ in mapping.part("values", "state").entries())
        place = mapping.key_place("values", "state", next(key for key in keys if not key.strip()))
        hint = "leave it out: rows without a state are then rejected"
        yield Problem(place, "an empty cell is no permission, and never `on`", "silent_permission", hint)


def _unknown_target(place: FilePosition, ours: str, kind: str, columns: Collection[str]) -> Problem:
    hint = closest_match(ours, columns) or f"one of {_listed(columns)}"
    return Problem(place, f"`{ours}` is not a column of `{kind}`", "unknown_column", hint)


def _unknown_column(place: FilePosition, name: str, columns: Collection[str], *, mapped: bool) -> Problem:
    if not name:
        return Problem(place, "a column has no name", "unknown_column", "name it, or remove it")
    if mapped:
        hint = "map it under `columns`, or name it under `ignore`"
        return Problem(place, f"the mapping does not say what `{name}` is", "unmapped_column", hint)
    hint = closest_match(name, columns) or f"one of {_listed(columns)}"
    return Problem(place, f"`{name}` is not a column of this file", "unknown_column", hint)


def _foreign_header(kind: str, reader: TableReader, mapping: ImportMapping | None) -> Problem:
    content = f"this is {reader.description}; columns found: {_listed(reader.header)}"
    hint = f"`viesti import {kind} FILE --propose` writes a mapping from these columns to ours"
    if mapping is not None:
        hint = "map them under `columns`"
    return Problem(reader.column_place(0), f"no column of `{kind}` is here; {content}", "foreign_header", hint)


def _listed(names: Collection[str]) -> str:
    first = ", ".join(f"`{name[:60]}`" for name in list(names)[:_SHOWN])
    return f"{first}, ..." if len(names) > _SHOWN else first
