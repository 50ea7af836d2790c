"""Letters: texts filled a member at a time, pages drawn many at a time as PDF/A-2b. The one module that knows Typst.

A member's values reach Typst as JSON strings, never as source, so that no name can say anything to it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst

from campaigns.errors import AuthorError, Place, Problem, nearest
from campaigns.rendering.environment import Template, compile_template, environment
from campaigns.rendering.filters import filters
from campaigns.rendering.folder import SHARED, Source, TemplateFolder
from campaigns.rendering.postal import PostalAddress
from campaigns.spec.settings import Organisation, Settings
from campaigns.spec.words import Channel, Language

FILE: Final = "letter.typ"
FONTS: Final = Path(__file__).parent / "fonts"
OFFER_TEXT: Final = "offer_"  # a text of this kind is filled once an offer, with `offer`

_TEXT_USE: Final = re.compile(r"\b(page\.text|words|offer)\.([a-z][a-z0-9_]*)")
_PACKAGE: Final = re.compile(r'"@[\w-]+/')
_TELEPHONE: Final = re.compile(r"\+\d[\d ]+\d")
_TROUBLE: Final = re.compile(r"(templates/\S+?):(\d+):(\d+)")
_PAGES: Final = (
    "query(<letter>).zip(query(<end>)).map(((start, end)) => end.location().page() - start.location().page() + 1)"
)
_DRIVER: Final = """\
#import "/{letter}": letter
#let house = json(bytes(sys.inputs.house))
#for page in json(bytes(sys.inputs.pages)) {{ letter(house, page) }}
"""


@dataclass(frozen=True, slots=True)
class UsedText:
    """A text that a letter prints, in one language, and where it stands."""

    words: str
    place: Place

    def line_place(self, _line: int) -> Place:
        """Where any of its lines is spoken of: where the text begins."""
        return self.place


@dataclass(frozen=True, slots=True)
class LetterPages:
    """Several letters in one PDF, and how many pages each of them has."""

    pdf: bytes
    per_letter: tuple[int, ...]


@dataclass(frozen=True)
class LetterTemplate:
    """One letter in one language, ready to be filled and drawn."""

    language: Language
    currency: str
    texts: Mapping[str, Template]
    offer_texts: Mapping[str, Template]
    sources: Mapping[str, bytes]
    house: str

    @classmethod
    def compile(cls, folder: TemplateFolder, language: Language, settings: Settings) -> "LetterTemplate":
        """The template of `folder` in `language`; AuthorError with every problem of its texts.

        Typst reads its source when pages are drawn: `check_letter` draws the sample for that reason.
        """
        sandbox = environment(Channel.POST, language, settings.currency)
        compiled = {
            key: compile_template(sandbox, Source(text.place.file, text.words), text.line_place)
            for key, text in texts_used(folder, language).items()
        }
        return cls(
            language,
            settings.currency,
            {key: text for key, text in compiled.items() if not key.startswith(OFFER_TEXT)},
            {key.removeprefix(OFFER_TEXT): text for key, text in compiled.items() if key.startswith(OFFER_TEXT)},
            _sources(folder),
            json.dumps(_house(settings.organisation, language), ensure_ascii=False),
        )

    def fill(self, context: Mapping[str, object], address: PostalAddress) -> Mapping[str, object]:
        """The values of one member's letter, all of them plain text; TemplateError when one is missing."""
        today = context["today"]
        if not isinstance(today, date):
            raise TypeError("`today` is a date")
        return {
            "address": address.rows,
            "date": filters(self.language, self.currency)["date"](today, "long"),
            "arm": context.get("arm") or "",
            "text": {key: _kept_together(text.render(context)) for key, text in self.texts.items()},
            "offers": self._offers(context),
        }

    def render_bundle(self, pages: Sequence[Mapping[str, object]], created_at: datetime) -> LetterPages:
        """The letters of filled values, in their order, each beginning on a page of its own.

        The same values and `created_at` give the same bytes. AuthorError for what Typst refuses in the template.
        """
        inputs = {"house": self.house, "pages": json.dumps(pages, ensure_ascii=False)}
        try:
            pdf: Any = self._compiler(inputs).compile(
                format="pdf", pdf_standards="a-2b", pdf_tags=False, timestamp=created_at
            )
            pages_each = json.loads(self._compiler(inputs).eval(_PAGES))  # cheap: the layout is remembered
        except typst.TypstError as error:
            raise AuthorError([_trouble(error)]) from error
        return LetterPages(pdf, tuple(pages_each))

    def _compiler(self, inputs: Mapping[str, str]) -> typst.Compiler:
        files: Any = dict(self.sources)  # the stub forgets that files may be given by name
        return typst.Compiler(files, root=FONTS, font_paths=_fonts(), sys_inputs=dict(inputs))

    def _offers(self, context: Mapping[str, object]) -> list[dict[str, str]]:
        offers = context.get("offers") if self.offer_texts else ()
        return [
            {key: _kept_together(text.render({**context, "offer": offer})) for key, text in self.offer_texts.items()}
            for offer in (offers if isinstance(offers, Sequence) else ())
        ]


def texts_used(folder: TemplateFolder, language: Language) -> Mapping[str, UsedText]:
    """The texts that the folder's Typst files print, by key; AuthorError with every key that there is no text for."""
    problems: list[Problem] = []
    used: dict[str, UsedText] = {}
    for source in typst_sources(folder):
        for key, place in _keys(source):
            if key.startswith(OFFER_TEXT) and not shows_offers(folder):
                continue  # the shared layout can draw offers, this letter does not
            if key in folder.texts:
                text = folder.texts[key]
                used[key] = UsedText(text.words.text(language), text.places[language])
            else:
                problems.append(Problem(place, f"there is no text `{key}`", "unknown_text", nearest(key, folder.texts)))
    if problems:
        raise AuthorError(problems)
    return used


def shows_offers(folder: TemplateFolder) -> bool:
    """Whether the letter itself, not only the shared layout, reads the member's offers."""
    return "page.offers" in folder.source(FILE).text


def typst_sources(folder: TemplateFolder) -> list[Source]:
    """The Typst files of a letter, the shared ones included; AuthorError when the letter itself is missing."""
    folder.source(FILE)
    return [folder.source(file) for file in sorted({*folder.files, *folder.shared}) if file.endswith(".typ")]


def _keys(source: Source) -> Iterator[tuple[str, Place]]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        for found in _TEXT_USE.finditer(line):
            key = f"{OFFER_TEXT}{found[2]}" if found[1] == "offer" else found[2]
            yield key, Place(source.file, number, found.start(2) + 1)


def _sources(folder: TemplateFolder) -> Mapping[str, bytes]:
    """What Typst may read, by path in the workspace: the folder, the shared folder and nothing of the machine."""
    directory = Path(folder.directory)
    shared = {(directory.parent / SHARED / file).as_posix(): data for file, data in folder.shared.items()}
    own = {(directory / file).as_posix(): data for file, data in folder.files.items()}
    return {"main.typ": _DRIVER.format(letter=directory / FILE).encode(), **shared, **own}


def _house(organisation: Organisation, language: Language) -> Mapping[str, str]:
    return {
        "language": language.value,
        "name": organisation.name.text(language),
        "legal_name": organisation.legal_name,
        "street": organisation.street,
        "postal_code": organisation.postal_code,
        "city": organisation.city.text(language),
        "telephone": organisation.telephone,
    }


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Carlito, and what Typst itself brings; never the machine's, or a letter would look different elsewhere."""
    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS])


def _kept_together(text: str) -> str:
    """The text with telephone numbers that do not break at the end of a line."""
    return _TELEPHONE.sub(lambda found: found[0].replace(" ", "\u00a0"), text.strip())


def _trouble(error: typst.TypstError) -> Problem:
    found = _TROUBLE.search(error.diagnostic)
    place = Place(found[1], int(found[2]), int(found[3])) if found else Place("letter.typ")
    return Problem(place, error.message, "typst", "; ".join(error.hints))
