"""Pages and files of a subject access export: titled sections and columns in three languages, newest rows first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final

from fastapi.responses import Response

from campaigns.core.clock import local_day
from campaigns.core.model.catalogue import Catalogue, CatalogueColumn
from campaigns.core.model.enums import Choice, Language
from campaigns.core.model.settings import Settings
from campaigns.people.privacy.export_files import column_names, to_csv_archive, to_json
from campaigns.people.privacy.subject_access import SubjectAccessExport
from campaigns.rendering.choice_labels import choice_label, is_label_enabled
from campaigns.rendering.templates.filters import Filter, template_filters
from campaigns.rendering.templates.translations import TranslatedText
from campaigns.web.members.code_labels import YES_NO_LABELS, CellFormatter
from campaigns.web.members.readable_columns import readable_columns
from campaigns.web.page_renderer import PageRenderer, read_text_file

MAX_ROWS_ON_PAGE: Final = 50  # rows of a section on a page; files have all rows
EXPORT_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "json": ("application/json", "json"),
    "csv": ("application/zip", "zip"),
    "html": ("text/html; charset=utf-8", "html"),  # one page that needs no server
}
"""Download formats of an export: media type and file name extension."""

_CENTS: Final = -2
_ALL_ROWS: Final = 1_000_000
_LOCALISED: Final = frozenset({"title", "offer_reasons"})  # columns of texts in three languages
_FIRST_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "receipts": ("purchased_at", "amount", "store_id"),
    "purchases": ("purchased_at", "product_type", "quantity", "amount"),
}
_TABLE_OF: Final = {"contact": "members", "profile": "members"}  # the table that declares a section's columns


@dataclass(frozen=True, slots=True)
class DataSection:
    """Section of a page: rows of (title, value) pairs; `all` is the number of rows that exist, `about` one sentence."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[tuple[str, str]]]
    all: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class DataPages:
    """Renderer of subject access exports for one organisation."""

    renderer: PageRenderer
    catalogue: Catalogue

    def made_on(self, export: SubjectAccessExport) -> date:
        """Return the day of the export."""
        return local_day(export.made_at, self.renderer.settings.zone)

    def download(self, export: SubjectAccessExport, file_format: str, language: Language) -> Response:
        """Return the whole export as a download, in one of `EXPORT_FORMATS`."""
        media_type, extension = EXPORT_FORMATS[file_format]
        headers = {"Content-Disposition": f'attachment; filename="viesti-{self.made_on(export)}.{extension}"'}
        return Response(self.file_content(export, file_format, language), headers=headers, media_type=media_type)

    def sections(
        self, export: SubjectAccessExport, language: Language, *, most: int = MAX_ROWS_ON_PAGE
    ) -> Iterator[DataSection]:
        """Yield every section with at most `most` rows; codes are replaced by labels."""
        settings = self.renderer.settings
        field = partial(self._title, "contact", language=language)
        formatter = CellFormatter(settings, language, field, _PlainValues(language, settings).written)
        for name, rows in export.sections.items():
            titles = {column: self._title(name, column, language) for column in _visible_columns(export, name)}
            texts = [
                [(title, formatter.cell(name, column, row)) for column, title in titles.items()] for row in rows[:most]
            ]
            yield DataSection(name, _label(f"section_{name}", name, language), list(titles.values()), texts, len(rows))

    def readable_sections(self, export: SubjectAccessExport, language: Language) -> Iterator[DataSection]:
        """Yield the sections as the page shows them: a sentence each, no keys, values by their names, newest rows."""
        settings = self.renderer.settings
        formatter = CellFormatter(
            settings,
            language,
            partial(self._title, "contact", language=language),
            _PlainValues(language, settings).written,
        )
        for name, rows in export.sections.items():
            columns = readable_columns(name, column_names(rows), rows)
            texts = [
                [self._readable_cell(formatter, name, column, row) for column in columns]
                for row in rows[:MAX_ROWS_ON_PAGE]
            ]
            titles = [self._readable_title(name, column, language) for column in columns]
            about, title = (_label(f"{kind}_{name}", name, language) for kind in ("about", "section"))
            yield DataSection(name, title, titles, texts, len(rows), about)

    def _readable_title(self, section: str, column: str, language: Language) -> str:
        if section == "choices" and column in set(Choice):
            return choice_label(column, language, self.renderer.settings)
        return self._title(section, column, language)

    def _readable_cell(
        self, formatter: CellFormatter, section: str, column: str, row: Mapping[str, Any]
    ) -> tuple[str, str]:
        """Return title and text of a cell: a choice says whether the thing comes, a value has its label."""
        language, value = formatter.language, row.get(column)
        title = self._readable_title(section, column, language)
        if section == "choices" and column in set(Choice):
            comes = is_label_enabled(column, on=bool(value))
            return title, YES_NO_LABELS.label("yes" if comes else "no", language)
        if isinstance(value, Mapping) and column in _LOCALISED:
            return title, str(value.get(language.value, ""))
        declared = self._declared_column(section, column)
        label = declared.label(value) if declared is not None and isinstance(value, str) else None
        return title, formatter.cell(section, column, row) if label is None else label.text(language)

    def _declared_column(self, section: str, column: str) -> CatalogueColumn | None:
        tables = [_TABLE_OF.get(section, section), *(["products"] if section == "purchases" else [])]
        columns = (self.catalogue.tables[name].columns.get(column) for name in tables if name in self.catalogue.tables)
        return next((declared for declared in columns if declared is not None), None)

    def file_content(self, export: SubjectAccessExport, file_format: str, language: Language) -> bytes:
        """Return the content of a download."""
        if file_format != "html":
            return to_json(export) if file_format == "json" else to_csv_archive(export)
        sections = list(self.sections(export, language, most=_ALL_ROWS))
        page = self.renderer.render("my_data_file", language, "", sections=sections, made_on=self.made_on(export))
        return bytes(page.body)

    def _title(self, section: str, column: str, language: Language) -> str:
        """Return the catalogue's title of a column, else ours, else the choice's or column's name."""
        declared = self._declared_column(section, column)
        if declared is not None:
            return declared.meaning.text(language)
        is_choice = section == "choices" and column in set(Choice)
        name = choice_label(column, language, self.renderer.settings) if is_choice else column
        return _label(f"field_{column}", name, language)


@dataclass(frozen=True, slots=True)
class _PlainValues:
    """Formatter of uncoded values in one language: days, times, numbers, yes and no."""

    language: Language
    settings: Settings

    def written(self, value: Any) -> str:
        if isinstance(value, str):  # the most frequent type
            return value
        match value:
            case bool():
                return YES_NO_LABELS.label("yes" if value else "no", self.language)
            case datetime():
                at = value.astimezone(self.settings.zone)
                return f"{self._filter('date')(at.date())} {at:%H:%M}"
            case date():
                return self._filter("date")(value)
            case Decimal():
                has_cents = value.as_tuple().exponent == _CENTS
                return self._filter("number")(value, 2 if has_cents else 0)
            case Mapping():
                return "; ".join(f"{key}: {self.written(item)}" for key, item in value.items())
            case list():
                return "; ".join(map(self.written, value))
        return "" if value is None else str(value)

    def _filter(self, name: str) -> Filter:
        return template_filters(self.language, self.settings.currency)[name]


def _visible_columns(export: SubjectAccessExport, section: str) -> Sequence[str]:
    """Return the columns worth showing, the most telling first; without the member's own number in every row."""
    rows, first = export.sections[section], _FIRST_COLUMNS.get(section, ())
    is_own = section != "contact" and all(row.get("member_id") in (None, export.member_id) for row in rows)
    names = [name for name in column_names(rows) if not (is_own and name == "member_id")]
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def _label(key: str, name: str, language: Language) -> str:
    text = _label_texts().get(key)
    return name.replace("_", " ") if text is None else text.localised.text(language)


@lru_cache(maxsize=1)
def _label_texts() -> Mapping[str, TranslatedText]:
    return read_text_file("data_labels.yaml")
