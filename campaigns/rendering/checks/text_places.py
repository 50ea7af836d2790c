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
        if place.file.startswith(own) and _pattern(translated.localised.text(language)).fullmatch(text):
            return place
    return next(_in_markup(folder, language, text), None)


def _in_markup(folder: TemplateFolder, language: Language, text: str) -> Iterator[FilePosition]:
    texts = folder.texts_in(language)
    for file, source in collect_includes(folder, MJML_FILE).items():
        for written in _WRITTEN.finditer(source.text) if file in folder.files else ():
            words = TEXT_PLACEHOLDER.sub(lambda key: texts.get(key[1].strip(), ""), written[0])
            if _pattern(words).fullmatch(text):
                indent = len(written[0]) - len(written[0].lstrip())
                yield source.position_of(written.start() + indent)


def _pattern(written: str) -> re.Pattern[str]:
    """Return a pattern of what a written text shows; without any word of its own it matches nothing."""
    pieces = [_SPACES.sub(" ", unescape(piece)) for piece in JINJA_TAG.split(written.strip())]
    if not any(any(map(str.isalnum, piece)) for piece in pieces):
        return re.compile(r"(?!)")
    return re.compile(".*".join(map(re.escape, pieces)))
