"""Mapping file: how the columns, dates and words of somebody else's file become those of an import."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, Field

from audiences.imports.chunk import ReadingOptions
from audiences.imports.date_forms import DateForm
from audiences.imports.text_encoding import Encoding
from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.localised_text import FrozenModel
from campaigns.core.yaml.located import Located
from campaigns.core.yaml.source import read_yaml
from campaigns.core.yaml.validate import validate

OPTION: Final = "--constant"
_TAB: Final = "tab"


def _cell(value: object) -> object:
    """Return a value of YAML as the text of a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | Decimal) else value


Cell = Annotated[str, BeforeValidator(_cell, json_schema_input_type=str | bool | float)]
"""Text of a cell; true, false, numbers and dates need no quotes."""


class MappingFile(FrozenModel):
    """Mapping file. `columns` names ours by theirs; `constants` are columns that the file lacks, with one value.

    `ignore` lists their columns that are not read. `dates` and `values` are by our column: the form of its dates, and
    our word for each of theirs. `encoding`, `delimiter`, `decimal` and `sheet` are recognised where they are left out.
    """

    encoding: Encoding | None = None
    delimiter: Literal[",", ";", "tab", "|"] | None = None
    decimal: Literal[",", "."] | None = None
    sheet: str | None = None
    columns: Mapping[str, str] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    constants: Mapping[str, Cell] = Field(default_factory=dict)
    dates: Mapping[str, DateForm] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, Cell]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """Mapping with the places of its parts, so that a problem names the line to change."""

    file: MappingFile
    at: Located

    @property
    def options(self) -> ReadingOptions:
        """Return what the mapping knows about the file's format."""
        delimiter = "\t" if self.file.delimiter == _TAB else self.file.delimiter
        return ReadingOptions(self.file.encoding, delimiter, self.file.sheet)

    def part(self, *steps: str) -> Located:
        """Return the part of the mapping at these keys."""
        at = self.at
        for step in steps:
            at = at.part(step)
        return at

    def key_place(self, *steps: str) -> FilePosition:
        """Return the place of a key; the option's, for a constant that is not in the file."""
        try:
            return self.part(*steps).key_place
        except KeyError:
            return FilePosition(OPTION)


def load_mapping(path: Path) -> ImportMapping:
    """Return the mapping in a file; raise UserError with all problems."""
    if not path.exists():
        hint = "`viesti import KIND FILE --propose` writes one"
        raise UserError.about(str(path), "there is no such mapping", "file_missing", hint)
    at = read_yaml(path)
    problems: list[Problem] = []
    file = validate(MappingFile, at, problems)
    if file is None:
        raise UserError(problems)
    return ImportMapping(file, at)


def with_constants(mapping: ImportMapping | None, constants: Mapping[str, str]) -> ImportMapping | None:
    """Return the mapping with more constant columns; None when there is neither."""
    if not constants:
        return mapping
    base = ImportMapping(MappingFile(), Located(OPTION, {}, {}, {})) if mapping is None else mapping
    return replace(base, file=base.file.model_copy(update={"constants": {**base.file.constants, **constants}}))
