"""Checks of the two texts that a mailbox lists: the subject and the preheader."""

from collections.abc import Iterator
from typing import Final

from campaigns.core.errors import FilePosition, Problem, Severity
from campaigns.core.model.enums import Language
from campaigns.rendering.templates.folder import TemplateFolder

SUBJECT_CHARACTERS: Final = 70
"""Gmail on a wide screen lists 70, phones 33 to 48 (emailtooltester.com, "email subject lines character limit")."""
PREHEADER_CHARACTERS: Final = 110
"""Mail on a phone lists 80 to 100, Gmail up to 110 (wordcounternow.com, "email marketing character limits")."""
_TEXTS: Final = "texts.yaml"


def subject_length(folder: TemplateFolder, language: Language, subject: str) -> Iterator[Problem]:
    """Warn of a subject that mailboxes cut."""
    yield from _length(folder, "subject", language, subject, SUBJECT_CHARACTERS)


def preheader_length(folder: TemplateFolder, language: Language, preheader: str) -> Iterator[Problem]:
    """Warn of a preheader that mailboxes cut."""
    yield from _length(folder, "preheader", language, preheader, PREHEADER_CHARACTERS)


def _length(folder: TemplateFolder, key: str, language: Language, text: str, limit: int) -> Iterator[Problem]:
    if len(text) > limit:
        translated = folder.texts.get(key)
        place = FilePosition(folder.path_of(_TEXTS)) if translated is None else translated.positions[language]
        message = f"the {key} has {len(text)} characters in `{language}`: mailboxes show {limit} at most"
        hint = "begin with what matters, and write less"
        yield Problem(place, message, f"{key}_length", hint, Severity.WARNING)
