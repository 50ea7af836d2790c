"""What a letter's Typst files ask for: texts by key, offers, the arm. Reads the source, draws nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import AuthorError, Place, Problem, nearest
from campaigns.core.model.enums import Language
from campaigns.rendering.templates.folder import Source, TemplateFolder
from campaigns.rendering.templates.text_variables import text_reads
from campaigns.rendering.templates.variables import ITEM, Read

FILE: Final = "letter.typ"
OFFER_TEXT: Final = "offer_"  # a text of this kind is filled once an offer, with `offer`

_TEXT_USE: Final = re.compile(r"\b(page\.text|words|offer)\.([a-z][a-z0-9_]*)")
_VALUE_USE: Final = re.compile(r"\bpage\.(arm|offers|date)\b")
_PACKAGE: Final = re.compile(r"""["']@|\bplugin\(""")
_VALUES: Final[Mapping[str, str]] = {"arm": "arm", "offers": "offers", "date": "today"}


@dataclass(frozen=True, slots=True)
class UsedText:
    """A text that a letter prints, in one language, and where it stands."""

    words: str
    place: Place

    def line_place(self, _line: int) -> Place:
        """Where any of its lines is spoken of: where the text begins."""
        return self.place


def texts_used(folder: TemplateFolder, language: Language) -> Mapping[str, UsedText]:
    """The texts that the folder's Typst files print, by key; AuthorError with everything that they may not ask for."""
    problems: list[Problem] = []
    used: dict[str, UsedText] = {}
    for source in _sources(folder):
        problems += _packages(source)
        for key, place in _keys(folder, source):
            if key in folder.texts:
                text = folder.texts[key]
                used[key] = UsedText(text.words.text(language), text.places[language])
            else:
                problems.append(Problem(place, f"there is no text `{key}`", "unknown_text", nearest(key, folder.texts)))
    if problems:
        raise AuthorError(problems)
    return used


def source_reads(folder: TemplateFolder) -> Iterator[Read]:
    """Every use of a value by the Typst files and the texts that they print, in all three languages."""
    keys: list[str] = []
    for source in _sources(folder):
        keys += (key for key, _place in _keys(folder, source))
        for found, place in _matches(_VALUE_USE, source):
            yield Read((_VALUES[found[1]],), place)
    for read in text_reads(folder, keys):
        yield Read(("offers", ITEM, *read.path[1:]), read.place) if read.path[0] == "offer" else read


def _sources(folder: TemplateFolder) -> list[Source]:
    """The Typst files of a letter, the shared ones included; AuthorError when the letter itself is missing."""
    folder.source(FILE)
    return [folder.source(file) for file in sorted({*folder.files, *folder.shared}) if file.endswith(".typ")]


def _keys(folder: TemplateFolder, source: Source) -> Iterator[tuple[str, Place]]:
    shows_offers = "page.offers" in folder.source(FILE).text  # the shared layout can draw them, not each letter does
    for found, place in _matches(_TEXT_USE, source):
        if found[1] != "offer":
            yield found[2], place
        elif shows_offers:
            yield f"{OFFER_TEXT}{found[2]}", place


def _packages(source: Source) -> Iterator[Problem]:
    """A package would be fetched from the network, a plugin is a program: a letter is made of its own files."""
    for _found, place in _matches(_PACKAGE, source):
        yield Problem(place, "a letter uses no packages and no plugins", "typst_package")


def _matches(pattern: re.Pattern[str], source: Source) -> Iterator[tuple[re.Match[str], Place]]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        for found in pattern.finditer(line):
            yield found, Place(source.file, number, found.start() + 1)
