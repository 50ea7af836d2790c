"""A dossier as a person reads it: sections and columns under their names in three languages, and their newest rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

from fastapi.responses import Response

from campaigns.core.clock import local_day
from campaigns.core.model.catalogue import Catalogue
from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.settings import Settings
from campaigns.people.privacy.export_files import as_csv, as_json, columns
from campaigns.people.privacy.subject_access import Dossier
from campaigns.rendering.choice_labels import choice_name
from campaigns.rendering.templates.filters import Filter, filters
from campaigns.rendering.templates.translations import Text
from campaigns.web.members.code_labels import YES_OR_NO, Speech
from campaigns.web.page_renderer import Pages, read_words

MOST: Final = 50  # rows of a section on a page; the files have all
FORMS: Final[Mapping[str, tuple[str, str]]] = {
    "json": ("application/json", "json"),
    "csv": ("application/zip", "zip"),
    "html": ("text/html; charset=utf-8", "html"),  # a page of its own, which needs no server
}
"""The forms in which a dossier is taken along: media type, and how the file's name ends."""

_CENTS: Final = -2
_ALL: Final = 1_000_000
_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    "receipts": ("purchased_at", "amount", "store_id"),
    "purchases": ("purchased_at", "product_type", "quantity", "amount"),
}
_TABLE_OF: Final = {"contact": "members", "profile": "members"}  # where a section's columns are declared


@dataclass(frozen=True, slots=True)
class Section:
    """One section: each row is the title and the value of every column; `all` is how many rows there are."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[tuple[str, str]]]
    all: int


@dataclass(frozen=True, slots=True)
class Shown:
    """Writes dossiers for one organisation."""

    pages: Pages
    catalogue: Catalogue

    def made_on(self, dossier: Dossier) -> date:
        """The day that the dossier speaks of."""
        return local_day(dossier.made_at, self.pages.settings.zone)

    def to_take_along(self, dossier: Dossier, form: str, language: Language) -> Response:
        """The whole as a file, in one of the `FORMS`."""
        media_type, ending = FORMS[form]
        headers = {"Content-Disposition": f'attachment; filename="viesti-{self.made_on(dossier)}.{ending}"'}
        return Response(self.file(dossier, form, language), headers=headers, media_type=media_type)

    def sections(self, dossier: Dossier, language: Language, *, most: int = MOST) -> Iterator[Section]:
        """Every section, with at most so many rows; no value in a code of ours."""
        settings = self.pages.settings
        field = partial(self._title, "contact", language=language)
        speech = Speech(settings, language, field, _Hand(language, settings).written)
        for name, rows in dossier.sections.items():
            titles = {column: self._title(name, column, language) for column in _worth_reading(dossier, name)}
            shown = [
                [(title, speech.cell(name, column, row)) for column, title in titles.items()] for row in rows[:most]
            ]
            yield Section(name, _named(f"section_{name}", name, language), list(titles.values()), shown, len(rows))

    def file(self, dossier: Dossier, form: str, language: Language) -> bytes:
        """The content of such a file."""
        if form != "html":
            return as_json(dossier) if form == "json" else as_csv(dossier)
        sections = list(self.sections(dossier, language, most=_ALL))
        page = self.pages.answer("whole_file", language, "", sections=sections, made_on=self.made_on(dossier))
        return bytes(page.body)

    def _title(self, section: str, column: str, language: Language) -> str:
        """The catalogue's word for a column of its own, else ours, else a choice's or the column's name."""
        tables = [self.catalogue.tables.get(_TABLE_OF.get(section, section))]
        tables += [self.catalogue.tables["products"]] if section == "purchases" else []
        for table in tables:
            if table is not None and column in table.columns:
                return table.columns[column].meaning.text(language)
        is_choice = section == "choices" and column in set(Choice)
        name = choice_name(column, language, self.pages.settings) if is_choice else column
        return _named(f"field_{column}", name, language)


@dataclass(frozen=True, slots=True)
class _Hand:
    """Writes values that are no codes as one language does: days, times, numbers, yes and no."""

    language: Language
    settings: Settings

    def written(self, value: Any) -> str:
        if isinstance(value, str):  # most are
            return value
        match value:
            case bool():
                return YES_OR_NO.word("yes" if value else "no", self.language)
            case datetime():
                at = value.astimezone(self.settings.zone)
                return f"{self._filter('date')(at.date())} {at:%H:%M}"
            case date():
                return self._filter("date")(value)
            case Decimal():
                has_cents = value.as_tuple().exponent == _CENTS
                return self._filter("number")(value, 2 if has_cents else 0)
            case Mapping():
                return "; ".join(f"{key}: {self.written(each)}" for key, each in value.items())
            case list():
                return "; ".join(map(self.written, value))
        return "" if value is None else str(value)

    def _filter(self, name: str) -> Filter:
        return filters(self.language, self.settings.currency)[name]


def _worth_reading(dossier: Dossier, section: str) -> Sequence[str]:
    """The columns of a section as a person reads them: what tells most first, and not in every row whose it is."""
    rows, first = dossier.sections[section], _FIRST.get(section, ())
    theirs = section != "contact" and all(row.get("member_id") in (None, dossier.member_id) for row in rows)
    shown = [name for name in columns(rows) if not (theirs and name == "member_id")]
    return sorted(shown, key=lambda name: first.index(name) if name in first else len(first))


def _named(key: str, name: str, language: Language) -> str:
    found = _names().get(key)
    return name.replace("_", " ") if found is None else found.words.text(language)


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Text]:
    return read_words("held.yaml")
