"""Notes written: a code or a confirmation in the member's language, in the look of every other message."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from campaigns.core.errors import AuthorError, Problem
from campaigns.core.model.enums import Channel, Language
from campaigns.core.model.notice_kinds import NoteKind
from campaigns.core.model.settings import Settings
from campaigns.rendering.choice_labels import choice_name, comes
from campaigns.rendering.email.email_template import EmailBody, EmailTemplate
from campaigns.rendering.sms.gsm7 import size
from campaigns.rendering.sms.sms_template import SmsText, tidy
from campaigns.rendering.templates.filters import filters
from campaigns.rendering.templates.folder import TemplateFolder
from campaigns.rendering.templates.translations import Text, read_texts

FOLDER: Final = Path(__file__).with_name("notice_templates")
"""The words and the look of every note."""

_MOST_LINES: Final = 4  # of choices in a text message


@dataclass(frozen=True, slots=True)
class Said:
    """What one note says, in one language; `code` and `link` are empty where there is none."""

    subject: str
    lead: str
    ending: str
    code: str = ""
    lines: tuple[str, ...] = ()
    link: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What is known only when a note is carried: a code as a person reads it, the path of a page, the first name."""

    language: Language
    code: str = ""
    path: str = ""
    name: str = ""


def as_said(kind: NoteKind, about: Mapping[str, Any], told: Told, settings: Settings) -> Said:
    """The words of a note; `about` is what `dispatch.telling` put there."""
    speak = _Speaker(told.language, settings)
    values = {"code": told.code, "telephone": settings.organisation.telephone, **speak.request(about)}
    greeting = f"{speak('greeting', name=told.name)} " if told.name else ""
    return Said(
        speak(f"{kind}_subject"),
        greeting + speak(f"{kind}_lead", **values),
        speak(f"{kind}_ending", **values),
        told.code,
        tuple(speak.lines(about)),
        f"{str(settings.public_url).rstrip('/')}{told.path}" if told.path else "",
        speak(f"{kind}_button") if told.path else "",
    )


@dataclass(frozen=True)
class NoteWriter:
    """Writes notes for one organisation; what it compiles is kept."""

    settings: Settings
    _templates: dict[Language, EmailTemplate] = field(default_factory=dict, init=False, repr=False)

    def email(self, said: Said, language: Language) -> EmailBody:
        """The note as an e-mail."""
        if language not in self._templates:
            self._templates[language] = EmailTemplate.compile(_folder(), language, self.settings)
        note = {name: getattr(said, name) for name in ("subject", "lead", "ending", "code", "link", "button")}
        organisation = self.settings.organisation.values(language)
        return self._templates[language].render(
            {"note": {**note, "lines": list(said.lines)}, "organisation": organisation}
        )

    def sms(self, said: Said, language: Language) -> SmsText:
        """The note as a text message."""
        lines = said.lines if len(said.lines) <= _MOST_LINES else ()
        name = self.settings.organisation.name.text(language)
        text = tidy(" ".join((said.lead, *(f"{line}." for line in lines), said.ending, name)))
        measured = size(text)
        return SmsText(text, measured.encoding, measured.segments)


@dataclass(frozen=True, slots=True)
class _Speaker:
    language: Language
    settings: Settings

    def __call__(self, key: str, **values: str) -> str:
        return _words()[key].words.text(self.language).format_map(values)

    def lines(self, about: Mapping[str, Any]) -> Iterator[str]:
        for choice, is_on in about.get("choices", ()):
            yield self(
                "line_on" if comes(choice, on=is_on) else "line_off",
                what=choice_name(choice, self.language, self.settings),
            )
        for newsletter in about.get("newsletters", ()):
            yield choice_name(f"newsletter:{newsletter}", self.language, self.settings)
        if "because" in about:
            yield about["because"]

    def request(self, about: Mapping[str, Any]) -> Mapping[str, str]:
        if "request" not in about:
            return {}
        named = {"request": self(f"request_{about['request']}")}
        if "due" not in about:
            return named
        day = filters(self.language, self.settings.currency)["date"](date.fromisoformat(about["due"]))
        return {**named, "due": str(day)}


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Text]:
    return _texts("words.yaml")


def _texts(file: str) -> Mapping[str, Text]:
    problems: list[Problem] = []
    found = read_texts(file, (FOLDER / file).read_bytes(), problems)
    if problems:
        raise AuthorError(problems)
    return found


def _folder() -> TemplateFolder:
    files = {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.name.startswith("body.")}
    return TemplateFolder(Channel.EMAIL, "note", FOLDER.name, files, {}, _texts("texts.yaml"), {})
