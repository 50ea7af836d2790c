"""Texts and values that a letter's Typst files use: texts by key, offers, the arm. Reads source, renders nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from campaigns.core.errors import FilePosition, Problem, UserError
from campaigns.core.model.enums import Language
from campaigns.rendering.letters.letter_pictures import is_text, picture_problems, picture_uses
from campaigns.rendering.templates.folder import TemplateFolder, TemplateSource
from campaigns.rendering.templates.text_variables import text_variable_uses
from campaigns.rendering.templates.translations import closest_text
from campaigns.rendering.templates.variables import LIST_ITEM, VariableUse

LETTER_FILE: Final = "letter.typ"
NOT_READ: Final = frozenset({"texts.yaml", "sample.yaml"})  # files that Typst does not see
LINKS: Final = "links"
PICTURE, SYMBOL = "picture", "symbol"
"""What an offer has in Typst beside its texts: the file of its picture, and the drawing of its coupon's symbol."""
OFFER_TEXT_PREFIX: Final = "offer_"  # a text with this prefix is filled once an offer, with `offer`

_TEXT_USE: Final = re.compile(r"\b(page\.text|words|offer)\.([a-z][a-z0-9_]*)")
_VALUE_USE: Final = re.compile(r"\bpage\.(arm|offers|date)\b")
_QR_USE: Final = re.compile(r"\bpage\.qr\.([a-z_]+)")
_PACKAGE: Final = re.compile(r"""["']@""")
_REFUSED: Final = r"(?:plugin|eval|bibliography)\b"
# Typst looks names up where they are written, so these are out of reach without their name. In a formula a name may
# follow a digit, `-` or `_`.
_REFUSED_NAME: Final = re.compile(
    rf"(?<![A-Za-z])((?:std\s*\.\s*)?{_REFUSED}|std(?!\.(?!{_REFUSED})[a-z]))(?![A-Za-z0-9_-])"
)
_DRAWINGS: Final[Mapping[str, str]] = {PICTURE: "image", SYMBOL: "coupon"}
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
    problems += [*_programs(folder), *_pictures(folder)]
    for source in _sources(folder):
        for key, place in _keys(folder, source):
            if key in folder.texts:
                text = folder.texts[key]
                texts[key] = LetterText(text.localised.text(language), text.positions[language])
            else:
                problems.append(
                    Problem(place, f"there is no text `{key}`", "unknown_text", closest_text(key, folder.texts))
                )
    if problems:
        raise UserError(problems)
    return texts


def qr_links(folder: TemplateFolder) -> tuple[str, ...]:
    """Return the names of the member's links that the letter prints as QR codes."""
    return tuple(sorted({match[1] for source in _sources(folder) for match, _place in _matches(_QR_USE, source)}))


def offer_drawings(folder: TemplateFolder) -> frozenset[str]:
    """Return what the letter draws of each offer: its picture, the symbol of its coupon."""
    return frozenset(name for name, _place in _offer_drawings(folder))


def _offer_drawings(folder: TemplateFolder) -> Iterator[tuple[str, FilePosition]]:
    for source in _sources(folder) if _shows_offers(folder) else ():
        for match, place in _matches(_TEXT_USE, source):
            if match[1] == "offer" and match[2] in _DRAWINGS:
                yield match[2], place


def _shows_offers(folder: TemplateFolder) -> bool:
    """Return whether the letter shows offers: the shared layout can render them, but not every letter does."""
    return "page.offers" in folder.source(LETTER_FILE).text


def markup_variable_uses(folder: TemplateFolder) -> Iterator[VariableUse]:
    """Yield every use of a value by the Typst files and the texts they print, in all three languages."""
    keys: list[str] = []
    for source in _sources(folder):
        keys += (key for key, _place in _keys(folder, source))
        for match, place in _matches(_VALUE_USE, source):
            yield VariableUse((_VALUES[match[1]],), place)
        for match, place in _matches(_QR_USE, source):
            yield VariableUse((LINKS, match[1]), place)
    for name, place in _offer_drawings(folder):
        yield VariableUse(("offers", LIST_ITEM, _DRAWINGS[name]), place)
    for read in text_variable_uses(folder, keys):
        yield VariableUse(("offers", LIST_ITEM, *read.path[1:]), read.position) if read.path[0] == "offer" else read


def _sources(folder: TemplateFolder) -> list[TemplateSource]:
    """Return the Typst files of a letter with the shared ones; UserError when the letter itself is missing."""
    folder.source(LETTER_FILE)
    return [folder.source(file) for file in sorted({*folder.files, *folder.shared}) if file.endswith(".typ")]


def _keys(folder: TemplateFolder, source: TemplateSource) -> Iterator[tuple[str, FilePosition]]:
    shows_offers = _shows_offers(folder)
    for match, place in _matches(_TEXT_USE, source):
        if match[1] != "offer":
            yield match[2], place
        elif shows_offers and match[2] not in _DRAWINGS:
            yield f"{OFFER_TEXT_PREFIX}{match[2]}", place


def _programs(folder: TemplateFolder) -> Iterator[Problem]:
    """Yield a problem for each use of code from elsewhere, in any file that Typst could read as source.

    Packages come from the network. A plugin is a program that could remember one letter in the next. `eval`, and a
    bibliography with formulas, run code that is put together from texts; `std` holds all of them.
    """
    for file in sorted({*folder.files, *folder.shared} - NOT_READ):
        try:
            source = folder.source(file)
        except UserError:  # not text, so no source either
            continue
        for _match, place in _matches(_PACKAGE, source) if file.endswith(".typ") else ():
            yield Problem(place, "a letter uses no packages", "typst_package", "copy what you need to `_shared`")
        for match, place in _matches(_REFUSED_NAME, source):
            message = f"`{match[1]}` is refused in a letter: it runs code that nobody has checked"
            hint = "write the field itself, as in `std.page`" if match[1] == "std" else "write out what it makes"
            yield Problem(place, message, "typst_program", hint)


def _pictures(folder: TemplateFolder) -> Iterator[Problem]:
    """Yield what is wrong with each picture that the Typst files use."""
    for file in sorted({*folder.files, *folder.shared}):
        content = folder.content(file)
        if not is_text(content):
            uses = picture_uses(file)
            places = [
                source.position_of(match.start("name"))
                for source in _sources(folder)
                for match in uses.finditer(source.text)
            ]
            yield from picture_problems(file, content, places)


def _matches(pattern: re.Pattern[str], source: TemplateSource) -> Iterator[tuple[re.Match[str], FilePosition]]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        for match in pattern.finditer(line):
            yield match, FilePosition(source.file, number, match.start() + 1)
