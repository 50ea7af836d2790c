"""Places where a template's own files write a text that its message shows."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from campaigns.core.errors import FilePosition
from campaigns.core.model.enums import Language
from campaigns.rendering.email.includes import collect_includes
from campaigns.rendering.email.mjml import MJML_FILE
from campaigns.rendering.email.placeholders import JINJA_TAG
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.translations import TEXT_PLACEHOLDER

_WRITTEN: Final = re.compile(r"(?<=>)[^<>]+(?=<)")
_SPACES: Final = re.compile(r"\s+")


def text_place(folder: TemplateFolder, language: Language, text: str) -> FilePosition | None:
    """Return where the own texts or markup write a text, whatever values and texts stand in it."""
    text = _SPACES.sub(" ", text).strip()
    own = f"{folder.directory}/"
    for translated in folder.texts.values():
        place = translated.positions[language]
        if place.file.startswith(own) and _is_shown(translated.localised.text(language), text):
            return place
    return next(_in_markup(folder, language, text), None)


def _in_markup(folder: TemplateFolder, language: Language, text: str) -> Iterator[FilePosition]:
    texts = folder.texts_in(language)
    for file, source in collect_includes(folder, MJML_FILE).items():
        for written in _WRITTEN.finditer(source.text) if file in folder.files else ():
            words = TEXT_PLACEHOLDER.sub(lambda key: texts.get(key[1].strip(), ""), written[0])
            if _is_shown(words, text):
                indent = len(written[0]) - len(written[0].lstrip())
                yield source.position_of(written.start() + indent)


def _is_shown(written: str, text: str) -> bool:
    """Return whether a written text shows as `text`, with any values in it; one without a word of its own does not.

    Each piece is looked for once, after the one before: a pattern could take forever.
    """
    first, *others = (_SPACES.sub(" ", unescape(piece)) for piece in JINJA_TAG.split(written.strip()))
    if not any(any(map(str.isalnum, piece)) for piece in (first, *others)):
        return False
    if not others:
        return first == text
    *between, last = others
    end = len(text) - len(last)
    index = len(first)
    if not (text.startswith(first) and text.endswith(last) and index <= end):
        return False
    for piece in between:
        index = text.find(piece, index, end)
        if index < 0:
            return False
        index += len(piece)
    return True
