"""Texts and values that a letter's Typst files use: texts by key, offers, the arm. Reads source, renders nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError, closest_match
from campaigns.core.model.enums import Language
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource
from campaigns.rendering.templates.text_variables import text_variable_uses
from campaigns.rendering.templates.variables import LIST_ITEM, VariableUse

LETTER_FILE: Final = "letter.typ"
OFFER_TEXT_PREFIX: Final = "offer_"  # a text with this prefix is filled once an offer, with `offer`

_TEXT_USE: Final = re.compile(r"\b(page\.text|words|offer)\.([a-z][a-z0-9_]*)")
_VALUE_USE: Final = re.compile(r"\bpage\.(arm|offers|date)\b")
_PACKAGE: Final = re.compile(r"""["']@|\bplugin\(""")
_VALUES: Final[Mapping[str, str]] = {"arm": "arm", "offers": "offers", "date": "today"}


@dataclass(frozen=True, slots=True)
class LetterText:
    """Text that a letter prints, in one language, with its position."""

    text: str
    place: FilePosition

    def line_place(self, _line: int) -> FilePosition:
        """Return the start of the text as the position of any of its lines."""
        return self.place


def letter_texts(folder: TemplateFolder, language: Language) -> Mapping[str, LetterText]:
    """Return the texts that the folder's Typst files print, by key; UserError with unknown texts and packages."""
    problems: list[Problem] = []
    texts: dict[str, LetterText] = {}
    for source in _sources(folder):
        problems += _packages(source)
        for key, place in _keys(folder, source):
            if key in folder.texts:
                text = folder.texts[key]
                texts[key] = LetterText(text.localised.text(language), text.positions[language])
            else:
                problems.append(
                    Problem(place, f"there is no text `{key}`", "unknown_text", closest_match(key, folder.texts))
                )
    if problems:
        raise UserError(problems)
    return texts


def markup_variable_uses(folder: TemplateFolder) -> Iterator[VariableUse]:
    """Yield every use of a value by the Typst files and the texts they print, in all three languages."""
    keys: list[str] = []
    for source in _sources(folder):
        keys += (key for key, _place in _keys(folder, source))
        for match, place in _matches(_VALUE_USE, source):
            yield VariableUse((_VALUES[match[1]],), place)
    for read in text_variable_uses(folder, keys):
        yield VariableUse(("offers", LIST_ITEM, *read.path[1:]), read.position) if read.path[0] == "offer" else read


def _sources(folder: TemplateFolder) -> list[TemplateSource]:
    """Return the Typst files of a letter with the shared ones; UserError when the letter itself is missing."""
    folder.source(LETTER_FILE)
    return [folder.source(file) for file in sorted({*folder.files, *folder.shared}) if file.endswith(".typ")]


def _keys(folder: TemplateFolder, source: TemplateSource) -> Iterator[tuple[str, FilePosition]]:
    # the shared layout can render offers, but not every letter shows them
    shows_offers = "page.offers" in folder.source(LETTER_FILE).text
    for match, place in _matches(_TEXT_USE, source):
        if match[1] != "offer":
            yield match[2], place
        elif shows_offers:
            yield f"{OFFER_TEXT_PREFIX}{match[2]}", place


def _packages(source: TemplateSource) -> Iterator[Problem]:
    """Yield a problem for each package or plugin: packages come from the network, plugins are programs."""
    for _match, place in _matches(_PACKAGE, source):
        yield Problem(place, "a letter uses no packages and no plugins", "typst_package")


def _matches(pattern: re.Pattern[str], source: TemplateSource) -> Iterator[tuple[re.Match[str], FilePosition]]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        for match in pattern.finditer(line):
            yield match, FilePosition(source.file, number, match.start() + 1)
